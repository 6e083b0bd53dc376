//! The operator's command `erasures`: what was and is to be erased, and what shows it.

use super::erasure;
use crate::{
    erasure::{Erased, Erasure},
    store::{accounts::DATABASE, erasures},
};
use mindflow_guest::{
    call::{CallContext, Credential, Error},
    clock, id,
    sql::{self, Identity},
};
use serde::Serialize;
use uuid::Uuid;

pub const COMMAND: &str = "erasures";
const USAGE: &str = "erasures list | erasures show ID | erasures begin USER-ID | erasures cancel ID | erasures repeat";

/// One erasure as the command line shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: Uuid,
    user_id: Uuid,
    entry_id: Option<Uuid>,
    requested_at: String,
    due_at: String,
    keys_destroyed_at: Option<String>,
    completed_at: Option<String>,
}

/// A receipt as the command line shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    #[serde(flatten)]
    shown: Shown,
    waiting: Vec<String>,
    /// Such as `query query.journals_view: 12`.
    erased: Vec<String>,
    signed: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Begun {
    id: Uuid,
    user_id: Uuid,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Cancelled {
    id: Uuid,
    cancelled: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Repeated {
    /// How many erasures begin once more, within a minute.
    repeated: u64,
}

/// What the operator asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    List,
    Show(Uuid),
    /// Of a user, whether there is an account or not.
    Begin(Uuid),
    Cancel(Uuid),
    Repeat,
}

impl From<Erasure> for Shown {
    fn from(erasure: Erasure) -> Self {
        Self {
            id: erasure.id,
            user_id: erasure.user_id,
            entry_id: erasure.entry_id,
            requested_at: clock::rfc3339(erasure.requested_at_us),
            due_at: clock::rfc3339(erasure.due_at_us),
            keys_destroyed_at: erasure.keys_destroyed_at_us.map(clock::rfc3339),
            completed_at: erasure.completed_at_us.map(clock::rfc3339),
        }
    }
}

/// Carries out a command of the operator; answers JSON.
///
/// # Errors
/// One line that says what is wrong.
pub async fn run(arguments: &[String]) -> Result<String, String> {
    let request = parse(arguments)?;
    execute(request).await.map_err(|error| match error {
        Error::Unavailable(reason) => format!("unavailable: {reason}"),
        Error::NotFound(text) | Error::Internal(text) => text,
        other => format!("{other:?}"),
    })
}

fn parse(arguments: &[String]) -> Result<Request, String> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let parse_id =
        |text: &str| id::parse(text).ok_or_else(|| "an erasure's id is a UUID; `erasures list` shows them".to_owned());
    match words.as_slice() {
        ["list"] => Ok(Request::List),
        ["show", id] => parse_id(id).map(Request::Show),
        ["begin", user] => id::parse(user)
            .map(Request::Begin)
            .ok_or_else(|| "a user's id is a UUID; `users list` shows them".to_owned()),
        ["cancel", id] => parse_id(id).map(Request::Cancel),
        ["repeat"] => Ok(Request::Repeat),
        _ => Err(format!("usage: {USAGE}")),
    }
}

async fn execute(request: Request) -> Result<String, Error> {
    let answer = match request {
        Request::List => {
            let all: Vec<Shown> = erasures::newest().await?.into_iter().map(Shown::from).collect();
            serde_json::to_string(&all)
        }
        Request::Show(id) => {
            let missing = || Error::NotFound(format!("there is no erasure {id}; `erasures list` shows them"));
            let receipt = erasure::receipt(&id.to_string()).await?.ok_or_else(missing)?;
            let line = |Erased { service, store, count }: Erased| format!("{service} {store}: {count}");
            serde_json::to_string(&Whole {
                shown: receipt.erasure.into(),
                waiting: receipt.waiting,
                erased: receipt.erased.into_iter().map(line).collect(),
                signed: receipt.signed,
            })
        }
        Request::Begin(user_id) => {
            let deletion = erasure::begin_for(user_id).await?;
            serde_json::to_string(&Begun { id: deletion.erasure_id, user_id })
        }
        Request::Cancel(id) => {
            let context = CallContext {
                credential: Credential::Anonymous,
                correlation_id: format!("operator-{}", id::random()),
                traceparent: None,
                deadline_ms: None,
            };
            serde_json::to_string(&Cancelled { id, cancelled: erasure::keep(&context, id).await? })
        }
        Request::Repeat => {
            let repeated =
                sql::transaction(DATABASE, &Identity::Service, async |tx| erasures::begin_all_again(tx).await);
            serde_json::to_string(&Repeated { repeated: repeated.await? })
        }
    };
    answer.map_err(mindflow_guest::failure::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Request, String> {
        parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_operators_words_are_understood() {
        let id = Uuid::from_u128(7);
        assert_eq!(parsed(&["list"]), Ok(Request::List));
        assert_eq!(parsed(&["show", &id.to_string()]), Ok(Request::Show(id)));
        assert_eq!(parsed(&["begin", &id.to_string()]), Ok(Request::Begin(id)));
        assert_eq!(parsed(&["cancel", &id.to_string()]), Ok(Request::Cancel(id)));
        assert_eq!(parsed(&["repeat"]), Ok(Request::Repeat));
    }

    #[test]
    fn other_words_are_answered_with_the_usage_and_no_id_with_where_to_find_one() {
        for words in [&[][..], &["show"], &["repeat", "all"], &["forget", "me"]] {
            assert_eq!(parsed(words), Err(format!("usage: {USAGE}")));
        }
        assert!(parsed(&["show", "ann@example.org"]).unwrap_err().contains("erasures list"));
        assert!(parsed(&["begin", "ann@example.org"]).unwrap_err().contains("users list"));
    }
}
