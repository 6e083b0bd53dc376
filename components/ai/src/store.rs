//! The outcomes of analyses and their events, written in one transaction.

use crate::{analysis, decision::Outcome, entry::Entry};
use mindflow_events::{AnalysisFailed, Insight, Insights, Payload};
use mindflow_guest::{
    call, event,
    events::{Delivery, Event, NewEvent},
    failure, id, params,
    sql::{self, Abort, Identity, Time},
};

/// The write database, as the manifest names it.
pub const DATABASE: &str = "write";

/// Whether this state of the entry, or a newer one, has an outcome. `unavailable` is not final.
const SETTLED: &str = "SELECT EXISTS (
        SELECT FROM ai.analyses
        WHERE entry_id = $1::uuid
            AND (entry_sequence > $2::bigint OR (entry_sequence = $2::bigint AND reason IS DISTINCT FROM 'unavailable'))
    ) AS settled";

/// Returns the event's sequence, or no row when the outcome was recorded before. Raising the sequence locks the entry's
/// row, so the events of one entry commit in order.
pub const RECORD: &str = "WITH analysed AS (
        INSERT INTO ai.analyses AS held (entry_id, entry_sequence, user_id, event_id, status, reason, model, completed_at)
        VALUES ($1::uuid, $2::bigint, $3::uuid, $4::uuid, $5::text, $6::text, $7::text, $8::timestamptz)
        ON CONFLICT (entry_id, entry_sequence) DO UPDATE SET
            event_id = EXCLUDED.event_id, status = EXCLUDED.status, reason = EXCLUDED.reason,
            model = EXCLUDED.model, completed_at = EXCLUDED.completed_at
        WHERE held.reason = 'unavailable' AND EXCLUDED.reason IS DISTINCT FROM 'unavailable'
        RETURNING entry_id, user_id
    )
    INSERT INTO ai.entries AS counted (entry_id, user_id, event_sequence)
    SELECT entry_id, user_id, 1 FROM analysed
    ON CONFLICT (entry_id) DO UPDATE SET event_sequence = counted.event_sequence + 1
    RETURNING event_sequence";

/// When the entry's turn is: `$1` entry, `$2` user, `$3` now, `$4` microseconds between two of a user's. Of two that ask at the same moment
/// both may have the same one.
pub const TURN: &str = "WITH known AS (SELECT at FROM ai.turns WHERE entry_id = $1::uuid),
    taken AS (
        INSERT INTO ai.turns (entry_id, user_id, at)
        SELECT $1::uuid, $2::uuid, GREATEST($3::timestamptz, $4::bigint * interval '1 microsecond'
            + (SELECT t.at FROM ai.turns t WHERE t.user_id = $2::uuid ORDER BY t.at DESC LIMIT 1))
        WHERE NOT EXISTS (SELECT FROM known)
        ON CONFLICT (entry_id) DO NOTHING
        RETURNING at
    )
    SELECT at FROM known UNION ALL SELECT at FROM taken";
/// Its turn is over.
pub const END_TURN: &str = "DELETE FROM ai.turns WHERE entry_id = $1::uuid";
/// Between two imported entries of a user: about as long as Claude takes for one, so that one of the user's places is left for what is
/// written meanwhile.
const TURN_US: u64 = 10_000_000;

/// Which states of the user's entries, or of one entry, were analysed is deleted.
pub const ERASE: &str = "SELECT ai.erase($1::uuid, $2::uuid) AS counts";

/// Whether the database and the tables are there.
pub async fn reachable() -> Result<(), String> {
    sql::query(DATABASE, Identity::Service, "SELECT entry_id, reason FROM ai.analyses LIMIT 0", Vec::new())
        .await
        .map(drop)
        .map_err(|error| format!("write database: {error:?}"))
}

/// Whether the event can be acknowledged as it is.
pub async fn settled(entry: &Entry) -> Result<bool, call::Error> {
    let rows = sql::query(DATABASE, Identity::Service, SETTLED, params![entry.id, entry.sequence]).await?;
    let row = rows.first().ok_or_else(|| call::Error::Internal("the statement answers no row".into()))?;
    Ok(row.get("settled")?)
}

