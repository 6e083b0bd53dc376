//! Repairs one aggregate of the read side, in one transaction that changes nothing when the aggregate has changed since
//! the comparison: an event may have arrived, which is right.
//!
//! The write side's state is made into an event, and the projection applies it. The row's own sequence is lowered
//! first, so that the projection also overwrites a row that is wrong at the right sequence.

use super::compare::{Expected, Key, State};
use crate::{
    DATABASE,
    projection::{self, Plan},
};
use mindflow_events::{Notice, NoticeKind};
use mindflow_guest::{
    call::Error,
    events::Event,
    failure::internal,
    params,
    sql::{self, Abort, Identity, Tx},
};
use serde_json::Value;
use uuid::Uuid;

/// A repair, for the notice after the commit.
pub struct Repaired {
    pub user_id: Uuid,
    pub notice: Option<Notice>,
}

/// The view that holds the aggregates of a kind, and its key.
fn view(kind: &str) -> Result<(&'static str, &'static str), Error> {
    match kind {
        "entry" => Ok(("query.journals_view", "entry_id")),
        "tag" => Ok(("query.tags_view", "tag_id")),
        "mood" => Ok(("query.moods_view", "mood_id")),
        "book" => Ok(("query.books_view", "book_id")),
        "user" => Ok(("query.users_view", "id")),
        other => Err(internal(format!("no view holds aggregates of the kind `{other}`"))),
    }
}

/// Makes the read side have what is expected, or nothing when nothing is. `None` when it has changed meanwhile.
pub async fn repair(
    user: Uuid,
    key: &Key,
    seen: Option<&State>,
    expected: Option<&Expected>,
) -> Result<Option<Repaired>, Error> {
    let (view, id_column) = view(&key.0)?;
    let plan = expected.map(plan).transpose()?;
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let lock = format!("SELECT 1 AS held FROM {view} WHERE {id_column} = $1::uuid FOR UPDATE");
        let held = !tx.query(&lock, params![key.1]).await?.is_empty();
        if present(tx, user, key).await?.as_ref() != seen {
            return Ok(None);
        }
        match (expected, &plan) {
            (Some(expected), Some(plan)) => {
                // A row that does not exist is not locked: an event may write it meanwhile, and stays.
                if held {
                    let set_back = format!(
                        "UPDATE {view} SET sequence = $2::bigint - 1 WHERE {id_column} = $1::uuid AND sequence >= $2::bigint"
                    );
                    tx.execute(&set_back, params![key.1, expected.sequence]).await?;
                }
                if key.0 == "entry" {
                    make_room(tx, user, key.1, &expected.document, held).await?;
                }
                let answer = tx.query(&plan.statement.text, plan.statement.params.clone()).await?;
                let shown = answer.first().map(|row| row.get::<bool>("shown")).transpose()?;
                if shown != Some(true) {
                    return Ok(None);
                }
                Ok(Some(Repaired { user_id: user, notice: plan.notice }))
            }
            _ => {
                remove(tx, user, key, view, id_column).await?;
                let gone = Notice { kind: NoticeKind::Deleted, entry_id: key.1 };
                Ok(Some(Repaired { user_id: user, notice: (key.0 == "entry").then_some(gone) }))
            }
        }
    })
    .await
}

async fn present(tx: &Tx, user: Uuid, (kind, id): &Key) -> Result<Option<State>, Abort> {
    let statement = "SELECT version, md5(state::text) AS hash FROM query.aggregates
        WHERE user_id = $1::uuid AND kind = $2::text AND id = $3::uuid";
    let rows = tx.query(statement, params![user, kind.as_str(), *id]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(State { version: row.get("version")?, hash: row.get("hash")? }))
}

/// Parts of an entry that its projection does not overwrite: its tags, and the record of its creation.
async fn make_room(tx: &Tx, user: Uuid, entry: Uuid, document: &str, held: bool) -> Result<(), Abort> {
    let document: Value = serde_json::from_str(document).map_err(internal)?;
    if held {
        tx.execute("DELETE FROM query.entry_tags WHERE entry_id = $1::uuid", params![entry]).await?;
    }
    let Some(created_us) = document.get("firstSeen").and_then(Value::as_i64) else {
        // A draft, which is not counted.
        tx.execute("DELETE FROM query.entry_creations WHERE entry_id = $1::uuid", params![entry]).await?;
        return Ok(());
    };
    tx.execute(
        "INSERT INTO query.entry_creations (entry_id, user_id, created_at) VALUES ($1::uuid, $2::uuid, $3::timestamptz)
         ON CONFLICT (entry_id) DO UPDATE SET user_id = EXCLUDED.user_id, created_at = EXCLUDED.created_at",
        params![entry, user, sql::Time(created_us)],
    )
    .await?;
    Ok(())
}

async fn remove(tx: &Tx, user: Uuid, (kind, id): &Key, view: &str, id_column: &str) -> Result<(), Abort> {
    let owner = if kind == "user" { "id" } else { "user_id" };
    let mut doomed = vec![(view, id_column, owner)];
    if kind == "entry" {
        let hanging = ["query.entry_tags", "query.entry_creations", "query.analyses_view"];
        doomed.extend(hanging.map(|table| (table, "entry_id", "user_id")));
    }
    for (table, id_column, owner) in doomed {
        let statement = format!("DELETE FROM {table} WHERE {id_column} = $1::uuid AND {owner} = $2::uuid");
        tx.execute(&statement, params![*id, user]).await?;
    }
    Ok(())
}

/// The projection's plan for the event of this state.
fn plan(expected: &Expected) -> Result<Plan, Error> {
    let event = Event {
        id: Uuid::nil().to_string(),
        event_type: expected.event_type.clone(),
        version: "1.0".into(),
        timestamp: 0,
        source: "reconciliation".into(),
        sequence: u64::try_from(expected.sequence).map_err(internal)?,
        partition_key: String::new(),
        correlation_id: "reconciliation".into(),
        traceparent: None,
        user_id: None,
        tenant_id: None,
        payload: expected.payload.clone(),
    };
    let plan = projection::plan(&event).map_err(internal)?;
    plan.ok_or_else(|| internal(format!("the projection knows no {}", expected.event_type)))
}
