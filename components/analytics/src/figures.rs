//! The statements of the figures. Averages are of exact decimals, rounded to four places, so that they do not depend on
//! the order of rows.

use crate::{
    bindings::exports::mindflow::analytics::figures::Granularity, statement::Statement, zone_clock::ZoneClock,
};
use jiff::civil::Date;
use mindflow_guest::{params, sql};
use uuid::Uuid;

/// Whether what these marks are of has been counted (`mindflow_guest::own_writes`). Of tags, drafts and journals nothing is counted.
pub const SHOWN: &str = "SELECT NOT EXISTS (
        SELECT FROM unnest($1::text[], $2::uuid[], $3::bigint[]) AS mark (kind, id, sequence)
        WHERE mark.sequence > COALESCE(CASE mark.kind
            WHEN 'entry' THEN (SELECT e.sequence FROM analytics.entries e WHERE e.entry_id = mark.id)
            WHEN 'mood' THEN COALESCE((SELECT 2 FROM analytics.moods_taken_back t WHERE t.mood_id = mark.id),
                (SELECT 1 FROM analytics.moods m WHERE m.mood_id = mark.id))
            WHEN 'user' THEN (SELECT a.sequence FROM analytics.accounts a WHERE a.user_id = mark.id)
            ELSE mark.sequence END, 0)
    ) AS shown";

/// The unit of `date_trunc`, which cuts dates and knows no zones.
pub fn unit(granularity: Granularity) -> &'static str {
    match granularity {
        Granularity::Day => "day",
        Granularity::Week => "week",
        Granularity::Month => "month",
    }
}

/// Rows `(day date, mood text, count bigint, average double precision or null)`: the moods of entries on the
/// entries' own dates, and those recorded alone on the days that they were recorded on. Days without one are absent.
pub fn mood_trends(user: Uuid, from: Date, to: Date) -> Statement {
    let text =
        "SELECT m.day, m.mood, count(*) AS count, round(avg(m.sentiment::numeric), 4)::double precision AS average
        FROM (
            SELECT e.entry_date AS day, e.mood, s.sentiment
            FROM analytics.entries e
            LEFT JOIN analytics.sentiments s ON s.entry_id = e.entry_id AND s.user_id = $1
            WHERE e.user_id = $1 AND e.is_live AND e.mood IS NOT NULL AND e.entry_date BETWEEN $2::date AND $3::date
            UNION ALL
            SELECT COALESCE(r.felt_on, (r.felt_at AT TIME ZONE INTERVAL '0')::date), r.mood, NULL
            FROM analytics.moods r
            WHERE r.user_id = $1
                AND COALESCE(r.felt_on, (r.felt_at AT TIME ZONE INTERVAL '0')::date) BETWEEN $2::date AND $3::date
                AND NOT EXISTS (SELECT FROM analytics.moods_taken_back t WHERE t.mood_id = r.mood_id)
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

/// Rows `(longest bigint, current bigint, weekday bigint, hour bigint, entries bigint, words bigint)`: how much was begun in each
/// hour of each day of the week, Monday being 1, on that clock; and in each of them the streaks, which are runs of days that
/// entries are about. The last four are null when nothing was begun on the clock; no row when there is no entry.
///
/// A run goes on when it ends today or yesterday. What is dated later than today counts for the longest alone.
pub fn writing(user: Uuid, clock: ZoneClock, today: Date) -> Statement {
    let text = "WITH clock AS (
            SELECT to_timestamp(c.begins) AS begins, to_timestamp(c.ends) AS ends, c.ahead * INTERVAL '1 second' AS ahead
            FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS c (begins, ends, ahead)
        ), hours AS (
            SELECT date_part('isodow', l.at)::bigint AS weekday, date_part('hour', l.at)::bigint AS hour,
                count(*) AS entries, sum(l.words)::bigint AS words
            FROM clock c CROSS JOIN LATERAL (
                SELECT e.written_at AT TIME ZONE c.ahead AS at, e.words FROM analytics.entries e
                WHERE e.user_id = $1 AND e.is_live AND e.written_at >= c.begins AND e.written_at < c.ends
                OFFSET 0
            ) l
            GROUP BY 1, 2
        ), runs AS (
            SELECT min(d.day) AS first, max(d.day) AS last
            FROM (
                SELECT e.entry_date AS day, e.entry_date - (row_number() OVER (ORDER BY e.entry_date))::integer AS run
                FROM (SELECT DISTINCT entry_date FROM analytics.entries WHERE user_id = $1 AND is_live) e
            ) d
            GROUP BY d.run
        ), streaks AS (
            SELECT max(r.last - r.first + 1)::bigint AS longest,
                COALESCE(max(LEAST(r.last, $5::date) - r.first + 1)
                    FILTER (WHERE r.first <= $5::date AND r.last >= $5::date - 1), 0)::bigint AS current
            FROM runs r
        )
        SELECT s.longest, s.current, h.weekday, h.hour, h.entries, h.words
        FROM streaks s LEFT JOIN hours h ON true
        WHERE s.longest IS NOT NULL";
    let ZoneClock { begins, ends, ahead } = clock;
    Statement { text: text.to_owned(), params: params![user, begins, ends, ahead, sql::Date(today)] }
}

/// Rows of `analytics.active` that are of users who logged in, wrote or felt something.
const ACTIVE: &str = "a.kind IN ('login', 'entry', 'deletion', 'mood')";

/// One row `(users, active_users)`, each bigint, of all users: for administrators, whom the caller has checked.
/// Users are all there are; active is who logged in, wrote or felt something since that day in UTC.
pub fn platform(from: Date) -> Statement {
    let text = format!(
        "SELECT
            (SELECT count(*) FROM analytics.accounts) AS users,
            (SELECT count(DISTINCT a.user_id) FROM analytics.active a
                WHERE a.day >= $1::date AND {ACTIVE}) AS active_users"
    );
    Statement { text, params: params![sql::Date(from)] }
}

/// Rows `(series text, day date, count bigint)` of all users, by days in UTC; days without any are absent.
///
/// - `entries`: those begun on the day that are not deleted;
/// - `active_users`: who logged in, wrote or felt something;
/// - `analyses`: those made on the day;
/// - `registrations`: accounts whose first event was on the day. An account's later events are changes of it.
///
/// `since` is the midnight in UTC with which `from` begins.
pub fn platform_per_day(from: Date, since: sql::Time) -> Statement {
    let text = format!(
        "SELECT 'entries'::text AS series, (e.written_at AT TIME ZONE 'UTC')::date AS day, count(*) AS count
        FROM analytics.entries e
        WHERE e.is_live AND e.written_at >= $2::timestamptz
        GROUP BY 2
        UNION ALL
        SELECT 'active_users', a.day, count(DISTINCT a.user_id)
        FROM analytics.active a
        WHERE a.day >= $1::date AND {ACTIVE}
        GROUP BY a.day
        UNION ALL
        SELECT 'analyses', a.day, sum(a.facts)::bigint
        FROM analytics.active a
        WHERE a.day >= $1::date AND a.kind = 'analysis'
        GROUP BY a.day
        UNION ALL
        SELECT 'registrations', r.day, count(*)
        FROM (
            SELECT min(a.day) AS day FROM analytics.active a WHERE a.kind = 'account' GROUP BY a.user_id
        ) r
        WHERE r.day >= $1::date
        GROUP BY r.day"
    );
    Statement { text, params: params![sql::Date(from), since] }
}
