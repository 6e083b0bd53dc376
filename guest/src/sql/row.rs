//! Rows by column name, as Rust values.

use super::{Date, Json, Rowset, Time, Value, names, value::date_of_days};
use crate::bindings::platform::mindflow::platform::call;
use serde::de::DeserializeOwned;
use serde_json::json;
use uuid::Uuid;

/// A statement answered another shape than its reader expects: a fault of the component, not of its input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError(String);

impl From<RowError> for call::Error {
    fn from(error: RowError) -> Self {
        Self::Internal(error.0)
    }
}

impl std::fmt::Display for RowError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for RowError {}

/// What a query answered.
#[derive(Debug, Clone)]
pub struct Rows {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

impl From<Rowset> for Rows {
    fn from(set: Rowset) -> Self {
        Self { columns: set.columns, rows: set.rows }
    }
}

impl Rows {
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn first(&self) -> Option<Row<'_>> {
        self.iter().next()
    }

    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|values| Row { columns: &self.columns, values })
    }

    /// Each row as the type that `read` makes of it.
    pub fn map<T>(&self, read: impl FnMut(Row<'_>) -> Result<T, RowError>) -> Result<Vec<T>, RowError> {
        self.iter().map(read).collect()
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    columns: &'a [String],
    values: &'a [Value],
}

impl Row<'_> {
    pub fn get<T: FromValue>(&self, column: &str) -> Result<T, RowError> {
        let value = self
            .columns
            .iter()
            .position(|name| name == column)
            .and_then(|index| self.values.get(index))
            .ok_or_else(|| RowError(format!("the statement answers no column `{column}`")))?;
        T::from_value(value)
            .ok_or_else(|| RowError(format!("column `{column}` holds {value:?}, not {}", std::any::type_name::<T>())))
    }

    /// The whole row as a type of JSON, whose members are named like the columns: `entryDate` is read from
    /// `entry_date`. Columns that the type does not know are ignored.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, RowError> {
        let values = self.values.iter().map(json_of);
        let members = self.columns.iter().map(|column| names::member(column)).zip(values).collect();
        serde_json::from_value(serde_json::Value::Object(members))
            .map_err(|error| RowError(format!("a row is no {}: {error}", std::any::type_name::<T>())))
    }
}

fn json_of(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Boolean(it) => json!(it),
        Value::Int32(it) => json!(it),
        Value::Int64(it) => json!(it),
        Value::Float64(it) => json!(it),
        Value::Numeric(it) | Value::Text(it) | Value::Uuid(it) => json!(it),
        Value::Bytes(it) => json!(it),
        Value::Json(it) => serde_json::from_str(it).unwrap_or_default(),
        Value::Timestamp(it) => json!(Time(*it)),
        Value::Date(it) => json!(date_of_days(*it)),
        Value::Int64Array(it) => json!(it),
        Value::TextArray(it) | Value::UuidArray(it) => json!(it),
    }
}

/// What a column can be read as.
pub trait FromValue: Sized {
    fn from_value(value: &Value) -> Option<Self>;
}

macro_rules! from_value {
    ($($to:ty => $($pattern:pat => $result:expr),+;)*) => {
        $(impl FromValue for $to {
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    $($pattern => $result,)+
                    _ => None,
                }
            }
        })*
    };
}

from_value! {
    bool => Value::Boolean(it) => Some(*it);
    i32 => Value::Int32(it) => Some(*it), Value::Int64(it) => i32::try_from(*it).ok();
    i64 => Value::Int64(it) => Some(*it), Value::Int32(it) => Some(i64::from(*it));
    u32 => Value::Int32(it) => u32::try_from(*it).ok(), Value::Int64(it) => u32::try_from(*it).ok();
    u64 => Value::Int32(it) => u64::try_from(*it).ok(), Value::Int64(it) => u64::try_from(*it).ok();
    f64 => Value::Float64(it) => Some(*it), Value::Numeric(it) => it.parse().ok();
    String => Value::Text(it) | Value::Uuid(it) | Value::Json(it) | Value::Numeric(it) => Some(it.clone());
    mindflow_events::Mood => Value::Text(it) => mindflow_events::Mood::from_name(it);
    Uuid => Value::Uuid(it) => it.parse().ok();
    Time => Value::Timestamp(it) => Some(Time(*it));
    Date => Value::Date(it) => date_of_days(*it);
    Json => Value::Json(it) => Some(Json(it.clone()));
    Vec<u8> => Value::Bytes(it) => Some(it.clone());
    Vec<String> => Value::TextArray(it) | Value::UuidArray(it) => Some(it.clone());
    Vec<i64> => Value::Int64Array(it) => Some(it.clone());
    Vec<Uuid> => Value::UuidArray(it) => it.iter().map(|id| id.parse().ok()).collect();
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            other => T::from_value(other).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Walk {
        walk_id: Uuid,
        name: String,
        begun_at: Time,
        walk_date: Date,
        word_count: u32,
        note: Option<String>,
        photo_ids: Vec<Uuid>,
    }

    fn walk() -> Walk {
        Walk {
            walk_id: Uuid::from_u128(1),
            name: "River".into(),
            begun_at: Time(1_795_400_000_000_001),
            walk_date: Date(jiff::civil::date(2026, 11, 22)),
            word_count: 3,
            note: None,
            photo_ids: vec![Uuid::from_u128(2)],
        }
    }

    #[test]
    fn a_row_is_read_as_a_whole_by_the_names_of_its_columns() {
        let cells = [
            ("walk_id", Value::Uuid(Uuid::from_u128(1).to_string())),
            ("name", Value::Text("River".into())),
            ("begun_at", Value::Timestamp(1_795_400_000_000_001)),
            ("walk_date", Value::Date(20_779)),
            ("word_count", Value::Int64(3)),
            ("note", Value::Null),
            ("photo_ids", Value::UuidArray(vec![Uuid::from_u128(2).to_string()])),
            ("unknown", Value::Boolean(true)),
        ];
        let (columns, row): (Vec<_>, Vec<_>) = cells.into_iter().map(|(name, value)| (name.to_owned(), value)).unzip();
        let rows = Rows::from(Rowset { columns, rows: vec![row] });
        assert_eq!(rows.first().unwrap().read::<Walk>(), Ok(walk()));
        let short = Rows::from(Rowset { columns: vec!["name".into()], rows: vec![vec![Value::Text("x".into())]] });
        assert!(short.first().unwrap().read::<Walk>().is_err());
    }

    #[test]
    fn the_members_of_a_value_are_named_like_columns() {
        let Json(columns) = Json::columns(&walk());
        let columns: serde_json::Value = serde_json::from_str(&columns).unwrap();
        assert_eq!(columns["walk_date"], "2026-11-22");
        assert_eq!(columns["photo_ids"][0], Uuid::from_u128(2).to_string());
        assert_eq!(Json::columns(&"no object"), Json("{}".into()));
    }
}
