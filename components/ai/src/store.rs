//! What was said about which entry, and the events that say it: one transaction, so that neither is ever
//! without the other.

use crate::{
    entry::Entry,
    verdict::{Outcome, Reason},
};
use mindflow_guest::{
    call,
    clock::rfc3339,
    events::{Delivery, Event, NewEvent},
    params,
    sql::{self, Abort, Identity, Time},
};
use serde::Serialize;
use uuid::Uuid;

/// The write database, as the manifest names it.
const DATABASE: &str = "write";

/// Nothing more is to be said about this state of the entry: it was said, or a newer state was spoken of.
/// What every attempt failed at is still open.
const SETTLED: &str = "SELECT EXISTS (
        SELECT FROM ai.analyses
        WHERE entry_id = $1::uuid
            AND (entry_sequence > $2::bigint OR (entry_sequence = $2::bigint AND reason IS DISTINCT FROM 'unavailable'))
    ) AS settled";

/// Answers the event's number, or no row when this was said before. Raising the number locks the entry's
/// row, so events of one entry commit in their order.
pub const RECORD: &str = "WITH said AS (
        INSERT INTO ai.analyses AS held (entry_id, entry_sequence, user_id, event_id, status, reason, model, completed_at)
        VALUES ($1::uuid, $2::bigint, $3::uuid, $4::uuid, $5::text, $6::text, $7::text, $8::timestamptz)
        ON CONFLICT (entry_id, entry_sequence) DO UPDATE SET
            event_id = EXCLUDED.event_id, status = EXCLUDED.status, reason = EXCLUDED.reason,
            model = EXCLUDED.model, completed_at = EXCLUDED.completed_at
        WHERE held.reason = 'unavailable' AND EXCLUDED.reason IS DISTINCT FROM 'unavailable'
        RETURNING entry_id, user_id
    )
    INSERT INTO ai.entries AS counted (entry_id, user_id, event_sequence)
    SELECT entry_id, user_id, 1 FROM said
    ON CONFLICT (entry_id) DO UPDATE SET event_sequence = counted.event_sequence + 1
    RETURNING event_sequence";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InsightsGenerated<'a> {
    journal_id: Uuid,
    user_id: Uuid,
    entry_sequence: u64,
    sentiment: Option<f64>,
    themes: &'a [String],
    insights: Vec<InsightTold<'a>>,
    model: &'a str,
    completed_at: String,
}

#[derive(Serialize)]
struct InsightTold<'a> {
    id: Uuid,
    text: &'a str,
    kind: crate::analysis::Kind,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AnalysisFailed {
    journal_id: Uuid,
    user_id: Uuid,
    entry_sequence: u64,
    reason: &'static str,
}

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

/// Remembers the outcome and publishes its event, or does neither when that was done before. With a
/// delivery, the event that asked for it counts as applied from then on.
pub async fn record(
    cause: &Event,
    applied: Option<&Delivery>,
    entry: &Entry,
    outcome: &Outcome,
    now_us: i64,
) -> Result<(), call::Error> {
    let (status, reason, model) = match outcome {
        Outcome::Ready(analysis) => ("ready", None, Some(analysis.model.as_str())),
        Outcome::Failed(reason) => ("failed", Some(reason.word()), None),
    };
    let event_id: Uuid =
        cause.id.parse().map_err(|_| call::Error::Internal(format!("event id {:?} is no UUID", cause.id)))?;
    let write = async |tx: &sql::Tx| {
        let said = params![entry.id, entry.sequence, entry.user_id, event_id, status, reason, model, Time(now_us)];
        let Some(sequence) = tx.query(RECORD, said).await?.first().map(|row| row.get("event_sequence")).transpose()?
        else {
            return Ok(());
        };
        let event = announce(cause, entry, outcome, sequence, now_us)
            .map_err(|error| Abort::Call(call::Error::Internal(error.to_string())))?;
        tx.publish(event).await?;
        Ok(())
    };
    match applied {
        Some(delivery) => sql::once(DATABASE, &Identity::Service, cause, delivery, write).await.map(drop),
        None => sql::transaction(DATABASE, &Identity::Service, write).await,
    }
}

fn announce(
    cause: &Event,
    entry: &Entry,
    outcome: &Outcome,
    sequence: u64,
    now_us: i64,
) -> serde_json::Result<NewEvent> {
    let (event_type, payload) = match outcome {
        Outcome::Ready(analysis) => {
            let told = InsightsGenerated {
                journal_id: entry.id,
                user_id: entry.user_id,
                entry_sequence: entry.sequence,
                sentiment: analysis.sentiment,
                themes: &analysis.themes,
                insights: analysis
                    .insights
                    .iter()
                    .map(|insight| InsightTold { id: Uuid::new_v4(), text: &insight.text, kind: insight.kind })
                    .collect(),
                model: &analysis.model,
                completed_at: rfc3339(now_us),
            };
            ("AIInsightsGenerated", serde_json::to_string(&told)?)
        }
        Outcome::Failed(reason) => ("AIAnalysisFailed", serde_json::to_string(&failed(entry, *reason))?),
    };
    Ok(NewEvent {
        event_type: event_type.to_owned(),
        version: "1.0".to_owned(),
        sequence,
        partition_key: format!("analysis:{}", entry.id),
        correlation_id: cause.correlation_id.clone(),
        traceparent: cause.traceparent.clone(),
        user_id: Some(entry.user_id.to_string()),
        tenant_id: cause.tenant_id.clone(),
        payload,
    })
}

fn failed(entry: &Entry, reason: Reason) -> AnalysisFailed {
    AnalysisFailed {
        journal_id: entry.id,
        user_id: entry.user_id,
        entry_sequence: entry.sequence,
        reason: reason.word(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::{Analysis, Insight, Kind},
        entry::tests::entry,
    };
    use serde_json::{Value, json};

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
    fn insights_are_announced_in_the_shape_that_others_read() {
        let analysis = Analysis {
            sentiment: Some(0.5),
            themes: vec!["rain".into()],
            insights: vec![Insight { kind: Kind::Pattern, text: "It rains.".into() }],
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
                "insights": [{"id": null, "text": "It rains.", "kind": "pattern"}], "model": "claude-x", "completedAt": "1970-01-01T00:00:01.000000Z",
            })
        );
    }

    #[test]
    fn a_failure_is_announced_with_its_reason_and_none_of_the_apis_words() {
        let event = announce(&cause(), &entry("A day", "It rained."), &Outcome::Failed(Reason::Refused), 1, 0).unwrap();
        assert_eq!(event.event_type, "AIAnalysisFailed");
        let payload: Value = serde_json::from_str(&event.payload).unwrap();
        assert_eq!(
            payload,
            json!({"journalId": Uuid::from_u128(1), "userId": Uuid::from_u128(2), "entrySequence": 3, "reason": "refused"})
        );
    }
}
