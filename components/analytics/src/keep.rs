//! An event's fact and its roll-ups in one statement, then the cache.
//!
//! The fact's id makes a redelivery change nothing, in the roll-ups as well. The steps after the commit are repeated for
//! a redelivered event, so that an interrupted handler is completed.

use crate::{
    DATABASE,
    fact::{self, Fact, Kind},
    statement::Statement,
};
use futures::{future::try_join_all, try_join};
use mindflow_guest::{
    cache::{self, Owner},
    call::Error,
    events::{Event, Failure},
    params,
    sql::{self, Identity},
};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The statement of every fact: the row, and the count of its day unless the database maintains it.
const APPEND: &str = "WITH fact AS (
        INSERT INTO analytics.facts
            (event_id, occurred_at, kind, user_id, subject_id, sequence, entry_sequence, mood, words, sentiment, written_at, entry_date, timezone)
        VALUES ($1::uuid, $2::timestamptz, $3::text, $4::uuid, $5::uuid, $6::bigint, $7::bigint, $8::text, $9::bigint,
            $10::double precision, $11::timestamptz, $12::date, $13::text)
        ON CONFLICT DO NOTHING
        RETURNING true
    ), counted AS (
        INSERT INTO analytics.activity AS a (day, user_id, kind, facts)
        SELECT ($2::timestamptz AT TIME ZONE 'UTC')::date, $4::uuid, $3::text, 1 FROM fact WHERE NOT analytics.counts_by_itself()
        ON CONFLICT (day, user_id, kind) DO UPDATE SET facts = a.facts + 1
    )";

const ACCOUNT: &str = "INSERT INTO analytics.accounts AS a (user_id, timezone, sequence)
    SELECT $4::uuid, $13::text, $6::bigint FROM fact
    ON CONFLICT (user_id) DO UPDATE SET timezone = excluded.timezone, sequence = excluded.sequence
    WHERE excluded.sequence > a.sequence";

const MOOD: &str = "INSERT INTO analytics.moods (mood_id, user_id, mood, felt_at, felt_on)
    SELECT $5::uuid, $4::uuid, $8::text, $11::timestamptz, $12::date FROM fact
    ON CONFLICT DO NOTHING";

const TAKEN_BACK: &str =
    "INSERT INTO analytics.moods_taken_back (mood_id, user_id) VALUES ($1::uuid, $2::uuid) ON CONFLICT DO NOTHING";

/// A deletion's figures are all null.
const ENTRY: &str = "INSERT INTO analytics.entries AS e (entry_id, user_id, sequence, is_live, mood, words, written_at, entry_date)
    SELECT $5::uuid, $4::uuid, $6::bigint, $3::text = 'entry', $8::text, $9::bigint, $11::timestamptz, $12::date FROM fact
    ON CONFLICT (entry_id) DO UPDATE SET sequence = excluded.sequence, is_live = excluded.is_live, mood = excluded.mood,
        words = excluded.words, written_at = excluded.written_at, entry_date = excluded.entry_date
    WHERE excluded.sequence > e.sequence";

/// An edit makes earlier sentiments void, an analysis of the edited text makes the edit's place its own.
const SENTIMENT: &str = "INSERT INTO analytics.sentiments AS s (entry_id, user_id, entry_sequence, sequence, sentiment)
    SELECT $5::uuid, $4::uuid, $7::bigint, CASE $3::text WHEN 'entry' THEN 0 ELSE $6::bigint END, $10::double precision
    FROM fact WHERE $7::bigint IS NOT NULL
    ON CONFLICT (entry_id) DO UPDATE SET
        entry_sequence = excluded.entry_sequence, sequence = excluded.sequence, sentiment = excluded.sentiment
    WHERE (excluded.entry_sequence, excluded.sequence) > (s.entry_sequence, s.sequence)";

/// The facts of one event, or of those of a batch, in one transaction.
pub async fn handle(events: &[Event]) -> Result<(), Failure> {
    let facts = facts_of(events)?;
    if facts.is_empty() {
        return Ok(());
    }
    Ok(keep(&facts).await?)
}

/// In the order of their users, so that two batches with facts of the same users wait for each other instead of both failing.
/// A user's account comes first: a new time zone locks the user's days exclusively. Two
/// transactions that have the days shared already, each for an entry, would wait for each other there.
fn facts_of(events: &[Event]) -> Result<Vec<Fact>, Failure> {
    let mut facts = Vec::with_capacity(events.len());
    for event in events {
        facts.extend(fact::of(event)?);
    }
    facts.sort_by_key(|fact| (fact.user_id, fact.kind != Kind::Account));
    Ok(facts)
}

async fn keep(facts: &[Fact]) -> Result<(), Error> {
    let statements: Vec<Statement> = facts.iter().map(statement).collect();
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let executed = statements.iter().map(|Statement { text, params }| tx.execute(text, params.clone()));
        Ok(sql::all(executed).await?)
    })
    .await?;
    let users: BTreeSet<Uuid> = facts.iter().map(|fact| fact.user_id).collect();
    let of_users = users.into_iter().map(async |user| cache::renew(&Owner::figures(user)).await);
    try_join!(try_join_all(of_users), async { cache::renew(&Owner::platform_figures()).await })?;
    Ok(())
}

/// Appends the fact and updates its roll-ups, for every order of facts.
pub fn statement(fact: &Fact) -> Statement {
    let text = match fact.kind {
        Kind::Account => format!("{APPEND} {ACCOUNT}"),
        Kind::Login => format!("{APPEND} SELECT FROM fact"),
        Kind::Entry => format!("{APPEND}, entry AS ({ENTRY}) {SENTIMENT}"),
        Kind::Deletion => format!("{APPEND} {ENTRY}"),
        Kind::Mood => format!("{APPEND} {MOOD}"),
        Kind::MoodTakenBack => {
            return Statement { text: TAKEN_BACK.to_owned(), params: params![fact.subject_id, fact.user_id] };
        }
        Kind::Analysis => format!("{APPEND} {SENTIMENT}"),
    };
    let figures = fact.figures.clone();
    let params = params![
        fact.event_id,
        fact.occurred_at,
        fact.kind.word(),
        fact.user_id,
        fact.subject_id,
        fact.sequence,
        figures.entry_sequence,
        figures.mood,
        figures.words,
        figures.sentiment,
        figures.written_at,
        figures.entry_date,
        figures.timezone,
    ];
    Statement { text, params }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database_tests::kit::{USER, account, deleted, written};

    #[test]
    fn a_users_account_comes_before_the_users_entries() {
        let renamed = mindflow_events::Kind::UserUpdated;
        let events = [
            written(1, 1, None, "CALM", 3),
            account(renamed, 2, USER, "Asia/Tokyo"),
            written(2, 1, None, "SAD", 4),
            deleted(1, 2),
        ];
        let kinds: Vec<_> = facts_of(&events).unwrap().iter().map(|fact| fact.kind).collect();
        assert_eq!(kinds, [Kind::Account, Kind::Entry, Kind::Entry, Kind::Deletion]);
    }
}
