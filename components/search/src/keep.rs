//! One event, applied to the index. Applying it twice, or after a newer one, changes nothing: the index compares
//! versions. So the whole index is rebuilt by a replay.
//!
//! Words and meaning have separate subscriptions, so that an entry is found by its words even while the model is slow or
//! unavailable.

use crate::{
    INDEX, SERVICE,
    entry::{self, Change},
    failure,
    sharing::{self, Refusal, Terms},
};
use mindflow_events::Erasure;
use mindflow_guest::{
    clock, embeddings, erasing,
    events::{Delivery, Event, Failure},
    search_index::{self, Document},
};

/// How soon a text is sent again to a model that is unavailable: the host restarts its own within seconds. The longer a
/// text waits, the more others wait as well, so the retries become rarer.
const MODEL_AWAY_MS_MIN: i64 = 5_000;
const MODEL_AWAY_MS_MAX: i64 = 600_000;

/// One event, or those of a batch, which are of different entries.
pub async fn words(events: &[Event]) -> Result<(), Failure> {
    let mut documents = Vec::with_capacity(events.len());
    for event in events {
        match entry::change(event)? {
            Some(Change::Upsert { document, .. }) => documents.push(document),
            Some(Change::Delete { id, owner, version }) => {
                search_index::delete(INDEX.into(), id, owner, version).await.map_err(failure::of_keeping)?;
            }
            None => {}
        }
    }
    if !documents.is_empty() {
        search_index::upsert_batch(INDEX.into(), documents).await.map_err(failure::of_keeping)?;
    }
    Ok(())
}

/// A deletion takes the vector along, by the other subscription; without a model, or of an entry that may not go to it, there is
/// nothing to do.
pub async fn meaning(event: &Event) -> Result<(), Failure> {
    let Some(Change::Upsert { mut document, terms }) = entry::change(event)? else { return Ok(()) };
    document.vector = match vector(event, &document, terms).await {
        Ok(vector) => vector,
        Err(Refusal::Stays | Refusal::Model(embeddings::Error::NotConfigured)) => return Ok(()),
        Err(Refusal::Model(embeddings::Error::Unavailable(reason))) => {
            let age_us = clock::now_us().saturating_sub(event.timestamp);
            return Err(Failure::Retry((reason, Some(deferral_ms(age_us)))));
        }
        Err(Refusal::Model(refused)) => return Err(Failure::Reject(format!("{refused:?}"))),
        Err(Refusal::Unknown(error)) => return Err(error.into()),
    };
    let kept = search_index::upsert(INDEX.into(), document).await;
    kept.map_err(|error| failure::of_keeping(error).into())
}

/// The documents of a user, or that of an entry, go with their words and vectors. No version keeps them away, because their ids go, too:
/// what is written late goes the second time.
pub async fn erase(event: &Event, delivery: &Delivery, erasure: Erasure) -> Result<(), Failure> {
    let (owner, id) = (erasure.user_id.to_string(), erasure.entry_id.map(|id| id.to_string()));
    let forgotten = search_index::forget(INDEX.into(), owner, id).await.map_err(failure::of_keeping)?;
    let counts = [(INDEX.to_owned(), forgotten)].into();
    Ok(erasing::report(SERVICE, (event, delivery), erasure, counts).await?)
}

async fn vector(event: &Event, document: &Document, terms: Terms) -> Result<Option<Vec<f32>>, Refusal> {
    let subject = sharing::entry(event, document, terms).await?;
    let text = format!("{}\n\n{}", document.title, document.body);
    Ok(embeddings::embed(subject, vec![text]).await.map_err(Refusal::Model)?.pop())
}

fn deferral_ms(age_us: i64) -> u32 {
    let pause_ms = (age_us / 1_000).clamp(MODEL_AWAY_MS_MIN, MODEL_AWAY_MS_MAX);
    u32::try_from(pause_ms).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_a_text_waits_the_less_often_the_model_is_asked() {
        assert_eq!(deferral_ms(-1), 5_000);
        assert_eq!(deferral_ms(1_000_000), 5_000);
        assert_eq!(deferral_ms(60_000_000), 60_000);
        assert_eq!(deferral_ms(86_400_000_000), 600_000);
    }
}
