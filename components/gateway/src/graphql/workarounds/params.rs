//! The parameters of a GraphQL request, from a body or from a URL (GraphQL over HTTP, §5).

use crate::failure::{Failure, Kind};
use crate::graphql::limits;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Contract §2.
const BATCH_MAX: usize = 10;

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
    /// 1 to [`BATCH_MAX`] operations, answered by a list.
    Batch(Vec<Params>),
    /// A batch of so many operations that is refused as a whole.
    Beyond(usize, Failure),
}

fn malformed(text: impl Into<String>) -> Failure {
    Failure::new(Kind::Malformed, text)
}

/// # Errors
/// `Malformed` for what is no GraphQL request.
pub fn from_body(body: &[u8]) -> Result<Payload, Failure> {
    let value = serde_json::from_slice(body).map_err(|error| malformed(format!("The body is not JSON: {error}.")))?;
    let Value::Array(items) = value else { return Ok(Payload::Single(from_json(value)?)) };
    if items.is_empty() {
        return Err(malformed(format!("A batch has 1 to {BATCH_MAX} operations; this one has none.")));
    }
    let count = items.len();
    if count > BATCH_MAX {
        let text = format!("A batch has 1 to {BATCH_MAX} operations; this one has {count}.");
        return Ok(Payload::Beyond(count, malformed(text)));
    }
    let operations: Vec<Params> = items.into_iter().map(from_json).collect::<Result<_, _>>()?;
    // Before any of them waits: their values take many times the memory of their text.
    let values = limits::check_values(operations.iter().flat_map(|one| [&one.variables, &one.extensions]));
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
    let Value::Object(mut fields) = value else {
        return Err(malformed("A GraphQL request is a JSON object."));
    };
    complete(Params {
        query: text(&mut fields, "query")?,
        operation_name: text(&mut fields, "operationName")?,
        variables: map(&mut fields, "variables")?,
        extensions: map(&mut fields, "extensions")?,
    })
}

/// # Errors
/// As [`from_json`]; `variables` and `extensions` are JSON within the URL.
pub fn from_query(query: &str) -> Result<Params, Failure> {
    let mut given: HashMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let mut object = |name: &str| match given.remove(name).filter(|text| !text.is_empty()) {
        None => Ok(Map::new()),
        Some(text) => match serde_json::from_str(&text) {
            Ok(Value::Object(fields)) => Ok(fields),
            Ok(Value::Null) => Ok(Map::new()),
            _ => Err(malformed(format!("`{name}` must be a JSON object."))),
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
        return Err(malformed("The parameter `query` is missing."));
    }
    Ok(params)
}

fn text(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Failure> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(malformed(format!("`{name}` must be a text."))),
    }
}

fn map(fields: &mut Map<String, Value>, name: &str) -> Result<Map<String, Value>, Failure> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(map)) => Ok(map),
        Some(_) => Err(malformed(format!("`{name}` must be a JSON object."))),
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
        for wrong in [json!("x"), json!(1), json!(null), json!({}), json!({"qeury": "{a}"}), json!([]), json!([1])] {
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
