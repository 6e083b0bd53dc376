//! Values as JSON: `{"int32": 7}`.

use mindflow_guest::sql;
use serde::{Deserialize, Serialize};

macro_rules! values {
    ($($variant:ident($type:ty)),* $(,)?) => {
        #[derive(Deserialize, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Value {
            Null,
            $($variant($type),)*
        }

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

values!(
    Boolean(bool),
    Int32(i32),
    Int64(i64),
    Float64(f64),
    Numeric(String),
    Text(String),
    Bytes(Vec<u8>),
    Uuid(String),
    Json(String),
    Timestamp(i64),
    Date(i32),
    Int64Array(Vec<i64>),
    TextArray(Vec<String>),
    UuidArray(Vec<String>),
);
