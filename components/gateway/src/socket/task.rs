//! What a connection has done by calls of their own: the proof of its token, its operations, and each notice of its
//! subscriptions.

use super::connection::Connection;
use super::kept;
use super::protocol::Action;
use super::work::{Notices, Outcome, Work};
use crate::change_feed::{Item, Start};
use crate::failure::Failure;
use crate::graphql::answer::{Answer, Refused};
use crate::graphql::execute::{self, Begun, Source};
use crate::graphql::prepared::Prepared;
use crate::graphql::scope::{Scope, SharedScope};
use crate::graphql::workarounds::params::{self, Params};
use crate::rate;
use crate::settings;
use crate::web::Presented;
use mindflow_events::UserNotice;
use mindflow_guest::call::Error;
use mindflow_guest::clock;
use mindflow_guest::websocket::{Message, Performed};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Executes a task; none if it is not understood.
pub async fn perform(state: &[u8], work: &[u8]) -> Option<Performed> {
    let connection: Connection = kept::read(state)?;
    let (messages, outcome) = match kept::read(work)? {
        Work::Prove => (Vec::new(), prove(&connection).await),
        Work::Operation { id, payload } => operate(&connection, id, payload).await,
        Work::Notices(_) | Work::Watch => return None,
    };
    Some(Performed { messages, outcome: kept::write(&outcome) })
}

/// What comes of an operation that there is no memory for; none if the state is not understood.
pub fn refuse(state: &[u8], failure: &Failure) -> Option<Performed> {
    let connection: Connection = kept::read(state)?;
    let refused = Refused::request(failure, connection.viewer().correlation_id());
    Some(Performed { messages: Vec::new(), outcome: kept::write(&refusal(&Answer::from(refused))) })
}

/// What a client is sent for a notice. None if the work is not understood, or the session has ended: the subscription
/// then fails as not understood, and the connection proves its session ([`Connection`]).
pub async fn present(state: &[u8], work: &[u8], item: &[u8], cursor: String) -> Option<Vec<Message>> {
    let (connection, work) = (kept::read::<Connection>(state)?, kept::read(work)?);
    let scope = Scope::new(connection.viewer());
    match (work, Item::read(item, clock::now_us())) {
        (_, Item::Nothing) | (Work::Watch, Item::Notice(UserNotice::Entry(_))) => Some(Vec::new()),
        (Work::Watch | Work::Notices(_), _) if has_ended(&scope).await => None,
        (Work::Notices(notices), Item::Notice(UserNotice::Entry(notice))) => {
            Some(tell(&connection, &scope, notices, Source::Come(notice, cursor)).await)
        }
        (Work::Notices(notices), Item::Beat) => Some(tell(&connection, &scope, notices, Source::Beat).await),
        (Work::Watch | Work::Notices(_), _) => Some(Vec::new()),
        (Work::Prove | Work::Operation { .. }, _) => None,
    }
}

/// What a client is sent for a notice that there is no memory to present; none if the work is not understood. The subscription goes on.
pub fn pass_over(state: &[u8], work: &[u8], failure: &Failure) -> Option<Vec<Message>> {
    /// [`Work`], without what is large.
    #[derive(Deserialize)]
    struct Brief {
        #[serde(rename = "Notices")]
        notices: Named,
    }
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    let (connection, work) = (kept::read::<Connection>(state)?, kept::read::<Brief>(work)?);
    let refused = Refused::request(failure, connection.viewer().correlation_id());
    Some(next(&connection, &work.notices.id, &Answer::from(refused)))
}

/// Whether the session of the connection is no more. Not while that cannot be found out: then a notice is answered with
/// the error, and nothing of the entry.
async fn has_ended(scope: &SharedScope) -> bool {
    matches!(scope.viewer.caller().await, Err(Error::Unauthenticated(_)))
}

async fn tell(connection: &Connection, scope: &SharedScope, notices: Notices, come: Source) -> Vec<Message> {
    let Notices { id, query, operation_name, variables } = notices;
    let params = Params { query: Some(query), operation_name, variables, extensions: Map::new() };
    let answers = match prepare(params, scope).await {
        Ok(prepared) => execute::present(prepared, come).await,
        Err(refused) => vec![Answer::from(refused)],
    };
    answers.iter().flat_map(|answer| next(connection, &id, answer)).collect()
}

