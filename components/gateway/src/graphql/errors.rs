//! A failure as GraphQL errors. The one place where errors get their `extensions`.

use crate::failure::{Excess, Failure, Kind};
use async_graphql::{Context, Error, ErrorExtensionValues, ErrorExtensions, ServerError, Value, value};
use mindflow_guest::call;
use mindflow_guest::rules::Rule;

/// The parameter of a request that has the document.
pub const QUERY: &str = "query";

/// The error of a resolver whose call failed: one for each broken field, all but the last added to the context, since
/// a resolver can return only one.
pub fn raise(ctx: &Context<'_>, failure: &Failure) -> Error {
    let mut errors = of_failure(failure);
    let last = errors.pop().unwrap_or_else(|| Error::new(failure.public_text()));
    for error in errors {
        ctx.add_error(ctx.set_error_path(error.into_server_error(ctx.item.pos)));
    }
    last
}

/// The error that ends a running subscription.
pub fn of_stream(error: call::Error, correlation_id: &str) -> Error {
    let failure = Failure::from(error);
    failure.log(correlation_id);
    extended(&failure, failure.public_text(), None)
}

/// At least one.
fn of_failure(failure: &Failure) -> Vec<Error> {
    if failure.fields.is_empty() {
        return vec![extended(failure, failure.public_text(), None)];
    }
    failure.fields.iter().map(|broken| extended(failure, &broken.message, Some(broken))).collect()
}

fn extended(failure: &Failure, message: &str, broken: Option<&call::FieldError>) -> Error {
    Error::new(message).extend_with(|_, extensions| {
        extensions.set("code", failure.kind.facts().code);
        if let Some(broken) = broken {
            extend(extensions, broken);
        }
        if !failure.fields.is_empty() {
            extensions.set("errors", broken_fields(&failure.fields));
        }
        if let Some(seconds) = failure.retry_after_s {
            extensions.set("retryAfter", seconds);
        }
        if let Some(full) = &failure.quota {
            extensions.set("quota", full.quota.as_str());
            extensions.set("used", full.used);
            extensions.set("limit", full.limit);
        }
        if let Some(Excess { cost, allowed, unit }) = failure.excess {
            extensions.set("cost", cost);
            extensions.set("allowed", allowed);
            extensions.set("unit", unit);
        }
    })
}

/// Which input is not right, and which rule it breaks.
pub fn extend(extensions: &mut ErrorExtensionValues, broken: &call::FieldError) {
    extensions.set("field", broken.field.as_str());
    extensions.set("rule", broken.rule.as_str());
    extensions.set("params", params(broken));
}

/// The same of an error of the engine, which finds one at a time.
pub fn extend_alone(extensions: &mut ErrorExtensionValues, broken: &call::FieldError) {
    extend(extensions, broken);
    extensions.set("errors", broken_fields(std::slice::from_ref(broken)));
}

fn broken_fields(fields: &[call::FieldError]) -> Value {
    let one = |error: &call::FieldError| {
        value!({
            "field": error.field.as_str(),
            "message": error.message.as_str(),
            "rule": error.rule.as_str(),
            "params": params(error),
        })
    };
    Value::List(fields.iter().map(one).collect())
}

/// What the rule's text takes, by name.
fn params(broken: &call::FieldError) -> Value {
    serde_json::from_str(&broken.params).unwrap_or_else(|_| value!({}))
}

/// The errors of a request that was refused before anything ran.
pub fn of_request(failure: &Failure, correlation_id: &str) -> Vec<ServerError> {
    failure.log(correlation_id);
    let mut errors: Vec<_> = of_failure(failure).into_iter().map(server_error).collect();
    complete(&mut errors, correlation_id);
    errors
}

fn server_error(error: Error) -> ServerError {
    let mut server = ServerError::new(error.message, None);
    server.extensions = error.extensions;
    server
}

