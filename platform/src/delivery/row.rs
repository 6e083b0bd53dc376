//! A row of an answer, read by the names of its columns: of the host's driver, or of values.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use postgres_types::FromSqlOwned;
use uuid::Uuid;

use super::queue::QueueError;
use crate::event::{COLUMN_COUNT, COLUMNS, Event};
use crate::sql::Value;

/// See the module.
pub trait Row: Send + Sync {
    /// # Errors
    /// There is no such column, or it is of another type.
    fn get<T: Column>(&self, name: &str) -> Result<T, QueueError>;

    /// The event of [`COLUMNS`].
    ///
    /// # Errors
    /// They are not an event's.
    fn event(&self) -> Result<Event, QueueError>;
}

/// A type that a column can be read as.
pub trait Column: FromSqlOwned {
    /// `None`: the value is of another type.
    fn of(value: &Value) -> Option<Self>;
}

/// A row of values, with names that it shares with the other rows of its answer.
#[derive(Debug, Clone)]
pub struct Named {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

/// A span in seconds; one in the past is zero.
pub(crate) fn duration(row: &impl Row, name: &str) -> Result<Option<Duration>, QueueError> {
    let seconds: Option<f64> = row.get(name)?;
    Ok(seconds.map(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)))
}

// === impl Named ===

impl Named {
    /// The rows of an answer.
    #[must_use]
    pub fn rows(columns: Vec<String>, rows: Vec<Vec<Value>>) -> Vec<Self> {
        let columns: Arc<[String]> = columns.into();
        rows.into_iter().map(|values| Self { columns: columns.clone(), values }).collect()
    }

    fn value(&self, name: &str) -> Result<&Value, QueueError> {
        let at = self.columns.iter().position(|column| column == name);
        at.and_then(|at| self.values.get(at)).ok_or_else(|| QueueError::Column(name.to_owned()))
    }
}

impl Row for Named {
    fn get<T: Column>(&self, name: &str) -> Result<T, QueueError> {
        T::of(self.value(name)?).ok_or_else(|| QueueError::Column(name.to_owned()))
    }

    fn event(&self) -> Result<Event, QueueError> {
        let mut values = [const { Value::Null }; COLUMN_COUNT];
        for (value, column) in values.iter_mut().zip(COLUMNS.split(", ")) {
            value.clone_from(self.value(column.trim_start_matches("a."))?);
        }
        Ok(Event::from_values(values)?)
    }
}

// === impl Column ===

macro_rules! columns {
    ($($type:ty: $value:pat => $read:expr;)*) => {$(
        impl Column for $type {
            fn of(value: &Value) -> Option<Self> {
                match value {
                    $value => $read,
                    _ => None,
                }
            }
        }
    )*};
}

columns! {
    bool: Value::Boolean(truth) => Some(*truth);
    i16: Value::Int32(number) => Self::try_from(*number).ok();
    i32: Value::Int32(number) => Some(*number);
    i64: Value::Int64(number) => Some(*number);
    f64: Value::Float64(number) => Some(*number);
    String: Value::Text(text) => Some(text.clone());
    Uuid: Value::Uuid(text) => Self::try_parse(text).ok();
    SystemTime: Value::Timestamp(us) => Timestamp::from_microsecond(*us).ok().map(Self::from);
    Vec<i16>: Value::Int64Array(numbers) => numbers.iter().map(|number| i16::try_from(*number).ok()).collect();
    Vec<i64>: Value::Int64Array(numbers) => Some(numbers.clone());
    Vec<String>: Value::TextArray(texts) => Some(texts.clone());
}

impl<T: Column> Column for Option<T> {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::of(value).map(Some),
        }
    }
}

/// The rows of the host's driver.
#[cfg(feature = "driver")]
impl Row for tokio_postgres::Row {
    fn get<T: Column>(&self, name: &str) -> Result<T, QueueError> {
        self.try_get(name).map_err(|error| QueueError::Envelope(crate::event::EnvelopeError::Column(error)))
    }

    fn event(&self) -> Result<Event, QueueError> {
        Ok(Event::from_row(self)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(columns: &[(&str, Value)]) -> Named {
        let (names, values) = columns.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).unzip();
        Named::rows(names, vec![values]).pop().unwrap()
    }

    #[test]
    fn a_column_is_read_by_its_name_as_its_type() {
        let row = row(&[
            ("slot", Value::Int32(7)),
            ("slots", Value::Int64Array(vec![1, 2])),
            ("moved", Value::Null),
            ("oldest", Value::Float64(-0.5)),
        ]);
        assert_eq!(row.get::<i16>("slot").unwrap(), 7);
        assert_eq!(row.get::<Vec<i16>>("slots").unwrap(), [1, 2]);
        assert_eq!(row.get::<Option<Vec<i64>>>("moved").unwrap(), None);
        assert_eq!(duration(&row, "oldest").unwrap(), Some(Duration::ZERO));
    }

    #[test]
    fn a_column_that_is_missing_or_of_another_type_is_named() {
        let row = row(&[("slot", Value::Int32(70_000))]);
        for name in ["slot", "ordinal"] {
            assert!(matches!(row.get::<i16>(name), Err(QueueError::Column(column)) if column == name));
        }
    }
}
