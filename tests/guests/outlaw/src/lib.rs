//! Reaches past the platform, for a file, a socket or a way out that no ledger has, and reports the result: `outlaw file /etc/passwd`. It
//! imports what no service may have, so nothing composes it for Spin.

mindflow_guest::bindings! {
    from "../../../wit/",
    world: "mindflow:test-guests/outlaw" in "../tests/guests/outlaw/world.wit",
}

use http::HeaderMap;
use mindflow_guest::{
    disclosed::{self, Post},
    disclosure::{Document, Owner, Subject},
    disclosure_reader,
    http::post,
};
use serde_json::json;
use std::fmt::Debug;

const TEXT: &[u8] = b"what a user wrote";
const ANSWER_BYTES_MAX: u32 = 4_096;
const TIMEOUT_MS: u32 = 5_000;

struct Outlaw;

impl bindings::exports::mindflow::platform::operator::Guest for Outlaw {
    async fn run(_command: String, arguments: Vec<String>) -> Result<String, String> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let got = match words.as_slice() {
            ["file", path] => std::fs::read(path).map(drop).map_err(refused),
            ["socket", address] => std::net::TcpStream::connect(*address).map(drop).map_err(refused),
            // A text, without a word to the ledger.
            ["send", url] => send(url).await,
            ["disclose", url, owner, purpose] => disclose(url, owner, purpose).await,
            // What the ledger has for who holds the token: how many, and the newest.
            ["disclosed", token] => return Ok(json!(read(token).await).to_string()),
            _ => return Err(format!("outlaw does not know {arguments:?}")),
        };
        Ok(match got {
            Ok(()) => json!("granted"),
            Err(reason) => json!(reason),
        }
        .to_string())
    }
}

fn refused(reason: impl Debug) -> String {
    format!("refused: {reason:?}")
}

async fn send(url: &str) -> Result<(), String> {
    let uri = url.parse().map_err(refused)?;
    let timeout_ns = u64::from(TIMEOUT_MS) * 1_000_000;
    let answer_bytes_max = usize::try_from(ANSWER_BYTES_MAX).map_err(refused)?;
    post(&uri, HeaderMap::new(), TEXT.to_vec(), timeout_ns, answer_bytes_max).await.map(drop).map_err(refused)
}

/// Sends a text of a user, whom an id or a token names.
async fn disclose(url: &str, owner: &str, purpose: &str) -> Result<(), String> {
    let by_token = owner.contains('.');
    let subject = Subject {
        owner: if by_token { Owner::Caller(owner.to_owned()) } else { Owner::User(owner.to_owned()) },
        document: Some(Document { id: "crumbs".to_owned(), version: 1 }),
        purpose: purpose.to_owned(),
    };
    let uri = url.parse().map_err(refused)?;
    let (headers, body, model) = (HeaderMap::new(), TEXT.to_vec(), Some("loot"));
    let post = Post { uri: &uri, headers, body, model, timeout_ms: TIMEOUT_MS, answer_bytes_max: ANSWER_BYTES_MAX };
    disclosed::post(subject, post).await.map(drop).map_err(refused)
}

/// JSON as a text, which an operator is shown as it is.
async fn read(token: &str) -> String {
    match disclosure_reader::page(token.to_owned(), 100, None).await {
        Ok(page) => {
            let newest = page.first().map(|row| json!([row.component, row.host, row.purpose, row.model, row.bytes]));
            json!({ "count": page.len(), "newest": newest }).to_string()
        }
        Err(reason) => refused(reason),
    }
}

bindings::export!(Outlaw with_types_in bindings);
