//! Reads what is in the stores afterwards, past every service, as PostgreSQL's superuser.

use super::history::{Archived, EntryView, History, Logged, ReadSide, WriteSide};
use crate::payloads::{self, Kept};
use anyhow::{Context, Result};
use mindflow_backends::data_keys::DataKeys;
use serde_json::Value;
use std::collections::BTreeSet;
use tokio_postgres::{Client, NoTls, Row};

pub async fn connect(dsn: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(dsn, NoTls).await.context("connect to PostgreSQL")?;
    tokio::spawn(connection);
    Ok(client)
}

/// Everything but what the writers noted and the dead letters. `keys` open the payloads.
pub async fn gather(write: &Client, read: &Client, keys: &DataKeys) -> Result<History> {
    let archive = payloads::of(write, keys, "true", &[]).await?;
    let counted = read.query("SELECT event_id::text, applied FROM counter.applied", &[]).await?;
    let log = "SELECT subscription, partition_key, sequence, event_id::text FROM counter.log ORDER BY at";
    let log = read.query(log, &[]).await?;
    let log = log.iter().map(|row| Logged {
        subscription: row.get(0),
        key: row.get(1),
        sequence: row.get(2),
        event_id: row.get(3),
    });
    Ok(History {
        writes: Vec::new(),
        archive: archive.into_iter().map(archived).collect(),
        counted: counted.iter().map(|row| (row.get(0), row.get(1))).collect(),
        log: log.collect(),
        write_side: write_side(write).await?,
        read_side: read_side(read).await?,
        erasing: write.query_one("SELECT count(*) FROM auth.erasures WHERE completed_at IS NULL", &[]).await?.get(0),
        dead: 0,
        undelivered: write
            .query_one(
                "SELECT (SELECT count(*) FROM delivery.unsequenced) + (SELECT count(*) FROM delivery.backlog)",
                &[],
            )
            .await?
            .get(0),
    })
}

/// What is not delivered, for the search for a cause.
pub async fn backlog(write: &Client) -> Result<String> {
    let rows = "SELECT b.subscription, a.partition_key, a.sequence, b.position, q.state, q.attempts, q.not_before::text AS not_before, \
                q.last_error FROM delivery.backlog b JOIN delivery.archive a USING (position) \
                LEFT JOIN delivery.queue q ON q.subscription = b.subscription AND q.position = b.position";
    let cursors = "SELECT * FROM delivery.cursor ORDER BY subscription, slot";
    let row = "SELECT coalesce(string_agg(row_to_json(r)::text, E'\\n'), '') FROM";
    let mut lines = String::new();
    for of in [rows, cursors] {
        let found = write.query_one(&format!("{row} ({of}) r"), &[]).await.context("read the backlog")?;
        lines = lines + found.get(0) + "\n";
    }
    Ok(lines)
}

/// The types of events that a subscription gets.
pub async fn wanted(write: &Client, subscription: &str) -> Result<BTreeSet<String>> {
    let row =
        write.query_one("SELECT event_types FROM delivery.subscription WHERE name = $1", &[&subscription]).await?;
    Ok(row.get::<_, Vec<String>>(0).into_iter().collect())
}

fn archived(Kept { position, component, event, payload }: Kept) -> Archived {
    let named = |name: &str| event.payload.get(name).and_then(Value::as_str);
    let under = named("$sealed").map(|_| named("$under").unwrap_or(&event.partition_key).to_owned());
    Archived {
        user: event.metadata.user_id.map(|id| id.to_string()),
        under,
        position,
        event_id: event.event_id.to_string(),
        event_type: event.event_type,
        component,
        key: event.partition_key,
        sequence: event.sequence.cast_signed(),
        payload: payload.unwrap_or_default(),
    }
}

async fn write_side(write: &Client) -> Result<WriteSide> {
    let entries =
        "SELECT id::text, event_sequence, deleted_at IS NOT NULL, title FROM command.journals WHERE purged_at IS NULL";
    let entries = write.query(entries, &[]).await?;
    Ok(WriteSide {
        entries: entries.iter().map(|row| (row.get(0), (row.get(1), row.get(2), row.get(3)))).collect(),
        moods: ids(write, "SELECT id::text FROM command.mood_records WHERE taken_back_at IS NULL").await?,
        tags: ids(write, "SELECT id::text FROM command.tags WHERE deleted_at IS NULL").await?,
    })
}

async fn ids(client: &Client, sql: &str) -> Result<BTreeSet<String>> {
    Ok(client.query(sql, &[]).await?.iter().map(|row| row.get(0)).collect())
}

async fn read_side(read: &Client) -> Result<ReadSide> {
    let entries = "SELECT v.entry_id::text, v.sequence, v.version, v.deleted_at IS NOT NULL, v.title, v.content, v.mood, \
                   ARRAY(SELECT t.tag_id::text FROM query.entry_tags t WHERE t.entry_id = v.entry_id) FROM query.journals_view v";
    let entries = read.query(entries, &[]).await.context("read the entries")?;
    let view = |row: &Row| EntryView {
        sequence: row.get(1),
        version: row.get(2),
        deleted: row.get(3),
        title: row.get(4),
        content: row.get(5),
        mood: row.get(6),
        tags: row.get::<_, Vec<String>>(7).into_iter().collect(),
    };
    let moods = "SELECT mood_id::text, mood, note FROM query.moods_view WHERE taken_back_at IS NULL";
    let moods = read.query(moods, &[]).await?;
    let tags = read.query("SELECT tag_id::text, name FROM query.tags_view WHERE NOT deleted", &[]).await?;
    let users = read.query("SELECT id::text, email, sequence FROM query.users_view", &[]).await?;
    Ok(ReadSide {
        entries: entries.iter().map(|row| (row.get(0), view(row))).collect(),
        moods: moods.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect(),
        tags: tags.iter().map(|row| (row.get(0), row.get(1))).collect(),
        users: users.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect(),
    })
}
