//! The capability `disclosure` on PostgreSQL and Spin's outbound HTTP: the host's ledger, by the role of the capability
//! (`disclosure_ledger_dsn`), and the request after it is written. What a service of the composition could send without
//! is decided when it is composed: one whose grant is `disclosed` must not import `wasi:http/client` itself.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use mindflow_platform::disclosure::postgres::{self as ledger, PAGE, RECORD};
use mindflow_platform::disclosure::{self as rules, Disclosure, LEDGER_MS_MAX, LedgerError, Refusal, host_of};
use mindflow_platform::sql::{self, Value};
use mindflow_spin_guest::http::{Failure, send};
use mindflow_spin_guest::postgres::Connection;
use mindflow_spin_guest::{time, variables};
use uuid::Uuid;

use crate::bindings::exports::mindflow::platform::disclosure_reader as reader;
use crate::bindings::exports::mindflow::platform::disclosure_sender::{self as sender, Answer, Error};
use crate::bindings::exports::mindflow::platform::outbound;
use crate::bindings::mindflow::platform::disclosure::{Document, Owner, Subject};
use crate::jwt::{self, Unproven};
use crate::{Platform, grants, outbound as hosts};

mindflow_platform::disclosure_types!(sender, reader, Document);

impl sender::Guest for Platform {
    async fn post(subject: Subject, request: sender::Request) -> Result<Answer, Error> {
        grants::service().discloses().map_err(Error::Prohibited)?;
        let sender::Request { url, headers, body, model, timeout_ms, answer_bytes_max } = request;
        let request = rules::Request::to(&url, headers)?.with(body, model)?.within(timeout_ms, answer_bytes_max);
        let limit = request.timeout;
        time::within(limit, hosts::permit_sent(&request.uri)).await.unwrap_or_else(late)?;
        record(subject, host_of(&request.uri), request.model.clone(), request.body.len()).await?;
        time::within(limit, exchange(request)).await.unwrap_or(Err(Error::Timeout))
    }
}

impl reader::Guest for Platform {
    async fn page(token: String, first: u32, before: Option<String>) -> Result<Vec<reader::Disclosed>, reader::Error> {
        let page = async {
            grants::service().reads_disclosures().map_err(Refusal::Denied)?;
            let user_id = caller(&token).await?;
            let before = before.as_deref().map(rules::row);
            let rows = rows(PAGE, &ledger::page_params(user_id, first, before)?).await?;
            rows.into_iter().map(|row| Ok(ledger::disclosed(row)?.into())).collect::<Result<Vec<_>, Refusal>>()
        };
        page.await.map_err(reader::Error::from)
    }
}

/// Writes a request down, before it is sent.
///
/// # Errors
/// It could not be written, and must not be sent.
pub async fn record(subject: Subject, host: String, model: Option<String>, bytes: usize) -> Result<(), Refusal> {
    let user_id = match &subject.owner {
        Owner::User(id) => rules::owner(id)?,
        Owner::Caller(token) => caller(token).await?,
    };
    let document = subject.document.map(|Document { id, version }| rules::Document { id, version });
    let subject = rules::Subject::of(user_id, document, subject.purpose)?;
    let component = grants::service().component.clone();
    let disclosure = Disclosure { component, subject, host, model, bytes };
    let written = rows(RECORD, &ledger::record_params(&disclosure)?).await.map(drop);
    if let Err(error) = &written {
        eprintln!("ERROR a user's text was not sent: {error}");
    }
    written
}

async fn caller(token: &str) -> Result<Uuid, Refusal> {
    let proven = jwt::prove(token).await.map_err(|unproven| match unproven {
        Unproven::Denied(reason) => Refusal::Denied(reason),
        Unproven::Unavailable(reason) => Refusal::Unavailable(reason),
    });
    Ok(proven?.0)
}

async fn rows(statement: &str, params: &[Value]) -> Result<Vec<Vec<Value>>, Refusal> {
    let asked = async {
        let dsn = variables::get("disclosure_ledger_dsn").await.map_err(sql::Error::Unavailable)?;
        let missing = || sql::Error::Unavailable("the variable `disclosure_ledger_dsn` is not set".to_owned());
        let connection = Connection::open(&dsn.ok_or_else(missing)?).await?;
        connection.query(statement, params).await
    };
    let answer = time::within(Duration::from_millis(LEDGER_MS_MAX.into()), asked).await;
    let answer = answer.ok_or_else(|| LedgerError(format!("no answer within {LEDGER_MS_MAX} ms")))?;
    Ok(answer.map_err(|error| LedgerError(error.to_string()))?.rows)
}

async fn exchange(request: rules::Request) -> Result<Answer, Error> {
    let rules::Request { uri, headers, body, timeout, answer_bytes_max, .. } = request;
    let mut sent = http::Request::new(Bytes::from(body));
    *sent.method_mut() = http::Method::POST;
    *sent.uri_mut() = uri;
    *sent.headers_mut() = headers;
    let (head, body) = send(sent, timeout).await.map_err(failure)?.into_parts();
    let body = match Limited::new(body, answer_bytes_max).collect().await {
        Ok(body) => Ok(body.to_bytes().to_vec()),
        Err(error) if error.is::<LengthLimitError>() => Err(Error::TooLarge),
        Err(error) => Err(Error::Unreachable(format!("the answer broke off: {error}"))),
    };
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| (name.to_string(), value.as_bytes().to_vec());
    Ok(Answer { status: head.status.as_u16(), headers: head.headers.iter().map(header).collect(), body })
}

fn late() -> Result<(), outbound::Refusal> {
    Err(outbound::Refusal::Unresolved("the name was not resolved in time".into()))
}

fn failure(failure: Failure) -> Error {
    match failure {
        Failure::Late => Error::Timeout,
        Failure::TooLarge => Error::TooLarge,
        Failure::Prohibited(reason) => Error::Prohibited(reason),
        Failure::Broken(reason) => Error::Unreachable(reason),
    }
}

impl From<outbound::Refusal> for Error {
    fn from(refusal: outbound::Refusal) -> Self {
        match refusal {
            outbound::Refusal::Prohibited(reason) => Self::Prohibited(reason),
            outbound::Refusal::Unresolved(reason) => Self::Unreachable(reason),
        }
    }
}
