//! A failure as `application/problem+json` (RFC 9457). The one place where errors become REST answers.

use super::Response;
use super::failure::Failure;
use crate::call::FieldError;
use serde::Serialize;
use serde_json::{Map, Value};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Problem<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    correlation_id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Broken<'a>>,
    #[serde(flatten)]
    quota: Option<Full<'a>>,
}

/// The quota that has no room.
#[derive(Serialize)]
struct Full<'a> {
    quota: &'a str,
    used: u64,
    limit: u64,
}

#[derive(Serialize)]
struct Broken<'a> {
    field: &'a str,
    message: &'a str,
    /// The rule's id (`crate::rules`).
    rule: &'a str,
    params: Value,
}

impl<'a> Broken<'a> {
    fn of(error: &'a FieldError) -> Self {
        let params = serde_json::from_str(&error.params).unwrap_or_else(|_| Value::Object(Map::new()));
        Self { field: &error.field, message: &error.message, rule: &error.rule, params }
    }
}

pub fn respond(failure: &Failure, correlation_id: &str) -> Response {
    failure.log(correlation_id);
    let facts = failure.kind.facts();
    let problem = Problem {
        r#type: facts.problem_type,
        title: facts.title,
        status: facts.status.as_u16(),
        detail: failure.public_text(),
        correlation_id,
        errors: failure.fields.iter().map(Broken::of).collect(),
        quota: failure.quota.as_ref().map(|full| Full { quota: &full.quota, used: full.used, limit: full.limit }),
    };
    failure
        .headers()
        .fold(Response::json(facts.status, &problem), |response, (name, value)| response.header(name, value))
        .header("content-type", "application/problem+json")
        .header("cache-control", "no-store")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Error, ReachedLimit, Throttled};
    use crate::failure::{field, quota_exceeded};
    use crate::rules::Rule;
    use crate::web::Body;
    use crate::web::failure::Kind;
    use serde_json::json;

    fn body(response: &Response) -> Value {
        match &response.body {
            Body::Bytes(bytes) => serde_json::from_slice(bytes).unwrap(),
            _ => Value::Null,
        }
    }

    #[test]
    fn a_full_month_is_403_of_the_type_that_the_contract_names() {
        let full = quota_exceeded("entriesPerMonth", 5, 5, "Five entries a month.");
        let response = respond(&full.into(), "c-1");
        assert_eq!(response.headers["content-type"], "application/problem+json");
        assert_eq!(
            body(&response),
            json!({"type": "quota-exceeded", "title": "Quota exceeded", "status": 403,
                   "detail": "Five entries a month.", "correlationId": "c-1",
                   "quota": "entriesPerMonth", "used": 5, "limit": 5})
        );
    }

    #[test]
    fn broken_fields_are_422_and_all_named() {
        let response = respond(
            &Error::Invalid(vec![
                field("title", Rule::characters(200, 201), "Too long."),
                field("tags[0]", Rule::Blank, "Empty."),
            ])
            .into(),
            "c",
        );
        assert_eq!(response.status, 422);
        assert_eq!(
            body(&response)["errors"],
            json!([
                {"field": "title", "message": "Too long.", "rule": "too-long",
                 "params": {"max": 200, "actual": 201, "unit": "characters"}},
                {"field": "tags[0]", "message": "Empty.", "rule": "blank", "params": {}},
            ])
        );
    }

    #[test]
    fn statuses_bring_the_headers_that_belong_to_them() {
        let locked = Throttled { retry_after_s: 900, message: "Locked.".into(), limit: None };
        let limited = respond(&Error::RateLimited(locked).into(), "c");
        assert_eq!((limited.status.as_u16(), limited.headers["retry-after"].to_str().unwrap()), (429, "900"));
        assert!(!limited.headers.contains_key("ratelimit"));
        let limit = ReachedLimit { policy: "\"a\";q=3;w=60".into(), rate: "\"a\";r=0;t=20".into() };
        let often = Throttled { retry_after_s: 20, message: "Often.".into(), limit: Some(limit) };
        let limited = respond(&Error::RateLimited(often).into(), "c");
        let header = |name: &str| limited.headers[name].to_str().unwrap();
        assert_eq!((header("ratelimit-policy"), header("ratelimit")), ("\"a\";q=3;w=60", "\"a\";r=0;t=20"));
        let unknown = respond(&Error::Unauthenticated("Log in.".into()).into(), "c");
        assert_eq!((unknown.status.as_u16(), unknown.headers["www-authenticate"].to_str().unwrap()), (401, "Bearer"));
        let method = respond(&Failure::new(Kind::MethodNotAllowed("GET, HEAD"), "No."), "c");
        assert_eq!((method.status.as_u16(), method.headers["allow"].to_str().unwrap()), (405, "GET, HEAD"));
        let beyond = respond(&Failure::new(Kind::RangeNotSatisfiable(7), "No."), "c");
        assert_eq!((beyond.status.as_u16(), beyond.headers["content-range"].to_str().unwrap()), (416, "bytes */7"));
        let away = respond(&Error::Unavailable("pool".into()).into(), "c");
        assert!(away.headers.contains_key("retry-after"));
    }

    #[test]
    fn the_text_of_an_internal_error_stays_inside() {
        let response = respond(&Error::Internal("relation auth.users does not exist".into()).into(), "c");
        assert_eq!(response.status, 500);
        assert!(!body(&response).to_string().contains("auth.users"));
        let response = respond(&Error::Unavailable("database: connection to 10.0.0.3 refused".into()).into(), "c");
        assert!(!body(&response).to_string().contains("10.0.0.3"));
    }
}
