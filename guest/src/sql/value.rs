//! Rust values as statement parameters.

use super::{Value, names};
use serde::Serialize;
use uuid::Uuid;

pub use mindflow_events::{Date, Time};

/// A JSON document, as `jsonb`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(pub String);

impl Json {
    /// The members of a value under the names of their columns, for `jsonb_populate_record`. What is no JSON object has
    /// no columns.
    pub fn columns(value: &impl Serialize) -> Self {
        let members = match serde_json::to_value(value) {
            Ok(serde_json::Value::Object(members)) => members,
            _ => serde_json::Map::new(),
        };
        let columns = members.into_iter().map(|(name, value)| (names::column(&name), value)).collect();
        Self(serde_json::Value::Object(columns).to_string())
    }
}

/// An exact decimal in digits, as `numeric`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numeric(pub String);

const EPOCH: jiff::civil::Date = jiff::civil::date(1970, 1, 1);

pub(super) fn date_of_days(days: i32) -> Option<Date> {
    EPOCH.checked_add(jiff::Span::new().try_days(days).ok()?).ok().map(Date)
}

fn days(Date(day): Date) -> i32 {
    EPOCH.until((jiff::Unit::Day, day)).map_or(0, |span| span.get_days())
}

/// What can be a parameter.
pub trait IntoValue {
    fn into_value(self) -> Value;
}

macro_rules! into_value {
    ($($from:ty => |$it:ident| $to:expr;)*) => {
        $(impl IntoValue for $from {
            fn into_value(self) -> Value {
                let $it = self;
                $to
            }
        })*
    };
}

into_value! {
    Value => |it| it;
    bool => |it| Value::Boolean(it);
    i32 => |it| Value::Int32(it);
    i64 => |it| Value::Int64(it);
    u32 => |it| Value::Int64(i64::from(it));
    mindflow_events::Mood => |it| Value::Text(it.name());
    u64 => |it| Value::Int64(i64::try_from(it).unwrap_or(i64::MAX));
    f64 => |it| Value::Float64(it);
    &str => |it| Value::Text(it.to_owned());
    String => |it| Value::Text(it);
    &String => |it| Value::Text(it.clone());
    Vec<u8> => |it| Value::Bytes(it);
    Uuid => |it| Value::Uuid(it.to_string());
    &Uuid => |it| Value::Uuid(it.to_string());
    Time => |it| Value::Timestamp(it.0);
    Date => |it| Value::Date(days(it));
    Json => |it| Value::Json(it.0);
    Numeric => |it| Value::Numeric(it.0);
    Vec<i64> => |it| Value::Int64Array(it);
    Vec<String> => |it| Value::TextArray(it);
    Vec<Uuid> => |it| Value::UuidArray(it.iter().map(Uuid::to_string).collect());
}

impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self) -> Value {
        self.map_or(Value::Null, IntoValue::into_value)
    }
}