/// How long the entry waits until it is analysed: not at all, or, where it was imported, for its turn.
pub async fn wait_ms(entry: &Entry, now_us: i64) -> Result<u32, call::Error> {
    if !entry.imported {
        return Ok(0);
    }
    let turn: Option<Time> = sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let rows = tx.query(TURN, params![entry.id, entry.user_id, Time(now_us), TURN_US]).await?;
        Ok(rows.first().map(|row| row.get("at")).transpose()?)
    })
    .await?;
    // Without one, the same entry has taken its turn at this very moment.
    Ok(turn.map_or(1, |at| until_ms(at, now_us)))
}

/// Rounded up, so that it is not before its turn.
fn until_ms(Time(at_us): Time, now_us: i64) -> u32 {
    let us = u64::try_from(at_us.saturating_sub(now_us)).unwrap_or_default();
    u32::try_from(us.div_ceil(1_000)).unwrap_or(u32::MAX)
}

/// What the analysis of an entry came to.
pub struct Analysed<'a> {
    pub cause: &'a Event,
    pub entry: Entry,
    pub outcome: Outcome,
}

/// Stores the outcome and publishes its event, or does neither when that was done before. With a delivery, the cause
/// counts as applied from then on.
pub async fn record(analysed: &Analysed<'_>, applied: Option<&Delivery>, now_us: i64) -> Result<(), call::Error> {
    let write = async |tx: &sql::Tx| write(tx, &[analysed], now_us).await;
    match applied {
        Some(delivery) => sql::once(DATABASE, &Identity::Service, analysed.cause, delivery, write)
            .await
            .map(Option::unwrap_or_default),
        None => sql::transaction(DATABASE, &Identity::Service, write).await,
    }
}

