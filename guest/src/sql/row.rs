//! Rows by column name, as Rust values.

use super::{Date, Json, Rowset, Time, Value, value::date_of_days};
use crate::bindings::platform::mindflow::platform::call;
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
