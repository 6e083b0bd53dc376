//! A statement and its parameters, as plain data: built by pure functions, shown to tests, run elsewhere.

use mindflow_guest::sql::Value;

#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub text: String,
    pub params: Vec<Value>,
}
