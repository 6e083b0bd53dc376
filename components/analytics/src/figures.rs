//! The statements of the figures. Averages are of exact decimals, rounded to four places, so that they do not depend on
//! the order of rows.

use crate::{bindings::exports::mindflow::analytics::figures::Granularity, statement::Statement};
use jiff::civil::Date;
use mindflow_guest::{params, sql};
use uuid::Uuid;

/// The unit of `date_trunc`.
pub fn unit(granularity: Granularity) -> &'static str {
    match granularity {
        Granularity::Day => "day",
        Granularity::Week => "week",
        Granularity::Month => "month",
    }
}

/// Rows `(day date, mood text, count bigint, average double precision or null)`: the moods of entries on the
/// entries' own dates, and those recorded alone on their days in UTC. Days without one are absent.
pub fn mood_trends(user: Uuid, from: Date, to: Date) -> Statement {
    let text =
        "SELECT m.day, m.mood, count(*) AS count, round(avg(m.sentiment::numeric), 4)::double precision AS average
        FROM (
            SELECT e.entry_date AS day, e.mood, s.sentiment
            FROM analytics.entries e
            LEFT JOIN analytics.sentiments s ON s.entry_id = e.entry_id AND s.user_id = $1
            WHERE e.user_id = $1 AND e.is_live AND e.mood IS NOT NULL AND e.entry_date BETWEEN $2::date AND $3::date
            UNION ALL
            SELECT (r.felt_at AT TIME ZONE 'UTC')::date, r.mood, NULL
            FROM analytics.moods r
            WHERE r.user_id = $1 AND r.felt_at >= $2::date::timestamp AT TIME ZONE 'UTC'
                AND r.felt_at < ($3::date + 1)::timestamp AT TIME ZONE 'UTC'
        ) m
        GROUP BY m.day, m.mood";
    Statement { text: text.to_owned(), params: params![user, sql::Date(from), sql::Date(to)] }
}

/// Rows `(period date, average double precision, entries bigint)` of the entries that have a sentiment, by
/// the first day of each period. Periods without one are absent.
pub fn sentiment_trend(user: Uuid, from: Date, to: Date, granularity: Granularity) -> Statement {
    let text = "SELECT date_trunc($4::text, e.entry_date::timestamp)::date AS period,
            round(avg(s.sentiment::numeric), 4)::double precision AS average, count(*) AS entries
        FROM analytics.entries e
        JOIN analytics.sentiments s ON s.entry_id = e.entry_id AND s.user_id = $1 AND s.sentiment IS NOT NULL
        WHERE e.user_id = $1 AND e.is_live AND e.entry_date BETWEEN $2::date AND $3::date
        GROUP BY 1
        ORDER BY 1";
    Statement { text: text.to_owned(), params: params![user, sql::Date(from), sql::Date(to), unit(granularity)] }
}

/// Rows `(day date, by_hour bigint[24], words bigint, today date)`: the days on which the user wrote, by when entries were
/// begun on the clock of the user's present time zone, how many in each hour, and what day it is there; UTC for a user
/// whose account is not known yet.
pub fn writing(user: Uuid, now: sql::Time) -> Statement {
    let text = "SELECT w.day, w.by_hour, w.words,
            (SELECT ($2::timestamptz AT TIME ZONE COALESCE(max(a.timezone), 'UTC'))::date FROM analytics.accounts a
                WHERE a.user_id = $1) AS today
        FROM analytics.writing_days w
        WHERE w.user_id = $1
        ORDER BY w.day";
    Statement { text: text.to_owned(), params: params![user, now] }
}

/// One row `(users, active_users, entries, analyses)`, each bigint, of all users: for administrators, whom
/// the caller has checked. Users are all there are; active is who logged in, wrote or felt something since
/// then; entries are those begun since then that are not deleted; analyses are those made since then.
/// `since` is the midnight in UTC with which `from` begins.
pub fn platform(from: Date, since: sql::Time) -> Statement {
    let text = "SELECT
            (SELECT count(*) FROM analytics.accounts) AS users,
            (SELECT count(DISTINCT a.user_id) FROM analytics.active a
                WHERE a.day >= $1::date AND a.kind IN ('login', 'entry', 'deletion', 'mood')) AS active_users,
            (SELECT count(*) FROM analytics.entries e WHERE e.is_live AND e.written_at >= $2::timestamptz) AS entries,
            (SELECT COALESCE(sum(a.facts), 0)::bigint FROM analytics.active a
                WHERE a.day >= $1::date AND a.kind = 'analysis') AS analyses";
    Statement { text: text.to_owned(), params: params![sql::Date(from), since] }
}

/// Rows `(day date, entries bigint)` of all users, by the days in UTC on which entries were begun that are
/// not deleted. Days without one are absent.
pub fn entries_per_day(since: sql::Time) -> Statement {
    let text = "SELECT (e.written_at AT TIME ZONE 'UTC')::date AS day, count(*) AS entries
        FROM analytics.entries e
        WHERE e.is_live AND e.written_at >= $1::timestamptz
        GROUP BY 1";
    Statement { text: text.to_owned(), params: params![since] }
}
