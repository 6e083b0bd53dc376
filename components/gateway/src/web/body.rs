//! JSON bodies of REST requests: what makes one unreadable, and reading its fields one by one, so
//! that a client learns of all its mistakes together.

use super::json::{self, NoJson};
use super::{Request, header, media};
use crate::failure::{Failure, Kind};
use crate::names;
use mindflow_guest::call::FieldError;
use mindflow_guest::failure::field;
use mindflow_guest::rules::Rule;
use mindflow_guest::web::query::{UNKNOWN_MAX, shown_name};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The largest entry fits, however its client writes it: 100,000 characters of content, 200 of the title and 20 × 50 of tags,
/// each as two escapes (`\ud83d\ude00`, 12 bytes), are 1.2 MB; the rest is for the query around them.
pub const BODY_BYTES_MAX: usize = 1_280 * 1024;

/// Of a body that is received without a place in the memory ([`crate::memory::receive`]): entries of pages of text are below.
pub const BODY_BYTES_USUAL: usize = 256 * 1024;

/// Of a body larger than usual, outside its texts: ten operations of 2,000 values. As many as fit it would take 30 MB when they
/// are read.
const MARKS_MAX: usize = 20_000;

/// Of any list, before a service says how long this one may be: no list of a body has more than 20.
const ITEMS_MAX: usize = 1_000;

/// Whether a body that is larger than usual is so because of its texts.
///
/// # Errors
/// `TooComplex`
pub fn check(body: &[u8]) -> Result<(), Failure> {
    if body.len() <= BODY_BYTES_USUAL {
        return Ok(());
    }
    let (mut within, mut escaped, mut marks) = (false, false, 0);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if within => escaped = true,
            b'"' => within = !within,
            b',' | b'[' | b'{' | b':' if !within => marks += 1,
            _ => {}
        }
    }
    if marks <= MARKS_MAX {
        return Ok(());
    }
    Err(Failure::new(Kind::TooComplex, format!("The body has more than {MARKS_MAX} values.")))
}

/// The body as a JSON object.
///
/// # Errors
/// 415 for another content type than JSON, 400 for what is no JSON, 422 for another value than an object, and for a field that is
/// given twice.
pub fn object(request: &Request) -> Result<Map<String, Value>, Failure> {
    if !header(request.headers(), "content-type").is_some_and(media::is_json) {
        return Err(no_json_type());
    }
    match value(request)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(Failure::invalid(vec![field("", Rule::of_type("object"), "The body must be a JSON object.")])),
    }
}

/// The refusal of a body that is not said to be JSON.
pub fn no_json_type() -> Failure {
    let text = "The body must be JSON in UTF-8, with `Content-Type: application/json`.";
    Failure::broken(Kind::UnsupportedMediaType, "content-type", Rule::one_of(["application/json"]), text)
}

fn value(request: &Request) -> Result<Value, Failure> {
    json::read(request.body(), "").map_err(|why| match why {
        NoJson::Twice(broken) => Failure::invalid(vec![broken]),
        NoJson::Form(broken) => Failure::new(Kind::Malformed, broken.message.clone()).about(broken),
    })
}

/// Of a path that takes nothing from a body: many clients send an empty object or null with every POST.
///
/// # Errors
/// 422 for fields in it, 400 for what is said to be JSON and is none.
pub fn nothing(request: &Request) -> Result<(), Failure> {
    if request.body().is_empty() || !header(request.headers(), "content-type").is_some_and(media::is_json) {
        return Ok(());
    }
    match value(request)? {
        Value::Object(fields) => Fields::new(fields).finish(),
        _ => Ok(()),
    }
}

/// Takes typed fields out of an object and gathers what is wrong with them.
pub struct Fields {
    values: Map<String, Value>,
    known: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl Fields {
    pub fn new(values: Map<String, Value>) -> Self {
        Self { values, known: Vec::new(), errors: Vec::new() }
    }

    /// The field, as it was given.
    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.values.remove(name)
    }

    fn wrong(&mut self, name: &str, rule: impl Into<Rule>, message: &str) {
        self.errors.push(field(name, rule, message));
    }

