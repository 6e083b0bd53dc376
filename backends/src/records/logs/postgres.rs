//! Lines in Postgres: `logs.lines` of a migrated database.

use async_trait::async_trait;
use serde_json::{Map, Value};
use tokio_postgres::{Row, types::ToSql};
use uuid::Uuid;

use super::{BATCH_MAX, Filter, Level, Line, LogStore, LogsError, within};
use crate::database::postgres::Database;

const ADD: &str = "INSERT INTO logs.lines (at, level, component, correlation_id, target, message, fields)
    SELECT timestamptz 'epoch' + l.at * interval '1 microsecond', l.level, l.component, l.correlation_id, l.target, l.message, l.fields::jsonb
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
        WITH ORDINALITY AS l (at, level, component, correlation_id, target, message, fields, place)
    ORDER BY l.place";
const READ: &str =
    "(extract(epoch FROM at) * 1000000)::bigint AS at, level, component, correlation_id, target, message, fields::text";
/// In pieces, so that no lock is held for long.
const FORGET: &str = "DELETE FROM logs.lines WHERE id IN (
    SELECT id FROM logs.lines WHERE at < timestamptz 'epoch' + $1::bigint * interval '1 microsecond' ORDER BY at LIMIT 10000)";
const FORGET_NAMED: &str = "DELETE FROM logs.lines WHERE strpos(message, $1) > 0 OR strpos(fields::text, $1) > 0";

pub(super) struct PostgresLogs {
    database: Database,
}

impl PostgresLogs {
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    async fn client(&self) -> Result<deadpool_postgres::Client, LogsError> {
        self.database.admin().await.map_err(LogsError::Connect)
    }
}

#[async_trait]
impl LogStore for PostgresLogs {
    async fn append(&self, lines: &[Line]) -> Result<(), LogsError> {
        let lines = lines.get(..BATCH_MAX).unwrap_or(lines);
        let at: Vec<i64> = lines.iter().map(|line| line.at_us).collect();
        let level: Vec<&str> = lines.iter().map(|line| line.level.word()).collect();
        let component: Vec<Option<String>> = lines.iter().map(|line| line.component.as_deref().map(storable)).collect();
        let correlation: Vec<Option<String>> =
            lines.iter().map(|line| line.correlation_id.as_deref().map(storable)).collect();
        let target: Vec<&str> = lines.iter().map(|line| line.target.as_str()).collect();
        let message: Vec<String> = lines.iter().map(|line| storable(&line.message)).collect();
        // JSON writes NUL in six letters, which jsonb refuses.
        let fields: Vec<String> =
            lines.iter().map(|line| Value::Object(line.fields.clone()).to_string().replace("\\u0000", "")).collect();
        within(async {
            let values: [&(dyn ToSql + Sync); 7] = [&at, &level, &component, &correlation, &target, &message, &fields];
            let added = self.client().await?.execute(ADD, &values).await;
            added.map(drop).map_err(|source| LogsError::Statement { step: "add lines", source })
        })
        .await
    }

    async fn read(&self, filter: &Filter, last: usize) -> Result<Vec<Line>, LogsError> {
        let levels = filter.level.map(Level::and_above);
        let mut values: Vec<&(dyn ToSql + Sync)> = Vec::new();
        let mut conditions = String::from("true");
        let mut add = |condition: &str, value| {
            values.push(value);
            conditions.push_str(&format!(" AND {}", condition.replace('?', &format!("${}", values.len()))));
        };
        if let Some(correlation_id) = &filter.correlation_id {
            add("correlation_id = ?", correlation_id);
        }
        if let Some(component) = &filter.component {
            add("component = ?", component);
        }
        if let Some(levels) = &levels {
            add("level = ANY (?)", levels);
        }
        if let Some(since_us) = &filter.since_us {
            add("at >= timestamptz 'epoch' + ?::bigint * interval '1 microsecond'", since_us);
        }
        let last = last.min(BATCH_MAX);
        let statement =
            format!("SELECT {READ} FROM logs.lines WHERE {conditions} ORDER BY at DESC, id DESC LIMIT {last}");
        within(async {
            let rows = self.client().await?.query(&statement, &values).await;
            let rows = rows.map_err(|source| LogsError::Statement { step: "read lines", source })?;
            rows.iter().rev().map(line).collect()
        })
        .await
    }

    async fn forget(&self, before_us: i64) -> Result<u64, LogsError> {
        let mut forgotten = 0;
        loop {
            let piece = within(async {
                let removed = self.client().await?.execute(FORGET, &[&before_us]).await;
                removed.map_err(|source| LogsError::Statement { step: "forget lines", source })
            });
            match piece.await? {
                0 => return Ok(forgotten),
                removed => forgotten += removed,
            }
        }
    }

    async fn forget_named(&self, id: Uuid) -> Result<u64, LogsError> {
        let removed = self.client().await?.execute(FORGET_NAMED, &[&id.to_string()]).await;
        removed.map_err(|source| LogsError::Statement { step: "forget lines", source })
    }
}

/// Postgres keeps no NUL in a text.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn line(row: &Row) -> Result<Line, LogsError> {
    let read = |source| LogsError::Statement { step: "read a line", source };
    let level: String = row.try_get("level").map_err(read)?;
    let fields: String = row.try_get("fields").map_err(read)?;
    let fields: Map<String, Value> =
        serde_json::from_str(&fields).map_err(|_| LogsError::Malformed("its fields are no object"))?;
    Ok(Line {
        at_us: row.try_get("at").map_err(read)?,
        level: Level::parse(&level).ok_or(LogsError::Malformed("its level is unknown"))?,
        component: row.try_get("component").map_err(read)?,
        correlation_id: row.try_get("correlation_id").map_err(read)?,
        target: row.try_get("target").map_err(read)?,
        message: row.try_get("message").map_err(read)?,
        fields,
    })
}
