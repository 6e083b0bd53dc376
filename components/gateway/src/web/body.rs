//! JSON bodies of REST requests: what makes one unreadable, and reading its fields one by one, so
//! that a client learns of all its mistakes together.

use super::{Request, header, media};
use crate::failure::{Failure, Kind};
use mindflow_guest::call::FieldError;
use mindflow_guest::failure::field;
use serde_json::{Map, Value};

/// Contract §2: the largest entry (100,000 characters, most of them one or two bytes) and its JSON escapes fit.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// Of any list, before a service says how long this one may be: no list of a body has more than 20.
const ITEMS_MAX: usize = 1_000;

/// The body as a JSON object.
///
/// # Errors
/// 415 for another content type than JSON, 400 for what is no JSON, 422 for another value than an object.
pub fn object(request: &Request) -> Result<Map<String, Value>, Failure> {
    if !header(request.headers(), "content-type").is_some_and(media::is_json) {
        return Err(Failure::new(
            Kind::UnsupportedMediaType,
            "The body must be JSON, with `Content-Type: application/json`.",
        ));
    }
    match serde_json::from_slice(request.body()) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Failure::invalid(vec![field("", "The body must be a JSON object.")])),
        Err(error) => Err(Failure::new(Kind::Malformed, format!("The body is not JSON: {error}."))),
    }
}

/// Takes typed fields out of an object and gathers what is wrong with them.
pub struct Fields {
    values: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    pub fn new(values: Map<String, Value>) -> Self {
        Self { values, errors: Vec::new() }
    }

    fn wrong(&mut self, name: &str, message: &str) {
        self.errors.push(field(name, message));
    }

    /// A text that must be there.
    pub fn text(&mut self, name: &str) -> String {
        match self.values.remove(name) {
            Some(Value::String(text)) => return text,
            None | Some(Value::Null) => self.wrong(name, "This field is required."),
            Some(_) => self.wrong(name, "Must be a text."),
        }
        String::new()
    }

    /// A text that may be left out or null.
    pub fn optional_text(&mut self, name: &str) -> Option<String> {
        match self.values.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => {
                self.wrong(name, "Must be a text.");
                None
            }
        }
    }

    /// A list of texts that may be left out or null.
    pub fn optional_texts(&mut self, name: &str) -> Option<Vec<String>> {
        let items = match self.values.remove(name) {
            None | Some(Value::Null) => return None,
            Some(Value::Array(items)) if items.len() > ITEMS_MAX => {
                self.wrong(name, &format!("Must have at most {ITEMS_MAX} texts."));
                return None;
            }
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.wrong(name, "Must be a list of texts.");
                return None;
            }
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text),
                _ => self.wrong(&format!("{name}[{index}]"), "Must be a text."),
            }
        }
        Some(texts)
    }

    /// A positive whole number that may be left out or null.
    pub fn optional_number(&mut self, name: &str) -> Option<u32> {
        match self.values.remove(name) {
            None | Some(Value::Null) => None,
            Some(value) => {
                let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
                if number.is_none() {
                    self.wrong(name, "Must be a whole number of 0 or more.");
                }
                number
            }
        }
    }

    /// What `read` makes of a text; `Some(None)` when the field is null, none when it is left out.
    pub fn nullable<T>(&mut self, name: &str, rule: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
        let value = match self.values.remove(name)? {
            Value::Null => return Some(None),
            Value::String(text) => read(&text),
            _ => None,
        };
        if value.is_none() {
            self.wrong(name, rule);
        }
        value.map(Some)
    }

    /// # Errors
    /// 422 with every field that was wrong.
    pub fn finish(self) -> Result<(), Failure> {
        if self.errors.is_empty() { Ok(()) } else { Err(Failure::invalid(self.errors)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request(content_type: &str, body: &str) -> Request {
        http::Request::post("/").header("content-type", content_type).body(body.as_bytes().to_vec()).unwrap()
    }

    fn fields(value: Value) -> Fields {
        Fields::new(value.as_object().unwrap().clone())
    }

    #[test]
    fn a_body_of_another_type_is_415_and_one_that_is_no_json_is_400() {
        assert_eq!(object(&request("text/plain", "{}")).unwrap_err().kind, Kind::UnsupportedMediaType);
        assert_eq!(object(&request("application/json", "{")).unwrap_err().kind, Kind::Malformed);
        assert_eq!(object(&request("application/json", "[]")).unwrap_err().kind, Kind::Invalid);
        assert!(object(&request("application/json; charset=utf-8", "{}")).is_ok());
    }

    #[test]
    fn all_wrong_fields_are_told_at_once() {
        let mut fields = fields(json!({"title": 3, "tags": ["a", 1]}));
        fields.text("title");
        fields.text("content");
        fields.optional_texts("tags");
        let names: Vec<_> = fields.finish().unwrap_err().fields.into_iter().map(|error| error.field).collect();
        assert_eq!(names, ["title", "content", "tags[1]"]);
    }

    #[test]
    fn a_list_that_is_longer_than_any_is_refused_as_a_whole() {
        let mut long = fields(json!({"tags": vec!["a"; 1_001], "other": vec!["a"; 1_000]}));
        assert_eq!(long.optional_texts("tags"), None);
        assert_eq!(long.optional_texts("other").map(|texts| texts.len()), Some(1_000));
        let errors = long.finish().unwrap_err().fields;
        assert_eq!((errors.len(), errors[0].field.as_str()), (1, "tags"));
    }

    #[test]
    fn null_and_left_out_are_told_apart_where_it_matters() {
        let mut fields = fields(json!({"mood": null, "other": "x"}));
        assert_eq!(fields.nullable("mood", "", |text| Some(text.to_owned())), Some(None));
        assert_eq!(fields.nullable("absent", "", |text| Some(text.to_owned())), None);
        assert_eq!(fields.nullable("other", "no", |_| None::<()>), None);
        assert!(fields.finish().is_err());
    }
}
