//! The parameters of a GraphQL request, from a body or from a URL (GraphQL over HTTP, §5).

use crate::failure::{Failure, Kind};
use crate::graphql::limits;
use crate::web::json::{self, NoJson};
use mindflow_guest::rules::Rule;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// The queries of one page, with room.
const BATCH_MAX: usize = 10;

const PARAMETERS: [&str; 4] = ["query", "operationName", "variables", "extensions"];

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params {
    /// None only with a persisted query's hash in the extensions.
    pub query: Option<String>,
    pub operation_name: Option<String>,
    pub variables: Map<String, Value>,
    pub extensions: Map<String, Value>,
}

#[derive(Debug, PartialEq)]
pub enum Payload {
    Single(Params),
    /// 1 to [`BATCH_MAX`] operations, answered by a list. One that is no request fails alone, at its place.
    Batch(Vec<Result<Params, Failure>>),
    /// A batch of so many operations that is refused as a whole.
    Beyond(usize, Failure),
}

fn malformed(text: impl Into<String>) -> Failure {
    Failure::new(Kind::Malformed, text)
}

/// Of one parameter, or of what has no name: the body, or an item of a batch.
fn wrong(name: &str, rule: Rule, text: String) -> Failure {
    Failure::broken(Kind::Malformed, name, rule, text)
}

fn no_json(why: NoJson) -> Failure {
    let (NoJson::Form(broken) | NoJson::Twice(broken)) = why;
    malformed(broken.message.clone()).about(broken)
}

/// # Errors
/// `Malformed` for what is no GraphQL request.
pub fn from_body(body: &[u8]) -> Result<Payload, Failure> {
    let value = json::read(body, "").map_err(no_json)?;
    let Value::Array(items) = value else { return Ok(Payload::Single(from_json(value)?)) };
    if items.is_empty() {
        let text = format!("A batch has 1 to {BATCH_MAX} operations; this one has none.");
        return Err(wrong("", Rule::TooFew { min: 1 }, text));
    }
    let count = items.len();
    if count > BATCH_MAX {
        let text = format!("A batch has 1 to {BATCH_MAX} operations; this one has {count}.");
        return Ok(Payload::Beyond(count, wrong("", Rule::items(BATCH_MAX, count), text)));
    }
    let read = |(place, item): (usize, Value)| of_value(item, &format!("[{place}]"));
    let operations: Vec<Result<Params, Failure>> = items.into_iter().enumerate().map(read).collect();
    // Before any of them waits: their values take many times the memory of their text.
    let values = limits::check_values(operations.iter().flatten().flat_map(|one| [&one.variables, &one.extensions]));
    match values {
        Ok(()) => Ok(Payload::Batch(operations)),
        Err(failure) => Ok(Payload::Beyond(count, failure)),
    }
}

/// One request as JSON: of a body, or the payload of a WebSocket's `subscribe`.
///
/// # Errors
/// `Malformed` for a parameter of the wrong type, or no query at all.
pub fn from_json(value: Value) -> Result<Params, Failure> {
    of_value(value, "")
}

/// `name`: of the whole, for an error.
fn of_value(value: Value, name: &str) -> Result<Params, Failure> {
    let Value::Object(mut fields) = value else {
        return Err(wrong(name, Rule::of_type("object"), "A GraphQL request is a JSON object.".to_owned()));
    };
    complete(Params {
        query: text(&mut fields, "query")?,
        operation_name: text(&mut fields, "operationName")?,
        variables: map(&mut fields, "variables")?,
        extensions: map(&mut fields, "extensions")?,
    })
}

/// # Errors
/// As [`from_json`]; `variables` and `extensions` are JSON within the URL. None of them is given twice; others are passed over.
pub fn from_query(query: &str) -> Result<Params, Failure> {
    let mut given: HashMap<String, String> = HashMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if PARAMETERS.contains(&&*name) && given.insert(name.clone().into_owned(), value.into_owned()).is_some() {
            return Err(wrong(&name, Rule::items(1, 2), format!("Give the parameter `{name}` once.")));
        }
    }
    let mut object = |name: &str| match given.remove(name).filter(|text| !text.is_empty()) {
        None => Ok(Map::new()),
        Some(text) => match json::read(text.as_bytes(), name) {
            Ok(Value::Object(fields)) => Ok(fields),
            Ok(Value::Null) => Ok(Map::new()),
            Ok(_) => Err(no_object(name)),
            Err(broken) => Err(no_json(broken)),
        },
    };
    let (variables, extensions) = (object("variables")?, object("extensions")?);
    complete(Params {
        query: given.remove("query"),
        operation_name: given.remove("operationName").filter(|name| !name.is_empty()),
        variables,
        extensions,
    })
}

fn complete(params: Params) -> Result<Params, Failure> {
    if params.query.is_none() && !params.extensions.contains_key("persistedQuery") {
        return Err(missing_query());
    }
    Ok(params)
}

/// There is neither a query nor the hash of one.
pub fn missing_query() -> Failure {
    wrong("query", Rule::Required, "The parameter `query` is missing.".to_owned())
}

fn no_object(name: &str) -> Failure {
    wrong(name, Rule::of_type("object"), format!("`{name}` must be a JSON object."))
}

fn text(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Failure> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong(name, Rule::of_type("text"), format!("`{name}` must be a text."))),
    }
}

