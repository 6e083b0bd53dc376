//! Two scalars for times and days, one for sizes, and one for any JSON.

use crate::names;
use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use mindflow_events::Time;

/// An instant, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTime(pub i64);

/// A moment in time as RFC 3339 in UTC, such as `2025-10-25T20:30:00.000000Z`. Other offsets are taken as input.
#[Scalar(name = "DateTime", specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => Time::of_client(text)
                .map(|Time(us)| Self(us))
                .map_err(|_| InputValueError::custom("Must be a time as RFC 3339, such as 2025-10-25T20:30:00Z.")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(text) if Time::of_client(text).is_ok())
    }

    fn to_value(&self) -> Value {
        Value::String(Time(self.0).to_string())
    }
}

/// A calendar day; always `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Date(pub String);

/// A calendar day as `YYYY-MM-DD`, without a time zone.
#[Scalar(name = "Date", specified_by_url = "https://scalars.graphql.org/andimarek/local-date")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => {
                names::parse_date(text).map(Self).ok_or_else(|| InputValueError::custom(names::DATE_RULE))
            }
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(text) if names::parse_date(text).is_some())
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub u64);

/// A number of bytes: a JSON number, which can be larger than an `Int`.
#[Scalar(name = "Bytes", specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259#section-6")]
impl ScalarType for Bytes {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => {
                number.as_u64().map(Self).ok_or_else(|| InputValueError::custom("Must be a number of bytes."))
            }
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::Number(self.0.into())
    }
}

/// What has no type here.
#[derive(Debug, Clone, PartialEq)]
pub struct AnyJson(pub serde_json::Value);

/// Any JSON value, such as the payload of an event.
#[Scalar(name = "JSON", specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259")]
impl ScalarType for AnyJson {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value.into_json()?))
    }

    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_with_an_offset_is_read_and_written_in_utc() {
        let time = DateTime::parse(Value::String("2025-10-25T22:30:00+02:00".into())).unwrap();
        assert_eq!(time.to_value(), Value::String("2025-10-25T20:30:00.000000Z".into()));
        assert!(DateTime::parse(Value::String("yesterday".into())).is_err());
        assert!(DateTime::parse(Value::Number(5.into())).is_err());
        assert!(DateTime::parse(Value::String("-009998-01-01T00:00:00Z".into())).is_err());
        assert!(!DateTime::is_valid(&Value::String("yesterday".into())) && DateTime::is_valid(&time.to_value()));
    }

    #[test]
    fn a_size_is_a_number_also_beyond_an_int() {
        let size = Bytes(5 << 30);
        assert_eq!(Bytes::parse(size.to_value()).unwrap(), size);
        assert_eq!(serde_json::to_string(&size.to_value()).unwrap(), "5368709120");
        assert!(Bytes::parse(Value::Number((-1).into())).is_err());
    }

    #[test]
    fn a_date_that_is_none_is_refused() {
        assert!(Date::parse(Value::String("2025-02-30".into())).is_err());
        assert!(!Date::is_valid(&Value::String("2025-02-30".into())));
        assert!(Date::is_valid(&Value::String("2025-02-28".into())));
        assert_eq!(
            Date::parse(Value::String("2025-02-28".into())).unwrap().to_value(),
            Value::String("2025-02-28".into())
        );
    }
}