async fn prove(connection: &Connection) -> Outcome {
    if connection.presented() == Presented::Nothing {
        return Outcome::Anonymous;
    }
    match connection.viewer().caller().await {
        Ok(caller) => {
            let is_first = !connection.protocol.is_acknowledged();
            let cursor = if is_first { Start::of(&caller.user_id, None).await.ok() } else { None };
            let cursor = cursor.map(|start| start.cursor());
            Outcome::Proven { expires_us: caller.expires_at, user_id: Some(caller.user_id), cursor }
        }
        Err(Error::Unauthenticated(_)) => Outcome::Forbidden,
        Err(_) => Outcome::Unknown,
    }
}

async fn operate(connection: &Connection, id: String, payload: Value) -> (Vec<Message>, Outcome) {
    let scope = Scope::new(connection.viewer());
    let begun = async {
        let params =
            params::from_json(payload).map_err(|failure| Refused::request(&failure, scope.viewer.correlation_id()))?;
        let prepared = prepare(params.clone(), &scope).await?;
        Ok::<_, Refused>((params, execute::begin(prepared, None).await))
    };
    match begun.await {
        Err(refused) => (Vec::new(), refusal(&Answer::from(refused))),
        Ok((_, Begun::Answered(answer))) if !answer.executed => (Vec::new(), refusal(&answer)),
        Ok((_, Begun::Answered(answer))) => (next(connection, &id, &answer), Outcome::Ended),
        Ok((_, Begun::Nothing)) => (Vec::new(), Outcome::Ended),
        Ok((params, Begun::Subscribed(start))) => (Vec::new(), subscribed(id, params, start, &scope).await),
    }
}

/// An operation that may run, with its cost taken from the caller's part; each notice costs what its subscription does.
async fn prepare(params: Params, scope: &SharedScope) -> Result<Prepared, Refused> {
    let limited = |failure| Refused::request(&failure, scope.viewer.correlation_id());
    match execute::prepare(params, scope, settings::load().await).await {
        Ok(prepared) => {
            rate::of_operations(scope, 0).await.map_err(limited)?;
            Ok(prepared)
        }
        Err(refused) => {
            rate::of_refused(&scope.viewer, 1).await.map_err(limited)?;
            Err(refused)
        }
    }
}

async fn subscribed(id: String, params: Params, start: Start, scope: &SharedScope) -> Outcome {
    let Start { topic, after } = start;
    match Notices::of(id, params).await {
        Ok(notices) => Outcome::Subscribed { topic, after: Some(after), notices },
        Err(failure) => refusal(&Answer::from(Refused::request(&failure, scope.viewer.correlation_id()))),
    }
}

fn refusal(answer: &Answer) -> Outcome {
    Outcome::Refused { errors: serde_json::to_value(answer.errors()).unwrap_or_default() }
}

fn next(connection: &Connection, id: &str, answer: &Answer) -> Vec<Message> {
    let sent = |action| match action {
        Action::Send(text) => Some(Message::Text(text)),
        _ => None,
    };
    connection.protocol.next(id, &answer.text(), answer.cursor()).into_iter().filter_map(sent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;
    use mindflow_guest::websocket::{Happening, Upgrade};

    #[test]
    fn an_operation_without_memory_is_unavailable_and_not_a_fault() {
        let upgrade = Upgrade {
            path: "/graphql".to_owned(),
            headers: vec![("x-correlation-id".to_owned(), "c-1".to_owned())],
            protocol: "graphql-transport-ws".to_owned(),
            remote_address: "127.0.0.1:1".to_owned(),
        };
        let state = crate::socket::step(&[], Happening::Opened(upgrade)).state;
        let refused = refuse(&state, &Failure::new(Kind::Unavailable, "no memory").retry_after(1)).unwrap();
        let Some(Outcome::Refused { errors }) = kept::read(&refused.outcome) else { panic!("refused") };
        assert_eq!(errors[0]["extensions"]["code"], "UNAVAILABLE");
        assert_eq!(errors[0]["extensions"]["correlationId"], "c-1");
        assert!(refused.messages.is_empty() && refuse(b"", &Failure::new(Kind::Unavailable, "")).is_none());
    }
}
