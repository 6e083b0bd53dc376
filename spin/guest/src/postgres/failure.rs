//! Spin's errors as those of `sql`.

use mindflow_platform::sql::{DbError, Error};

use crate::bindings::spin::postgres::postgres as spin;

/// What a statement's error means.
pub(super) fn of_statement(error: spin::Error) -> Error {
    match error {
        spin::Error::ConnectionFailed(reason) => Error::Unavailable(reason),
        spin::Error::QueryFailed(spin::QueryError::DbError(error)) => of_server(error),
        // What comes from the wire, not from the server: closed, reset, garbled.
        spin::Error::QueryFailed(spin::QueryError::Text(reason)) => Error::Unavailable(reason),
        spin::Error::BadParameter(reason) => Error::InvalidParams(reason),
        spin::Error::ValueConversionFailed(reason) | spin::Error::Other(reason) => Error::Other(reason),
    }
}

/// What it means that no connection was to be had. A refused login is a matter of configuration, not of a statement.
pub(super) fn of_opening(error: spin::Error) -> Error {
    match of_statement(error) {
        Error::Statement(error) => Error::Unavailable(format!("{} ({})", error.message, error.sqlstate)),
        Error::InvalidParams(reason) | Error::Other(reason) => Error::Unavailable(reason),
        other => other,
    }
}

fn of_server(error: spin::DbError) -> Error {
    let constraint = error.extras.into_iter().find(|(name, _)| name == "constraint").map(|(_, constraint)| constraint);
    DbError { sqlstate: error.code, message: error.message, constraint }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(code: &str) -> spin::Error {
        spin::Error::QueryFailed(spin::QueryError::DbError(spin::DbError {
            as_text: "all of it".into(),
            severity: "ERROR".into(),
            code: code.into(),
            message: "no".into(),
            detail: None,
            extras: vec![("table".into(), "t".into()), ("constraint".into(), "t_key".into())],
        }))
    }

    #[test]
    fn a_servers_error_keeps_its_code_and_constraint() {
        let detail = DbError { sqlstate: "23505".into(), message: "no".into(), constraint: Some("t_key".into()) };
        assert_eq!(of_statement(server("23505")), Error::Statement(detail));
        assert!(matches!(of_statement(server("40001")), Error::Conflict(_)));
        assert_eq!(of_statement(server("57014")), Error::Timeout);
        assert_eq!(of_statement(server("25P03")), Error::Unavailable("no".into()));
    }

    #[test]
    fn a_login_that_is_refused_is_no_fault_of_a_statement() {
        assert_eq!(of_opening(server("28P01")), Error::Unavailable("no (28P01)".into()));
        assert_eq!(of_opening(spin::Error::Other("x".into())), Error::Unavailable("x".into()));
    }
}
