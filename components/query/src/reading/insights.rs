//! What is gathered from many entries: the newest insights, tags with their counts, moods over time.

use crate::bindings::exports::mindflow::query::reads::{Insight, Mood, MoodPoint, Tag};
use crate::calendar::{days_before, midnight_us};
use crate::statement::Statement;
use crate::vocabulary::Word;
use jiff::civil::Date;
use mindflow_guest::{
    call::Error,
    failure::internal,
    params,
    sql::{self, Row, Rows, Time},
};
use serde::Deserialize;
use uuid::Uuid;

/// As many analyses as insights are asked for are enough: only theirs are unfolded.
pub fn newest(user: Uuid, limit: u32) -> Statement {
    let text = "WITH newest AS (
            SELECT a.entry_id FROM query.analyses_view a
            JOIN query.journals_view j ON j.entry_id = a.entry_id AND j.user_id = $1 AND j.deleted_at IS NULL
            WHERE a.user_id = $1 AND a.status = 'READY' AND a.insights <> '[]'
            ORDER BY a.completed_at DESC, a.entry_id
            LIMIT $2
        )
        SELECT i.id, i.entry_id, i.text, i.kind, i.created_at
        FROM newest n
        JOIN query.insights_view i ON i.entry_id = n.entry_id AND i.user_id = $1
        ORDER BY i.created_at DESC, i.entry_id, i.position
        LIMIT $2";
    Statement { text: text.to_owned(), params: params![user, limit] }
}

pub fn insight(row: &Row<'_>) -> Result<Insight, Error> {
    Ok(Insight {
        id: row.get("id")?,
        entry_id: row.get("entry_id")?,
        text: row.get("text")?,
        kind: row.get("kind")?,
        created_at: row.get::<Time>("created_at")?.0,
    })
}

/// An entry's insights, from `analyses_view.insights`.
pub fn of(json: &str, entry_id: &str, completed_at: i64) -> Result<Vec<Insight>, Error> {
    #[derive(Deserialize)]
    struct Text {
        id: String,
        text: String,
        kind: String,
    }
    let texts: Vec<Text> = serde_json::from_str(json).map_err(internal)?;
    Ok(texts
        .into_iter()
        .map(|Text { id, text, kind }| Insight {
            id,
            entry_id: entry_id.to_owned(),
            text,
            kind,
            created_at: completed_at,
        })
        .collect())
}

pub fn tags(user: Uuid) -> Statement {
    let text = "SELECT g.tag_id, g.name, COALESCE(c.entries, 0) AS entries
        FROM query.tags_view g
        LEFT JOIN (SELECT tag_id, count(*) AS entries FROM query.entry_tags WHERE user_id = $1 GROUP BY tag_id) c ON c.tag_id = g.tag_id
        WHERE g.user_id = $1
        ORDER BY lower(g.name), g.tag_id";
    Statement { text: text.to_owned(), params: params![user] }
}

pub fn tag(row: &Row<'_>) -> Result<Tag, Error> {
    Ok(Tag { id: row.get("tag_id")?, name: row.get("name")?, entry_count: row.get("entries")? })
}

pub fn tag_counts(user: Uuid, ids: Vec<Uuid>) -> Statement {
    let text = "SELECT tag_id, count(*) AS entries FROM query.entry_tags WHERE user_id = $1 AND tag_id = ANY ($2::uuid[]) GROUP BY tag_id";
    Statement { text: text.to_owned(), params: params![user, ids] }
}

/// The last `days` days, today included, and tomorrow: east of Greenwich an entry's date may be a day ahead of UTC.
pub fn mood_trends(user: Uuid, today: Date, days: u32) -> Statement {
    let from = days_before(today, days.saturating_sub(1));
    let to = today.tomorrow().unwrap_or(today);
    let text = "SELECT m.day, m.mood, count(*) AS count, avg(m.sentiment) AS sentiment
        FROM (
            SELECT j.entry_date AS day, j.mood, a.sentiment
            FROM query.journals_view j
            LEFT JOIN query.analyses_view a ON a.entry_id = j.entry_id AND a.user_id = $1 AND a.status = 'READY'
            WHERE j.user_id = $1 AND j.deleted_at IS NULL AND j.mood IS NOT NULL AND j.entry_date BETWEEN $2::date AND $3::date
            UNION ALL
            SELECT (r.recorded_at AT TIME ZONE 'UTC')::date, r.mood, NULL
            FROM query.moods_view r
            WHERE r.user_id = $1 AND r.recorded_at >= $4::timestamptz
        ) m
        GROUP BY m.day, m.mood
        ORDER BY m.day, m.mood";
    Statement { text: text.to_owned(), params: params![user, sql::Date(from), sql::Date(to), Time(midnight_us(from))] }
}

/// Oldest first; the moods of a day in the contract's order.
pub fn mood_points(rows: &Rows) -> Result<Vec<MoodPoint>, Error> {
    let mut points: Vec<MoodPoint> = rows
        .iter()
        .map(|row| {
            let sql::Date(day) = row.get("day")?;
            let word: String = row.get("mood")?;
            let mood = Mood::parse(&word).ok_or_else(|| internal(format!("the database holds the mood {word:?}")))?;
            Ok(MoodPoint {
                date: day.to_string(),
                mood,
                count: row.get("count")?,
                average_sentiment: row.get("sentiment")?,
            })
        })
        .collect::<Result<_, Error>>()?;
    points.sort_by(|one, other| (&one.date, one.mood).cmp(&(&other.date, other.mood)));
    Ok(points)
}
