//! An HTTP answer, read whole.

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// Status, headers and body of an answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub version: reqwest::Version,
    pub bytes: Bytes,
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let (status, headers, version) = (response.status(), response.headers().clone(), response.version());
        let bytes = response.bytes().await.expect("the body arrives");
        Self { status, headers, version, bytes }
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body as JSON; null when it is empty.
    pub fn json(&self) -> Value {
        if self.bytes.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// A header's text; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Asserts the status and hands the answer on.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    /// Asserts that it is a problem (RFC 9457) of this status, whose type ends in `kind`.
    #[track_caller]
    pub fn expect_problem(&self, status: u16, kind: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem = self.json();
        assert!(problem["type"].as_str().is_some_and(|name| name.ends_with(kind)), "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        assert_eq!(problem["correlationId"], self.header("x-correlation-id"), "{problem}");
        problem
    }

    /// The `data` of a GraphQL answer without errors.
    #[track_caller]
    pub fn data(&self) -> Value {
        let body = self.json();
        assert!(body.get("errors").is_none(), "{body}");
        body["data"].clone()
    }

    /// `extensions.code` of the one error of a GraphQL answer.
    #[track_caller]
    pub fn error_code(&self) -> String {
        let error = self.error();
        error["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no code: {error}")).to_owned()
    }

    /// The one error of a GraphQL answer.
    #[track_caller]
    pub fn error(&self) -> Value {
        let body = self.json();
        let errors = body["errors"].as_array().unwrap_or_else(|| panic!("no errors: {body}"));
        assert_eq!(errors.len(), 1, "{body}");
        errors[0].clone()
    }

    /// The fields that the errors of a GraphQL answer name, an error a field.
    #[track_caller]
    pub fn wrong_fields(&self) -> Vec<String> {
        let body = self.json();
        let errors = body["errors"].as_array().unwrap_or_else(|| panic!("no errors: {body}"));
        let field =
            |error: &Value| error["extensions"]["field"].as_str().unwrap_or_else(|| panic!("{error}")).to_owned();
        errors.iter().map(field).collect()
    }

    /// `mf_refresh` of `Set-Cookie`: its value and the whole header.
    #[track_caller]
    pub fn refresh_cookie(&self) -> (String, String) {
        let header = self.header("set-cookie");
        let value = header
            .split(';')
            .next()
            .and_then(|pair| pair.strip_prefix("mf_refresh="))
            .unwrap_or_else(|| panic!("no refresh cookie: {header:?}"));
        (value.to_owned(), header.to_owned())
    }
}
