//! JSON that clients send. An object that has a name twice is refused: which of the two values counts differs from program to
//! program, so what a proxy checked could be another value than the one that is used (RFC 8259, 4).

use mindflow_guest::call::FieldError;
use mindflow_guest::failure::field;
use mindflow_guest::rules::{Format, Rule};
use mindflow_guest::web::query::shown_name;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::fmt;

/// Why a text is not accepted as JSON.
#[derive(Debug, PartialEq)]
pub enum NoJson {
    /// It is not JSON, or nests too deeply.
    Form(FieldError),
    /// A name comes twice in one object.
    Twice(FieldError),
}

/// `name`: of the whole, for an error; empty of a body.
///
/// # Errors
/// As [`NoJson`] says.
pub fn read(text: &[u8], name: &str) -> Result<Value, NoJson> {
    let twice = Twice::default();
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Unique(&twice).deserialize(&mut reader);
    match (value.and_then(|value| reader.end().map(|()| value)), twice.0.into_inner()) {
        (Ok(value), _) => Ok(value),
        (Err(_), Some(path)) => {
            let path = shown_name(&within(name, path));
            Err(NoJson::Twice(field(path, Rule::items(1, 2), "Give this field once.")))
        }
        (Err(error), None) => {
            let whole = if name.is_empty() { "The body".to_owned() } else { format!("`{name}`") };
            Err(NoJson::Form(field(name, Format::Json, format!("{whole} is not JSON: {error}."))))
        }
    }
}

/// The path of something in a value of that name.
fn within(name: &str, inner: String) -> String {
    match name {
        "" => inner,
        name if inner.starts_with('[') => format!("{name}{inner}"),
        name => format!("{name}.{inner}"),
    }
}

/// The path of the name that came twice, as far as it is known.
#[derive(Default)]
struct Twice(RefCell<Option<String>>);

impl Twice {
    /// The value that could not be read is that of this name.
    fn is_within(&self, name: &str) {
        let inner = self.0.take();
        self.0.replace(inner.map(|inner| within(name, inner)));
    }
}

/// Reads a value as `serde_json` does, which keeps the last one of a name.
#[derive(Clone, Copy)]
struct Unique<'a>(&'a Twice);

impl<'de> DeserializeSeed<'de> for Unique<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value of JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(truth.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            match items.next_element_seed(self) {
                Ok(Some(item)) => list.push(item),
                Ok(None) => return Ok(Value::Array(list)),
                Err(error) => {
                    self.0.is_within(&format!("[{}]", list.len()));
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            if object.contains_key(&name) {
                self.0.0.replace(Some(shown_name(&name)));
                return Err(A::Error::custom("a name comes twice"));
            }
            match fields.next_value_seed(self) {
                Ok(value) => object.insert(name, value),
                Err(error) => {
                    self.0.is_within(&shown_name(&name));
                    return Err(error);
                }
            };
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn twice(text: &str, name: &str) -> String {
        match read(text.as_bytes(), name) {
            Err(NoJson::Twice(broken)) => {
                assert_eq!(broken.rule, "too-many");
                broken.field
            }
            other => panic!("{text} {other:?}"),
        }
    }

    #[test]
    fn a_name_that_comes_twice_is_refused_with_its_path() {
        for (text, path) in [
            (r#"{"title":"a","title":"b"}"#, "title"),
            (r#"{"title":"a","tit\u006ce":"a"}"#, "title"),
            (r#"{"a":null,"b":{"c":[{"d":1},{"d":1,"d":1}]}}"#, "b.c[1].d"),
            (r#"[{"a":1},{"a":1,"b":2,"a":3}]"#, "[1].a"),
            (r#"[[{"":1,"":2}]]"#, "[0][0]."),
        ] {
            assert_eq!(twice(text, ""), path, "{text}");
        }
        assert_eq!(twice(r#"{"a":1,"a":2}"#, "variables"), "variables.a");
        let long = "x".repeat(500);
        assert_eq!(twice(&format!(r#"{{"{long}":1,"{long}":2}}"#), "").len(), 100);
    }

    #[test]
    fn other_values_are_read_as_they_are() {
        for value in [
            json!(null),
            json!([true, false, 0, -7, 1.5, u64::MAX, i64::MIN, "é\u{0}😀", "", [], {}]),
            json!({"a": {"a": {"a": 1}}, "b": [{"a": 1}, {"a": 2}]}),
        ] {
            assert_eq!(read(value.to_string().as_bytes(), ""), Ok(value));
        }
        assert_eq!(read(br#" "\ud83d\ude00" "#, ""), Ok(json!("😀")));
    }

    #[test]
    fn what_is_no_json_says_so() {
        let nested = "[".repeat(200);
        for text in ["", "{", "{} {}", "{\"a\":1,}", "nul", "\"\u{1}\"", "{\"a\":1e999}", nested.as_str()] {
            let Err(NoJson::Form(broken)) = read(text.as_bytes(), "") else { panic!("{text} is no JSON") };
            assert_eq!((broken.field.as_str(), broken.rule.as_str()), ("", "format"));
            assert!(broken.message.starts_with("The body is not JSON: "), "{}", broken.message);
        }
        assert!(matches!(read(&[b'"', 0xff, b'"'], ""), Err(NoJson::Form(_))));
        let Err(NoJson::Form(broken)) = read(b"x", "variables") else { panic!("no JSON") };
        assert_eq!((broken.field.as_str(), broken.params.as_str()), ("variables", r#"{"expected":"json"}"#));
    }
}
