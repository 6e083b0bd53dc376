//! Uses the capability that the test names, and reports the result. A test gives it some grants and checks what happens
//! beyond them: `greedy sql read service`, `greedy bucket sessions`, … On Spin, which has no commands, the words are the body of a
//! request, as a list in JSON.

mindflow_guest::bindings! {
    from "../../../wit/",
    world: "mindflow:test-guests/greedy" in "../tests/guests/greedy/world.wit",
}

use http::StatusCode;
use mindflow_guest::{
    blob,
    events::{NewEvent, Subject},
    key_value::Bucket,
    rate_limits::{self, Holder},
    realtime, sealing,
    sql::{self, Identity, Transaction},
    web::{Body, Response, wire},
};
use wasip3::http::{
    client,
    types::{ErrorCode, Fields, Request, Response as WasiResponse, Scheme},
};

struct Greedy;

impl bindings::exports::mindflow::platform::operator::Guest for Greedy {
    async fn run(_command: String, arguments: Vec<String>) -> Result<String, String> {
        take(&arguments).await
    }
}

impl wasip3::exports::http::handler::Guest for Greedy {
    async fn handle(request: Request) -> Result<WasiResponse, ErrorCode> {
        let mut incoming = wire::Incoming::new(request);
        let mut body = Vec::new();
        while let Some(piece) = incoming.next().await {
            body.extend(piece);
        }
        incoming.end().await?;
        let taken = match serde_json::from_slice::<Vec<String>>(&body) {
            Ok(words) => take(&words).await,
            Err(error) => Err(error.to_string()),
        };
        let (status, text) = match taken {
            Ok(text) => (StatusCode::OK, text),
            Err(reason) => (StatusCode::BAD_REQUEST, reason),
        };
        wire::send(Response { status, headers: http::HeaderMap::new(), body: Body::Bytes(text.into_bytes()) })
    }
}

/// What came of it, as JSON.
async fn take(arguments: &[String]) -> Result<String, String> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let got = match words.as_slice() {
        ["sql", database, "service"] => {
            sql::query(database, Identity::Service, "SELECT 1", Vec::new()).await.map(drop).map_err(debug)
        }
        ["sql", database, token] => sql::query(database, Identity::Caller((*token).to_owned()), "SELECT 1", Vec::new())
            .await
            .map(drop)
            .map_err(debug),
        ["statement", database, statement] => {
            sql::query(database, Identity::Service, statement, Vec::new()).await.map(drop).map_err(debug)
        }
        ["change", database, statement] => change(database, statement).await,
        ["limit", name, holder] => spend(name, holder).await,
        ["seal", context] => sealing::seal(b"loot".to_vec(), (*context).to_owned()).await.map(drop).map_err(debug),
        ["unseal", sealed, context] => {
            sealing::open(bytes(sealed), (*context).to_owned()).await.map(drop).map_err(debug)
        }
        ["bucket", name] => Bucket::open((*name).to_owned()).await.map(drop).map_err(debug),
        ["container", name] => keep(name).await,
        ["publish", database, event_type] => publish(database, event_type).await,
        ["topic", name] => realtime::publish((*name).to_owned(), b"{}".to_vec()).await.map_err(debug),
        ["listen", name] => realtime::subscribe((*name).to_owned(), None).await.map(drop).map_err(debug),
        ["http", authority] => get(authority).await,
        ["variable", name] => match mindflow_guest::config::text(name).await {
            Some(_) => Ok(()),
            None => Err("none".to_owned()),
        },
        ["environment"] => match std::env::vars().count() {
            0 => Err("none".to_owned()),
            _ => Ok(()),
        },
        _ => return Err(format!("greedy does not know {arguments:?}")),
    };
    Ok(match got {
        Ok(()) => "\"granted\"".to_owned(),
        Err(reason) => format!("{:?}", format!("refused: {reason}")),
    })
}

fn debug(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

/// Takes from the limit in the name of another; once with an id of a request that there is not.
async fn spend(limit: &str, holder: &str) -> Result<(), String> {
    let holder = match holder {
        "unknown-client" => Holder::Client(holder.to_owned()),
        name => Holder::Named(name.to_owned()),
    };
    rate_limits::take(limit, holder, 1).await.map(drop).map_err(debug)
}

/// Of hexadecimal digits.
fn bytes(hex: &str) -> Vec<u8> {
    let digit = |digit: char| u8::try_from(digit.to_digit(16).unwrap_or_default()).unwrap_or_default();
    let digits: Vec<u8> = hex.chars().map(digit).collect();
    digits.as_chunks::<2>().0.iter().map(|[high, low]| high * 16 + low).collect()
}

/// Runs the statement where it may write.
async fn change(database: &str, statement: &str) -> Result<(), String> {
    let transaction = Transaction::begin(database.to_owned(), Identity::Service).await.map_err(debug)?;
    transaction.execute(statement.to_owned(), Vec::new()).await.map_err(debug)?;
    Transaction::commit(transaction).await.map_err(debug)
}

async fn publish(database: &str, event_type: &str) -> Result<(), String> {
    let transaction = Transaction::begin(database.to_owned(), Identity::Service).await.map_err(debug)?;
    let event = NewEvent {
        event_type: event_type.to_owned(),
        version: "1.0".to_owned(),
        sequence: 1,
        partition_key: format!("greedy:{event_type}"),
        correlation_id: "greedy".to_owned(),
        traceparent: None,
        user_id: None,
        tenant_id: None,
        subject: Subject::Itself,
        payload: "{}".to_owned(),
    };
    transaction.publish(event).await.map_err(debug)?;
    Transaction::commit(transaction).await.map_err(debug)
}

/// Writes a file and reads it back; another is begun and let go.
async fn keep(container: &str) -> Result<(), String> {
    let begun = blob::put(container.to_owned(), "crumbs/dropped".to_owned(), 3).await.map_err(debug)?;
    begun.write(b"ab".to_vec()).await.map_err(debug)?;
    drop(begun);
    let upload = blob::put(container.to_owned(), "crumbs/kept".to_owned(), 3).await.map_err(debug)?;
    upload.write(b"abc".to_vec()).await.map_err(debug)?;
    upload.finish().await.map_err(debug)?;
    let (_, download) = blob::get(container.to_owned(), "crumbs/kept".to_owned(), None).await.map_err(debug)?;
    let read = download.next().await.map_err(debug)?;
    let listed = blob::list(container.to_owned(), "crumbs".to_owned(), None, 10).await.map_err(debug)?;
    match (read.as_deref(), listed.as_slice()) {
        (Some(b"abc"), [only]) if only.key == "crumbs/kept" => Ok(()),
        (read, listed) => Err(format!("{read:?}, {listed:?}")),
    }
}

/// `GET http://authority/`.
async fn get(authority: &str) -> Result<(), String> {
    let (_, trailers) = wasip3::wit_future::new(|| Ok(None));
    let (request, _sent) = Request::new(Fields::new(), None, trailers, None);
    request.set_scheme(Some(&Scheme::Http)).map_err(debug)?;
    request.set_authority(Some(authority)).map_err(debug)?;
    request.set_path_with_query(Some("/")).map_err(debug)?;
    client::send(request).await.map(drop).map_err(debug)
}

bindings::export!(Greedy with_types_in bindings);
wasip3::http::service::export!(Greedy);
