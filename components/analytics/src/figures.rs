//! How figures are read. Averages are of exact decimals, rounded to four places, so that no order of the
//! rows shows in them.

use crate::Statement;
use jiff::civil::Date;
use mindflow_guest::{params, sql};
use uuid::Uuid;

/// How long a period of a trend is. A week begins on Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granularity {
    Day,
    Week,
    Month,
}

impl Granularity {
    /// The unit of `date_trunc`.
    fn unit(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

/// Rows `(day date, mood text, count bigint, average double precision or null)`: the moods of entries on the
/// entries' own dates, and those recorded alone on their days in UTC. Days without one are absent.
pub fn mood_trends(user: Uuid, from: Date, to: Date) -> Statement {
    let text =
        "SELECT m.day, m.mood, count(*) AS count, round(avg(m.sentiment::numeric), 4)::double precision AS average
        FROM (
            SELECT e.entry_date AS day, e.mood, e.sentiment
            FROM analytics.entries e
            WHERE e.user_id = $1 AND e.mood IS NOT NULL
            UNION ALL
            SELECT (f.written_at AT TIME ZONE 'UTC')::date, f.mood, NULL
            FROM analytics.facts f
            WHERE f.user_id = $1 AND f.kind = 'mood'
        ) m
        WHERE m.day BETWEEN $2::date AND $3::date
        GROUP BY m.day, m.mood
        ORDER BY m.day, m.mood";
    Statement { text: text.to_owned(), params: params![user, sql::Date(from), sql::Date(to)] }
}

/// Rows `(period date, average double precision, entries bigint)` of the entries that have a sentiment, by
/// the first day of each period. Periods without one are absent.
pub fn sentiment_trend(user: Uuid, from: Date, to: Date, granularity: Granularity) -> Statement {
    let text = "SELECT date_trunc($4::text, e.entry_date::timestamp)::date AS period,
            round(avg(e.sentiment::numeric), 4)::double precision AS average, count(*) AS entries
        FROM analytics.entries e
        WHERE e.user_id = $1 AND e.sentiment IS NOT NULL AND e.entry_date BETWEEN $2::date AND $3::date
        GROUP BY 1
        ORDER BY 1";
    Statement { text: text.to_owned(), params: params![user, sql::Date(from), sql::Date(to), granularity.unit()] }
}

/// Rows `(day date, hour integer, entries bigint, words bigint)` by when entries were begun on the clock of
/// the user's present time zone; UTC for a user whose account is not known yet.
pub fn writing(user: Uuid, from: Date, to: Date) -> Statement {
    let text = "SELECT w.at::date AS day, extract(hour FROM w.at)::integer AS hour, count(*) AS entries,
            sum(w.words)::bigint AS words
        FROM (
            SELECT e.words, e.written_at AT TIME ZONE COALESCE(a.timezone, 'UTC') AS at
            FROM analytics.entries e
            LEFT JOIN analytics.accounts a ON a.user_id = e.user_id
            WHERE e.user_id = $1
        ) w
        WHERE w.at::date BETWEEN $2::date AND $3::date
        GROUP BY 1, 2
        ORDER BY 1, 2";
    Statement { text: text.to_owned(), params: params![user, sql::Date(from), sql::Date(to)] }
}

/// One row `(users, active_users, entries, analyses)`, each bigint, of all users: for administrators, whom
/// the caller has checked. Users are all there are; active is who logged in, wrote or felt something since
/// then; entries are those begun since then that are not deleted; analyses are those made since then.
pub fn platform(from: sql::Time) -> Statement {
    let text = "SELECT
            (SELECT count(*) FROM analytics.accounts) AS users,
            (SELECT count(DISTINCT f.user_id) FROM analytics.facts f
                WHERE f.occurred_at >= $1::timestamptz AND f.kind IN ('login', 'entry', 'deletion', 'mood')) AS active_users,
            (SELECT count(*) FROM analytics.entries e WHERE e.written_at >= $1::timestamptz) AS entries,
            (SELECT count(*) FROM analytics.facts f
                WHERE f.occurred_at >= $1::timestamptz AND f.kind = 'analysis') AS analyses";
    Statement { text: text.to_owned(), params: params![from] }
}

/// Rows `(day date, entries bigint)` of all users, by the days in UTC on which entries were begun that are
/// not deleted. Days without one are absent.
pub fn entries_per_day(from: sql::Time) -> Statement {
    let text = "SELECT (e.written_at AT TIME ZONE 'UTC')::date AS day, count(*) AS entries
        FROM analytics.entries e
        WHERE e.written_at >= $1::timestamptz
        GROUP BY 1
        ORDER BY 1";
    Statement { text: text.to_owned(), params: params![from] }
}