/// The same for several, whose causes count as applied.
pub async fn record_batch(subscription: &str, analysed: &[Analysed<'_>], now_us: i64) -> Result<(), call::Error> {
    let write = async |tx: &sql::Tx, fresh: Vec<&Analysed<'_>>| write(tx, &fresh, now_us).await;
    sql::batch(DATABASE, &Identity::Service, subscription, analysed, |analysed| analysed.cause, write).await
}

async fn write(tx: &sql::Tx, analysed: &[&Analysed<'_>], now_us: i64) -> Result<(), Abort> {
    let mut rows = Vec::with_capacity(analysed.len());
    for Analysed { cause, entry, outcome } in analysed {
        let (status, reason, model) = match outcome {
            Outcome::Ready(analysis) => ("ready", None, Some(analysis.model.as_str())),
            Outcome::Failed(reason) => ("failed", Some(reason.word()), None),
        };
        let event_id = event::id(cause).map_err(failure::internal)?;
        rows.push(params![entry.id, entry.sequence, entry.user_id, event_id, status, reason, model, Time(now_us)]);
    }
    let sequences = sql::all(rows.into_iter().map(|row| tx.query(RECORD, row))).await?;
    let imported = analysed.iter().filter(|analysed| analysed.entry.imported);
    sql::all(imported.map(|analysed| tx.execute(END_TURN, params![analysed.entry.id]))).await?;
    let mut events = Vec::with_capacity(analysed.len());
    for (analysed, recorded) in analysed.iter().zip(&sequences) {
        if let Some(row) = recorded.first() {
            events.push(announce(
                analysed.cause,
                &analysed.entry,
                &analysed.outcome,
                row.get("event_sequence")?,
                now_us,
            )?);
        }
    }
    sql::all(events.into_iter().map(|event| tx.publish(event))).await?;
    Ok(())
}

fn announce(
    cause: &Event,
    entry: &Entry,
    outcome: &Outcome,
    sequence: u64,
    now_us: i64,
) -> Result<NewEvent, call::Error> {
    let payload = match outcome {
        Outcome::Ready(analysis) => Payload::AIInsightsGenerated(Insights {
            entry_id: entry.id,
            user_id: entry.user_id,
            entry_sequence: entry.sequence,
            sentiment: analysis.sentiment,
            themes: analysis.themes.clone(),
            insights: analysis.insights.iter().map(insight).collect(),
            model: analysis.model.clone(),
            completed_at: Time(now_us),
            private: entry.private,
        }),
        Outcome::Failed(reason) => Payload::AIAnalysisFailed(AnalysisFailed {
            entry_id: entry.id,
            user_id: entry.user_id,
            entry_sequence: entry.sequence,
            reason: *reason,
            private: entry.private,
        }),
    };
    event::of_event(cause, &payload, sequence)
}

fn insight(insight: &analysis::Insight) -> Insight {
    Insight {
        id: id::random().to_string(),
        text: insight.text.clone(),
        kind: insight.kind.word().to_owned(),
        quotes: insight.quotes.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::{Analysis, Kind},
        entry::tests::entry,
    };
    use mindflow_events::{FailureReason, Quote};
    use serde_json::{Value, json};
    use uuid::Uuid;

    fn cause() -> Event {
        Event {
            id: Uuid::from_u128(9).to_string(),
            event_type: "JournalEntryCreated".into(),
            version: "1.0".into(),
            timestamp: 0,
            source: "command-service".into(),
            sequence: 3,
            partition_key: "entry:1".into(),
            correlation_id: "corr-1".into(),
            traceparent: Some("00-1-2-01".into()),
            user_id: None,
            tenant_id: None,
            payload: "{}".into(),
        }
    }

    #[test]
    fn an_entry_waits_until_its_turn_and_not_behind_it() {
        assert_eq!(until_ms(Time(5_000_001), 5_000_000), 1);
        assert_eq!(until_ms(Time(15_000_000), 5_000_000), 10_000);
        assert_eq!((until_ms(Time(5), 5), until_ms(Time(5), 6)), (0, 0));
    }

    #[test]
    fn insights_are_announced_in_the_shape_that_others_read() {
        let analysis = Analysis {
            sentiment: Some(0.5),
            themes: vec!["rain".into()],
            insights: vec![analysis::Insight {
                kind: Kind::Pattern,
                text: "It rains.".into(),
                quotes: vec![Quote { text: "It rained".into(), start: 0, end: 9 }],
            }],
            model: "claude-x".into(),
        };
        let event = announce(&cause(), &entry("A day", "It rained."), &Outcome::Ready(analysis), 2, 1_000_000).unwrap();
        assert_eq!((event.event_type.as_str(), event.sequence), ("AIInsightsGenerated", 2));
        assert_eq!(event.partition_key, format!("analysis:{}", Uuid::from_u128(1)));
        assert_eq!((event.correlation_id.as_str(), event.traceparent.as_deref()), ("corr-1", Some("00-1-2-01")));
        assert_eq!(event.user_id, Some(Uuid::from_u128(2).to_string()));
        let mut payload: Value = serde_json::from_str(&event.payload).unwrap();
        let id: Uuid = payload["insights"][0]["id"].take().as_str().unwrap().parse().unwrap();
        assert_eq!(id.get_version_num(), 4);
        assert_eq!(
            payload,
            json!({
                "journalId": Uuid::from_u128(1), "userId": Uuid::from_u128(2), "entrySequence": 3, "sentiment": 0.5, "themes": ["rain"],
                "insights": [{"id": null, "text": "It rains.", "kind": "pattern", "quotes": [{"text": "It rained", "start": 0, "end": 9}]}],
                "model": "claude-x", "completedAt": "1970-01-01T00:00:01.000000Z",
            })
        );
    }

    #[test]
    fn what_is_said_of_a_private_entry_is_known_as_such() {
        let private = Entry { private: true, ..entry("A day", "It rained.") };
        for outcome in [Outcome::Ready(Analysis::of_nothing()), Outcome::Failed(FailureReason::Refused)] {
            let event = announce(&cause(), &private, &outcome, 1, 0).unwrap();
            let payload: Value = serde_json::from_str(&event.payload).unwrap();
            assert_eq!(payload["private"], true, "{payload}");
        }
    }

    #[test]
    fn a_failure_is_announced_with_its_reason_and_none_of_the_apis_words() {
        let event =
            announce(&cause(), &entry("A day", "It rained."), &Outcome::Failed(FailureReason::Refused), 1, 0).unwrap();
        assert_eq!(event.event_type, "AIAnalysisFailed");
        let payload: Value = serde_json::from_str(&event.payload).unwrap();
        assert_eq!(
            payload,
            json!({"journalId": Uuid::from_u128(1), "userId": Uuid::from_u128(2), "entrySequence": 3, "reason": "refused"})
        );
    }
}