    /// A text that must be there.
    pub fn text(&mut self, name: &'static str) -> String {
        match self.take(name) {
            Some(Value::String(text)) => return text,
            None | Some(Value::Null) => self.wrong(name, Rule::Required, "This field is required."),
            Some(_) => self.wrong(name, Rule::of_type("text"), "Must be a text."),
        }
        String::new()
    }

    /// A text of something new that may be left out or null.
    pub fn optional_text(&mut self, name: &'static str) -> Option<String> {
        match self.take(name)? {
            Value::Null => None,
            value => self.as_text(name, value),
        }
    }

    /// The new text of something that always has one: it may be left out, and may not be null.
    pub fn new_text(&mut self, name: &'static str) -> Option<String> {
        match self.take(name)? {
            Value::Null => self.not_null(name),
            value => self.as_text(name, value),
        }
    }

    /// The same of something that can be empty: null empties it.
    pub fn emptied_text(&mut self, name: &'static str) -> Option<String> {
        match self.take(name)? {
            Value::Null => Some(String::new()),
            value => self.as_text(name, value),
        }
    }

    /// A list of texts that may be left out, or null, which is empty.
    pub fn texts(&mut self, name: &'static str) -> Option<Vec<String>> {
        match self.take(name)? {
            Value::Null => Some(Vec::new()),
            value => self.as_texts(name, value),
        }
    }

    /// A text that may be left out; `Some(None)` when it is null.
    pub fn nullable_text(&mut self, name: &'static str) -> Option<Option<String>> {
        match self.take(name)? {
            Value::Null => Some(None),
            value => self.as_text(name, value).map(Some),
        }
    }

    /// An object of these members that may be left out; `Some(None)` when it is null.
    pub fn nullable_object<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<Option<T>> {
        match self.take(name)? {
            Value::Null => Some(None),
            value => match serde_json::from_value(value) {
                Ok(object) => Some(Some(object)),
                Err(error) => {
                    self.wrong(name, Rule::of_type("object"), &format!("Must be an object: {error}."));
                    None
                }
            },
        }
    }

    fn not_null<T>(&mut self, name: &str) -> Option<T> {
        self.wrong(name, Rule::Required, names::NULL_RULE);
        None
    }

