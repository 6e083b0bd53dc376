//! Values, rows and errors, one for one those of the interface.

use mindflow_platform::sql;
use mindflow_spin_guest::postgres::Rows;

use crate::bindings::exports::mindflow::platform::sql::{DbError, Error, Rowset, Value};

pub(super) fn values(values: Vec<Value>) -> Vec<sql::Value> {
    values.into_iter().map(Into::into).collect()
}

macro_rules! same_variants {
    ($($variant:ident),*) => {
        impl From<Value> for sql::Value {
            fn from(value: Value) -> Self {
                match value {
                    Value::Null => Self::Null,
                    $(Value::$variant(it) => Self::$variant(it),)*
                }
            }
        }

        impl From<sql::Value> for Value {
            fn from(value: sql::Value) -> Self {
                match value {
                    sql::Value::Null => Self::Null,
                    $(sql::Value::$variant(it) => Self::$variant(it),)*
                }
            }
        }
    };
}

same_variants!(
    Boolean, Int32, Int64, Float64, Numeric, Text, Bytes, Uuid, Json, Timestamp, Date, Int64Array, TextArray, UuidArray
);

impl From<Rows> for Rowset {
    fn from(rows: Rows) -> Self {
        let values = |row: Vec<sql::Value>| row.into_iter().map(Into::into).collect();
        Self { columns: rows.columns, rows: rows.rows.into_iter().map(values).collect() }
    }
}

impl From<sql::DbError> for DbError {
    fn from(error: sql::DbError) -> Self {
        Self { sqlstate: error.sqlstate, message: error.message, constraint: error.constraint }
    }
}

impl From<sql::Error> for Error {
    fn from(error: sql::Error) -> Self {
        match error {
            sql::Error::AccessDenied(reason) => Self::AccessDenied(reason),
            sql::Error::Unavailable(reason) => Self::Unavailable(reason),
            sql::Error::PoolExhausted => Self::PoolExhausted,
            sql::Error::Timeout => Self::Timeout,
            sql::Error::InvalidParams(reason) => Self::InvalidParams(reason),
            sql::Error::Conflict(cause) => Self::Conflict(cause.into()),
            sql::Error::Statement(cause) => Self::Statement(cause.into()),
            sql::Error::Other(reason) => Self::Other(reason),
        }
    }
}
