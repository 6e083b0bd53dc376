//! Parameters of delivery's statements: in PostgreSQL's binary form for the host's driver, as a [`Value`] for a provider that
//! writes literals. Arrays become the text of an array, which takes its type from where it stands, as each literal does.

use std::time::SystemTime;

use jiff::Timestamp;
use postgres_types::ToSql;
use uuid::Uuid;

use crate::sql::Value;

/// A parameter in either form.
pub trait Parameter: ToSql {
    /// For a statement with literals.
    fn value(&self) -> Value;
}

/// An element of an array, as PostgreSQL reads it (section 8.15.6 of its manual).
trait Element {
    fn write(&self, out: &mut String);
}

macro_rules! plain {
    ($($type:ty),*) => {$(
        impl Parameter for $type {
            fn value(&self) -> Value {
                (*self).into()
            }
        }
    )*};
}

macro_rules! displayed {
    ($($type:ty),*) => {$(
        impl Element for $type {
            fn write(&self, out: &mut String) {
                out.push_str(&self.to_string());
            }
        }
    )*};
}

plain!(bool, i32, i64, Uuid);
displayed!(bool, i16, i32, i64, Uuid);

impl Parameter for f64 {
    fn value(&self) -> Value {
        Value::Float64(*self)
    }
}

impl Parameter for &str {
    fn value(&self) -> Value {
        (*self).into()
    }
}

impl Parameter for String {
    fn value(&self) -> Value {
        self.as_str().into()
    }
}

impl Parameter for SystemTime {
    /// Microseconds are kept. What is outside of the calendar is its nearest end.
    fn value(&self) -> Value {
        let end = if *self < Self::UNIX_EPOCH { Timestamp::MIN } else { Timestamp::MAX };
        Value::Timestamp(Timestamp::try_from(*self).unwrap_or(end).as_microsecond())
    }
}

impl<T: Parameter> Parameter for Option<T> {
    fn value(&self) -> Value {
        self.as_ref().map_or(Value::Null, Parameter::value)
    }
}

impl<T: Element + ToSql> Parameter for Vec<T> {
    fn value(&self) -> Value {
        Value::Text(array(self))
    }
}

impl<T: Element + ToSql> Parameter for &[T] {
    fn value(&self) -> Value {
        Value::Text(array(self))
    }
}

impl Element for f64 {
    /// Rust's shortest form is exact. No duration is infinite.
    fn write(&self, out: &mut String) {
        out.push_str(&format!("{self:e}"));
    }
}

impl Element for &str {
    fn write(&self, out: &mut String) {
        out.push('"');
        for letter in self.chars() {
            if matches!(letter, '"' | '\\') {
                out.push('\\');
            }
            out.push(letter);
        }
        out.push('"');
    }
}

impl Element for String {
    fn write(&self, out: &mut String) {
        self.as_str().write(out);
    }
}

impl<T: Element> Element for Option<T> {
    fn write(&self, out: &mut String) {
        match self {
            Some(element) => element.write(out),
            // Without quotes it is no text.
            None => out.push_str("NULL"),
        }
    }
}

fn array<T: Element>(elements: &[T]) -> String {
    let mut text = String::from("{");
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        element.write(&mut text);
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_is_written_as_postgresql_reads_it() {
        let texts = vec!["a\"b\\c".to_owned(), String::new(), "NULL".to_owned()];
        assert_eq!(texts.value(), Value::Text(r#"{"a\"b\\c","","NULL"}"#.to_owned()));
        assert_eq!(vec![Some("a,}".to_owned()), None].value(), Value::Text(r#"{"a,}",NULL}"#.to_owned()));
        assert_eq!(vec![0.5, 0.0].value(), Value::Text("{5e-1,0e0}".to_owned()));
        assert_eq!(vec![true, false].value(), Value::Text("{true,false}".to_owned()));
        let none: [i16; 0] = [];
        assert_eq!((&none[..]).value(), Value::Text("{}".to_owned()));
        assert_eq!(vec![Uuid::nil()].value(), Value::Text("{00000000-0000-0000-0000-000000000000}".to_owned()));
    }

    #[test]
    fn what_is_absent_is_null_and_a_time_keeps_its_microseconds() {
        assert_eq!(None::<Uuid>.value(), Value::Null);
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_micros(1_761_424_200_000_001);
        assert_eq!(Some(time).value(), Value::Timestamp(1_761_424_200_000_001));
    }
}