    fn as_text(&mut self, name: &str, value: Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text),
            _ => {
                self.wrong(name, Rule::of_type("text"), "Must be a text.");
                None
            }
        }
    }

    fn as_texts(&mut self, name: &str, value: Value) -> Option<Vec<String>> {
        let items = match value {
            Value::Array(items) if items.len() > ITEMS_MAX => {
                self.wrong(name, Rule::items(ITEMS_MAX, items.len()), &format!("Must have at most {ITEMS_MAX} texts."));
                return None;
            }
            Value::Array(items) => items,
            _ => {
                self.wrong(name, Rule::of_type("list"), "Must be a list of texts.");
                return None;
            }
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text),
                _ => self.wrong(&format!("{name}[{index}]"), Rule::of_type("text"), "Must be a text."),
            }
        }
        Some(texts)
    }

    /// Yes or no; it may be left out or null.
    pub fn optional_flag(&mut self, name: &'static str) -> Option<bool> {
        match self.take(name)? {
            Value::Null => None,
            value => self.as_flag(name, &value),
        }
    }

    /// The same of a change: it may be left out, and may not be null.
    pub fn new_flag(&mut self, name: &'static str) -> Option<bool> {
        match self.take(name)? {
            Value::Null => self.not_null(name),
            value => self.as_flag(name, &value),
        }
    }

    fn as_flag(&mut self, name: &str, value: &Value) -> Option<bool> {
        let flag = value.as_bool();
        if flag.is_none() {
            self.wrong(name, Rule::of_type("boolean"), "Must be true or false.");
        }
        flag
    }

    /// A positive whole number that may be left out or null.
    pub fn optional_number(&mut self, name: &'static str) -> Option<u32> {
        match self.take(name) {
            None | Some(Value::Null) => None,
            Some(value) => {
                let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
                if number.is_none() {
                    self.wrong(name, Rule::range(0, u32::MAX), "Must be a whole number of 0 or more.");
                }
                number
            }
        }
    }

    /// What `read` makes of a text; `Some(None)` when the field is null, none when it is left out.
    pub fn nullable<T>(
        &mut self,
        name: &'static str,
        rule: impl Into<Rule>,
        message: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<Option<T>> {
        let value = match self.take(name)? {
            Value::Null => return Some(None),
            Value::String(text) => read(&text),
            _ => None,
        };
        if value.is_none() {
            self.wrong(name, rule, message);
        }
        value.map(Some)
    }

    /// The same of something that always has a value: null is refused.
    pub fn set<T>(
        &mut self,
        name: &'static str,
        rule: impl Into<Rule>,
        message: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        match self.nullable(name, rule, message, read)? {
            None => self.not_null(name),
            value => value,
        }
    }

    /// # Errors
    /// 422 with every field that was wrong, and each that is none of those that were taken.
    pub fn finish(mut self) -> Result<(), Failure> {
        let message = match self.known.as_slice() {
            [] => "This path takes no fields: leave it out.".to_owned(),
            known => format!("There is no such field here; there are {}.", known.join(", ")),
        };
        for name in std::mem::take(&mut self.values).into_iter().map(|(name, _)| name).take(UNKNOWN_MAX) {
            let name = shown_name(&name);
            self.wrong(&name, Rule::unknown_field(self.known.iter().copied()), &message);
        }
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
    fn a_large_body_is_one_of_long_texts() {
        let text = |inner: &str| format!("{{\"a\":\"{}\"}}", inner.repeat(BODY_BYTES_USUAL));
        for harmless in [text("x"), text(","), text("[\\\""), text("\\\\,")] {
            assert!(check(harmless.as_bytes()).is_ok());
        }
        let many = format!("[{}0]", "0,".repeat(BODY_BYTES_USUAL));
        assert_eq!(check(many.as_bytes()).unwrap_err().kind, Kind::TooComplex);
        let hidden = format!("[\"\\\\\",{}0]", "0,".repeat(BODY_BYTES_USUAL));
        assert!(check(hidden.as_bytes()).is_err());
        assert!(check("[0,".repeat(50_000).as_bytes()).is_ok(), "of a usual size");
    }

    #[test]
    fn a_body_of_another_type_is_415_and_one_that_is_no_json_is_400() {
        assert_eq!(object(&request("text/plain", "{}")).unwrap_err().kind, Kind::UnsupportedMediaType);
        assert_eq!(object(&request("application/json", "{")).unwrap_err().kind, Kind::Malformed);
        assert_eq!(object(&request("application/json", "[]")).unwrap_err().kind, Kind::Invalid);
        let twice = object(&request("application/json", r#"{"title":"a","content":"b","title":"c"}"#)).unwrap_err();
        assert_eq!((twice.kind, twice.fields[0].field.as_str()), (Kind::Invalid, "title"));
        assert_eq!(object(&request("application/json", "{")).unwrap_err().fields[0].rule, "format");
        assert!(object(&request("application/json; charset=utf-8", "{}")).is_ok());
    }

    #[test]
    fn a_path_that_takes_nothing_refuses_fields_and_no_empty_body() {
        for empty in ["", "{}", "null"] {
            assert_eq!(nothing(&request("application/json", empty)), Ok(()), "{empty}");
        }
        assert_eq!(nothing(&request("text/plain", "x")), Ok(()));
        let refused = nothing(&request("application/json", r#"{"refreshToken":"x"}"#)).unwrap_err();
        let broken = &refused.fields[0];
        assert_eq!(
            (refused.kind, broken.field.as_str(), broken.params.as_str()),
            (Kind::Invalid, "refreshToken", "{}")
        );
        assert!(broken.message.ends_with("leave it out."), "{}", broken.message);
        assert_eq!(nothing(&request("application/json", "{")).unwrap_err().kind, Kind::Malformed);
    }

    #[test]
    fn all_wrong_fields_are_reported_together() {
        let mut fields = fields(json!({"title": 3, "tags": ["a", 1]}));
        fields.text("title");
        fields.text("content");
        fields.texts("tags");
        let names: Vec<_> = fields.finish().unwrap_err().fields.into_iter().map(|error| error.field).collect();
        assert_eq!(names, ["title", "content", "tags[1]"]);
    }

    #[test]
    fn a_field_that_nothing_takes_is_refused_by_its_name() {
        let mut misspelt = fields(json!({"title": "t", "entrydate": "2025-01-01", "entryDate": null}));
        misspelt.text("title");
        misspelt.optional_text("entryDate");
        let errors = misspelt.finish().unwrap_err().fields;
        assert_eq!(
            (errors.len(), errors[0].field.as_str(), errors[0].rule.as_str()),
            (1, "entrydate", "unknown-field")
        );
        assert_eq!(errors[0].params, r#"{"known":["title","entryDate"]}"#);
        let many = Value::Object((0..1_000).map(|n| (format!("{n}{}", "x".repeat(500)), Value::Null)).collect());
        let errors = fields(many).finish().unwrap_err().fields;
        assert_eq!(errors.len(), 20);
        assert!(errors.iter().all(|error| error.field.len() == 100));
    }

    #[test]
    fn a_list_that_is_longer_than_any_is_refused_as_a_whole() {
        let mut long = fields(json!({"tags": vec!["a"; 1_001], "other": vec!["a"; 1_000]}));
        assert_eq!(long.texts("tags"), None);
        assert_eq!(long.texts("other").map(|texts| texts.len()), Some(1_000));
        let errors = long.finish().unwrap_err().fields;
        assert_eq!((errors.len(), errors[0].field.as_str()), (1, "tags"));
    }

    #[test]
    fn null_and_left_out_are_distinguished_where_it_matters() {
        let mut fields = fields(json!({"mood": null, "other": "x"}));
        assert_eq!(fields.nullable("mood", Rule::Required, "", |text| Some(text.to_owned())), Some(None));
        assert_eq!(fields.nullable("absent", Rule::Required, "", |text| Some(text.to_owned())), None);
        assert_eq!(fields.nullable("other", Rule::Required, "no", |_| None::<()>), None);
        assert!(fields.finish().is_err());
    }

    #[test]
    fn a_flag_is_true_or_false_and_no_text_that_says_so() {
        let mut fields = fields(json!({"private": true, "left": null, "changed": null, "said": "true"}));
        assert_eq!((fields.optional_flag("private"), fields.optional_flag("left")), (Some(true), None));
        assert_eq!(
            (fields.new_flag("changed"), fields.new_flag("said"), fields.new_flag("absent")),
            (None, None, None)
        );
        let errors = fields.finish().unwrap_err().fields;
        let broken: Vec<_> = errors.iter().map(|error| (error.field.as_str(), error.rule.as_str())).collect();
        assert_eq!(broken, [("changed", "required"), ("said", "type")]);
    }

    #[test]
    fn null_empties_what_can_be_empty_and_is_refused_of_what_cannot() {
        let given = json!({"title": null, "content": null, "tags": null, "entryDate": null, "expectedVersion": null});
        let mut fields = fields(given);
        assert_eq!(fields.new_text("title"), None);
        assert_eq!(fields.emptied_text("content").as_deref(), Some(""));
        assert_eq!(fields.texts("tags"), Some(Vec::new()));
        assert_eq!(fields.set("entryDate", Rule::Required, "", |text| Some(text.to_owned())), None);
        assert_eq!(fields.optional_number("expectedVersion"), None);
        assert_eq!(
            (fields.new_text("absent"), fields.emptied_text("absent"), fields.texts("absent")),
            (None, None, None)
        );
        let errors = fields.finish().unwrap_err().fields;
        let broken: Vec<_> = errors.iter().map(|error| (error.field.as_str(), error.rule.as_str())).collect();
        assert_eq!(broken, [("title", "required"), ("entryDate", "required")]);
    }
}
