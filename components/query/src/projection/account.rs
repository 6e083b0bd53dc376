//! Users, tags and recorded moods: aggregates of their own, one row each.

use super::{
    Plan,
    payload::{self, MoodRecord, TagName, User, Wrong},
};
use crate::statement::Statement;
use crate::vocabulary::Word;
use mindflow_guest::params;

pub fn user(user: User, sequence: i64) -> Result<Plan, Wrong> {
    let created_at = payload::time("createdAt", &user.created_at)?;
    let text = upsert(
        "users_view",
        &[
            ("id", "uuid"),
            ("sequence", "bigint"),
            ("email", "text"),
            ("display_name", "text"),
            ("roles", "text[]"),
            ("timezone", "text"),
            ("created_at", "timestamptz"),
        ],
    );
    let params = params![user.user_id, sequence, user.email, user.display_name, user.roles, user.timezone, created_at];
    Ok(Plan { user_id: user.user_id, statement: Statement { text, params }, notice: None })
}

pub fn tag(tag: TagName, sequence: i64) -> Result<Plan, Wrong> {
    let text =
        upsert("tags_view", &[("tag_id", "uuid"), ("sequence", "bigint"), ("user_id", "uuid"), ("name", "text")]);
    let params = params![tag.tag_id, sequence, tag.user_id, tag.name];
    Ok(Plan { user_id: tag.user_id, statement: Statement { text, params }, notice: None })
}

pub fn mood(record: MoodRecord, sequence: i64) -> Result<Plan, Wrong> {
    let mood = payload::mood(&record.mood)?;
    let recorded_at = payload::time("at", &record.at)?;
    let text = upsert(
        "moods_view",
        &[
            ("mood_id", "uuid"),
            ("sequence", "bigint"),
            ("user_id", "uuid"),
            ("mood", "text"),
            ("note", "text"),
            ("recorded_at", "timestamptz"),
        ],
    );
    let params = params![record.mood_id, sequence, record.user_id, mood.word(), record.note, recorded_at];
    Ok(Plan { user_id: record.user_id, statement: Statement { text, params }, notice: None })
}

/// Writes one row, unless a newer one is there. The columns begin with the id and `sequence`.
fn upsert(view: &str, columns: &[(&str, &str)]) -> String {
    let id = columns.first().map_or("id", |(name, _)| name);
    let list = |form: fn(usize, &(&str, &str)) -> String| {
        columns.iter().enumerate().map(|(at, column)| form(at, column)).collect::<Vec<_>>().join(", ")
    };
    let names = list(|_, (name, _)| (*name).to_owned());
    let values = list(|at, (_, kind)| format!("${}::{kind}", at + 1));
    let changes = list(|_, (name, _)| format!("{name} = EXCLUDED.{name}"));
    format!(
        "WITH written AS (
            INSERT INTO query.{view} AS held ({names}) VALUES ({values})
            ON CONFLICT ({id}) DO UPDATE SET {changes} WHERE held.sequence < EXCLUDED.sequence
            RETURNING 1
        )
        SELECT EXISTS (SELECT FROM written) OR COALESCE((SELECT v.sequence = $2 FROM query.{view} v WHERE v.{id} = $1), true) AS shown"
    )
}