fn map(fields: &mut Map<String, Value>, name: &str) -> Result<Map<String, Value>, Failure> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(map)) => Ok(map),
        Some(_) => Err(no_object(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(value: Value) -> Result<Payload, Failure> {
        from_body(value.to_string().as_bytes())
    }

    #[test]
    fn a_request_has_a_query_and_may_have_the_rest_or_null() {
        let request =
            json!({"query": "{a}", "operationName": null, "variables": {"x": 1}, "extensions": null, "other": 3});
        let Payload::Single(params) = body(request).unwrap() else { panic!("one request") };
        assert_eq!(params.query.as_deref(), Some("{a}"));
        assert_eq!(params.variables["x"], 1);
        assert_eq!(params.operation_name, None);
    }

    #[test]
    fn parameters_of_the_wrong_type_are_malformed() {
        for name in ["query", "operationName"] {
            for wrong in [json!({"obj": "ect"}), json!(0), json!(false), json!(["array"])] {
                assert!(body(json!({"query": "{a}", name: wrong})).is_err(), "{name}");
            }
        }
        for name in ["variables", "extensions"] {
            for wrong in [json!("string"), json!(0), json!(false), json!(["array"])] {
                assert!(body(json!({"query": "{a}", name: wrong})).is_err(), "{name}");
            }
        }
    }

    #[test]
    fn what_is_no_request_is_malformed() {
        for wrong in [json!("x"), json!(1), json!(null), json!({}), json!({"qeury": "{a}"}), json!([])] {
            assert_eq!(body(wrong).unwrap_err().kind, Kind::Malformed);
        }
        assert!(from_body(b"{ \"not a JSON").is_err());
        assert!(from_body(b"").is_err());
        assert!(from_body(&[b'"', 0xff, b'"']).is_err());
    }

    #[test]
    fn a_batch_has_at_most_ten_operations() {
        let batch = |count| body(Value::Array(vec![json!({"query": "{a}"}); count]));
        assert!(matches!(batch(10), Ok(Payload::Batch(items)) if items.len() == 10));
        assert!(matches!(batch(11), Ok(Payload::Beyond(11, _))));
        let values = json!({"query": "{a}", "variables": {"x": vec![0; 300]}});
        assert!(matches!(body(Value::Array(vec![values.clone(); 6])), Ok(Payload::Batch(_))));
        assert!(
            matches!(body(Value::Array(vec![values; 7])), Ok(Payload::Beyond(7, failure)) if failure.kind == Kind::TooComplex)
        );
    }

    #[test]
    fn an_item_of_a_batch_that_is_no_request_fails_at_its_place_and_says_why() {
        let whole = json!({"query": "{a}"});
        let mixed = json!([whole, 1, {}, null, {"query": 7}, {"query": "{a}", "variables": []}, whole]);
        let Ok(Payload::Batch(items)) = body(mixed) else { panic!("a batch") };
        let said = |item: &Result<Params, Failure>| match item {
            Ok(_) => String::new(),
            Err(failure) => format!("{} {}", failure.fields[0].field, failure.fields[0].rule),
        };
        let said: Vec<_> = items.iter().map(said).collect();
        assert_eq!(said, ["", "[1] type", "query required", "[3] type", "query type", "variables type", ""]);
    }

    #[test]
    fn every_mistake_in_a_request_has_its_field_and_its_rule() {
        for (wrong, name, rule) in [
            (json!(1), "", "type"),
            (json!([]), "", "too-few"),
            (json!({}), "query", "required"),
            (json!({"query": "{a}", "operationName": 1}), "operationName", "type"),
            (json!({"query": "{a}", "extensions": "x"}), "extensions", "type"),
        ] {
            let failure = body(wrong).unwrap_err();
            assert_eq!((failure.fields[0].field.as_str(), failure.fields[0].rule.as_str()), (name, rule));
        }
        let many = Value::Array(vec![json!({"query": "{a}"}); 11]);
        let Ok(Payload::Beyond(_, failure)) = body(many) else { panic!("too many") };
        assert_eq!(failure.fields[0].rule, "too-many");
        let twice = from_query("query=%7Ba%7D&query=%7Bb%7D").unwrap_err();
        assert_eq!((twice.fields[0].field.as_str(), twice.fields[0].rule.as_str()), ("query", "too-many"));
        assert!(from_query("query=%7Ba%7D&op=A&op=B").is_ok(), "no parameter of GraphQL");
        let within = from_body(br#"{"query":"{a}","variables":{"input":{"title":"a","title":"b"}}}"#).unwrap_err();
        assert_eq!(within.fields[0].field, "variables.input.title");
        let within = from_query("query=%7Ba%7D&variables=%7B%22x%22%3A1%2C%22x%22%3A2%7D").unwrap_err();
        assert_eq!((within.fields[0].field.as_str(), within.fields[0].rule.as_str()), ("variables.x", "too-many"));
        let none = from_body(b"{").unwrap_err();
        assert_eq!((none.fields[0].field.as_str(), none.fields[0].rule.as_str()), ("", "format"));
    }

    #[test]
    fn a_url_carries_json_in_its_parameters() {
        let params = from_query("query=query%20A%20%7Ba%7D&operationName=A&variables=%7B%22x%22%3A1%7D").unwrap();
        assert_eq!(params.query.as_deref(), Some("query A {a}"));
        assert_eq!(params.operation_name.as_deref(), Some("A"));
        assert_eq!(params.variables["x"], 1);
        assert!(from_query("query=%7Ba%7D&variables=%5B1%5D").is_err());
        assert!(from_query("query=%7Ba%7D&variables=broken").is_err());
        assert!(from_query("").is_err());
    }

    #[test]
    fn a_hash_stands_for_the_query() {
        assert!(body(json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "x"}}})).is_ok());
    }
}