/// Gives every error the correlation id, and those of the engine itself (a query that does not parse or
/// does not fit the schema) their code. What is not known to be about an input of the query is about the query.
pub fn complete(errors: &mut [ServerError], correlation_id: &str) {
    for error in errors {
        let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
        if extensions.get("code").is_none() {
            extensions.set("code", Kind::Malformed.facts().code);
            if extensions.get("field").is_none() {
                extend_alone(extensions, &Rule::Schema.broken(QUERY, error.message.as_str()));
            }
        }
        extensions.set("correlationId", correlation_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mindflow_guest::call::Throttled;
    use mindflow_guest::failure::{conflict, field, quota_exceeded};
    use serde_json::json;

    fn shown(error: call::Error) -> serde_json::Value {
        serde_json::to_value(of_request(&error.into(), "c-1")).unwrap()
    }

    #[test]
    fn every_broken_field_is_an_error_of_its_own_that_knows_all_of_them() {
        let errors = shown(call::Error::Invalid(vec![
            field("title", Rule::characters(200, 201), "Too long."),
            field("tags[1]", Rule::Blank, "Empty."),
        ]));
        assert_eq!(errors[0]["message"], "Too long.");
        assert_eq!(errors[0]["extensions"]["field"], "title");
        assert_eq!(errors[0]["extensions"]["rule"], "too-long");
        assert_eq!(errors[0]["extensions"]["params"], json!({"max": 200, "actual": 201, "unit": "characters"}));
        assert_eq!(errors[1]["extensions"]["field"], "tags[1]");
        assert_eq!(errors[1]["extensions"]["code"], "BAD_USER_INPUT");
        assert_eq!(
            errors[0]["extensions"]["errors"][1],
            json!({"field": "tags[1]", "message": "Empty.", "rule": "blank", "params": {}})
        );
        assert_eq!(errors[0]["extensions"]["correlationId"], "c-1");
    }

    #[test]
    fn every_failure_of_a_service_has_its_code() {
        for (error, code) in [
            (call::Error::Unauthenticated("x".into()), "UNAUTHENTICATED"),
            (call::Error::Forbidden("x".into()), "FORBIDDEN"),
            (call::Error::NotFound("x".into()), "NOT_FOUND"),
            (conflict("name", Rule::Taken, "x"), "CONFLICT"),
            (quota_exceeded("tags", 5, 5, "x"), "QUOTA_EXCEEDED"),
            (call::Error::TooCostly("x".into()), "QUERY_TOO_COMPLEX"),
            (call::Error::Unavailable("x".into()), "UNAVAILABLE"),
            (call::Error::Internal("x".into()), "INTERNAL"),
        ] {
            assert_eq!(shown(error)[0]["extensions"]["code"], code);
        }
    }

    #[test]
    fn a_full_quota_is_named_with_what_is_used() {
        let errors = shown(quota_exceeded("tags", 7, 5, "You have 7 of 5 tags."));
        assert_eq!(
            errors[0]["extensions"],
            json!({"code": "QUOTA_EXCEEDED", "quota": "tags", "used": 7, "limit": 5, "correlationId": "c-1"})
        );
    }

    #[test]
    fn a_lockout_says_when_to_come_back() {
        let errors =
            shown(call::Error::RateLimited(Throttled { retry_after_s: 900, message: "Locked.".into(), limit: None }));
        assert_eq!(errors[0]["extensions"]["code"], "RATE_LIMITED");
        assert_eq!(errors[0]["extensions"]["retryAfter"], 900);
    }

    #[test]
    fn the_text_of_an_internal_error_stays_inside() {
        assert!(!shown(call::Error::Internal("password_hash of auth.users".into())).to_string().contains("auth.users"));
    }

    #[test]
    fn an_error_of_the_engine_is_the_clients_query() {
        let mut errors = vec![ServerError::new("Unknown field", None)];
        complete(&mut errors, "c-1");
        let alone = json!({"field": "query", "message": "Unknown field", "rule": "schema", "params": {}});
        assert_eq!(
            serde_json::to_value(&errors).unwrap()[0]["extensions"],
            json!({
                "code": "BAD_USER_INPUT", "correlationId": "c-1", "field": "query", "rule": "schema", "params": {},
                "errors": [alone],
            })
        );
    }
}
