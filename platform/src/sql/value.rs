//! A value on its way to or from the database: `wit/platform/sql.wit`'s `value`, one variant for one.

/// A parameter, or a column of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    Int32(i32),
    Int64(i64),
    Float64(f64),
    /// An exact decimal, in digits: `-12.340`, `NaN`, `Infinity`, `-Infinity`.
    Numeric(String),
    Text(String),
    Bytes(Vec<u8>),
    /// 36 characters, hyphenated.
    Uuid(String),
    /// A JSON document.
    Json(String),
    /// Microseconds since 1970-01-01T00:00:00Z.
    Timestamp(i64),
    /// Days since 1970-01-01.
    Date(i32),
    Int64Array(Vec<i64>),
    TextArray(Vec<String>),
    UuidArray(Vec<String>),
}

// === impl Value ===

impl Value {
    /// The variant's name, as WIT spells it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "boolean",
            Self::Int32(_) => "int32",
            Self::Int64(_) => "int64",
            Self::Float64(_) => "float64",
            Self::Numeric(_) => "numeric",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Uuid(_) => "uuid",
            Self::Json(_) => "json",
            Self::Timestamp(_) => "timestamp",
            Self::Date(_) => "date",
            Self::Int64Array(_) => "int64-array",
            Self::TextArray(_) => "text-array",
            Self::UuidArray(_) => "uuid-array",
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Int32(number)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int64(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Boolean(truth)
    }
}

impl From<uuid::Uuid> for Value {
    fn from(id: uuid::Uuid) -> Self {
        Self::Uuid(id.to_string())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
