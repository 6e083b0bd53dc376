//! What was written and felt on days.

use super::entries::LIVE;
use crate::bindings::exports::mindflow::query::reads::{CalendarDay, MoodCount, RecordedMood};
use crate::statement::Statement;
use jiff::civil::Date;
use mindflow_events::Mood;
use mindflow_guest::{
    call::Error,
    failure::internal,
    params,
    sql::{self, Row, Time},
};
use serde::Deserialize;
use uuid::Uuid;

/// Of recorded moods, the latest: three a day of a year.
const RECORDED_MAX: i64 = 1_000;
/// The day of a recorded mood `r`.
const FELT_ON: &str = "COALESCE(r.date, (r.recorded_at AT TIME ZONE INTERVAL '0')::date)";
const FELT: &str = "r.user_id = $1 AND r.taken_back_at IS NULL";

/// The days between these, both included, that have an entry or a recorded mood.
pub fn calendar(user: Uuid, from: Date, to: Date) -> Statement {
    let text = format!(
        "WITH written AS (
            SELECT j.entry_date AS day, count(*) AS entries, sum(j.word_count)::bigint AS words
            FROM query.journals_view j WHERE {LIVE} AND j.entry_date BETWEEN $2::date AND $3::date
            GROUP BY j.entry_date
        ), felt AS (
            SELECT m.day, m.mood, count(*) AS count
            FROM (
                SELECT j.entry_date AS day, j.mood FROM query.journals_view j
                WHERE {LIVE} AND j.mood IS NOT NULL AND j.entry_date BETWEEN $2::date AND $3::date
                UNION ALL
                SELECT {FELT_ON}, r.mood FROM query.moods_view r WHERE {FELT} AND {FELT_ON} BETWEEN $2::date AND $3::date
            ) m
            GROUP BY m.day, m.mood
        ), moods AS (
            SELECT f.day, jsonb_agg(jsonb_build_object('mood', f.mood, 'count', f.count) ORDER BY f.count DESC, f.mood) AS moods
            FROM felt f GROUP BY f.day
        )
        SELECT COALESCE(w.day, m.day) AS day, COALESCE(w.entries, 0) AS entries, COALESCE(w.words, 0) AS words,
            COALESCE(m.moods, '[]') AS moods
        FROM written w FULL JOIN moods m ON m.day = w.day
        ORDER BY 1"
    );
    Statement { text, params: params![user, sql::Date(from), sql::Date(to)] }
}

pub fn day(row: &Row<'_>) -> Result<CalendarDay, Error> {
    #[derive(Deserialize)]
    struct Counted {
        mood: Mood,
        count: u32,
    }
    let moods: Vec<Counted> = serde_json::from_str(&row.get::<String>("moods")?).map_err(internal)?;
    Ok(CalendarDay {
        date: row.get::<sql::Date>("day")?.to_string(),
        entries: row.get("entries")?,
        words: row.get("words")?,
        moods: moods.into_iter().map(|Counted { mood, count }| MoodCount { mood: mood.into(), count }).collect(),
    })
}

/// Moods that were recorded on the days between these, both included, the latest first.
pub fn recorded_moods(user: Uuid, from: Date, to: Date) -> Statement {
    let text = format!(
        "SELECT r.mood_id, r.mood, r.note, r.recorded_at, {FELT_ON} AS date FROM query.moods_view r
        WHERE {FELT} AND {FELT_ON} BETWEEN $2::date AND $3::date
        ORDER BY r.recorded_at DESC, r.mood_id DESC LIMIT $4::bigint"
    );
    Statement { text, params: params![user, sql::Date(from), sql::Date(to), RECORDED_MAX] }
}

pub fn recorded_mood(row: &Row<'_>) -> Result<RecordedMood, Error> {
    Ok(RecordedMood {
        id: row.get("mood_id")?,
        mood: row.get::<Mood>("mood")?.into(),
        note: row.get("note")?,
        at: row.get::<Time>("recorded_at")?.0,
        date: row.get::<sql::Date>("date")?.to_string(),
    })
}
