//! Decoding, with errors that name the field.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Of a value in an error: enough to find it in the producer's code.
pub(crate) const VALUE_CHARS_MAX: usize = 100;

/// Why an event can never be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEvent {
    /// Not the JSON that the event promises.
    #[error("payload of {event_type} {version}: {reason}")]
    Shape { event_type: String, version: String, reason: String },
    /// A text that is not what its field promises, such as an unknown mood.
    #[error("payload of {event_type}: `{field}` is {value:?}")]
    Value { event_type: String, field: String, value: String },
    /// A field of the envelope that cannot be used, or a number outside of its range.
    #[error("{event_type}: `{field}` is {value:?}")]
    Range { event_type: String, field: String, value: String },
}

/// A [`BadEvent`] before its event is known.
#[derive(Debug)]
pub(crate) enum Defect {
    Shape(String),
    Value { field: String, value: String },
    Range { field: String, value: String },
}

/// The message of a field's own check, by which [`Decode`] recognises it.
pub(crate) const OUT_OF_RANGE: &str = "out of range";

/// What a payload is decoded from.
pub(crate) trait Decode: Sized {
    fn from_value(value: &Value) -> Result<Self, Defect>;

    fn decode(json: &str) -> Result<Self, Defect> {
        Self::from_value(&serde_json::from_str(json).map_err(|error| Defect::Shape(error.to_string()))?)
    }
}

impl<T: DeserializeOwned> Decode for T {
    fn from_value(value: &Value) -> Result<Self, Defect> {
        serde_path_to_error::deserialize(value).map_err(|error| {
            let field = error.path().to_string();
            match find(value, error.path()) {
                Some(Value::String(text)) => {
                    Defect::Value { field, value: text.chars().take(VALUE_CHARS_MAX).collect() }
                }
                Some(number) if error.inner().to_string() == OUT_OF_RANGE => {
                    Defect::Range { field, value: number.to_string() }
                }
                Some(_) => Defect::Shape(format!("`{field}`: {}", error.inner())),
                None => Defect::Shape(error.into_inner().to_string()),
            }
        })
    }
}

/// The member at the path; `None` when the path ends before one, as for a missing field.
fn find<'a>(value: &'a Value, path: &serde_path_to_error::Path) -> Option<&'a Value> {
    use serde_path_to_error::Segment;
    let mut steps = path.iter().peekable();
    steps.peek()?;
    steps.try_fold(value, |value, step| match step {
        Segment::Map { key } => value.get(key),
        Segment::Seq { index } => value.get(index),
        Segment::Enum { .. } => Some(value),
        Segment::Unknown => None,
    })
}

impl Defect {
    pub(crate) fn of(self, event_type: &str, version: &str) -> BadEvent {
        let event_type = event_type.to_owned();
        match self {
            Self::Shape(reason) => BadEvent::Shape { event_type, version: version.to_owned(), reason },
            Self::Value { field, value } => BadEvent::Value { event_type, field, value },
            Self::Range { field, value } => BadEvent::Range { event_type, field, value },
        }
    }
}
