//! Recording a mood on its own, without an entry.

use super::Request;
use crate::bindings::exports::mindflow::command::journal as wit;
use crate::store::{DATABASE, entries};
use crate::validation;
use mindflow_events::Mood;
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::id;
use mindflow_guest::sql::transaction;

pub async fn record(
    context: &CallContext,
    mood: wit::Mood,
    note: Option<&str>,
    at: Option<i64>,
) -> Result<wit::MoodRecord, Error> {
    let request = Request::begin(context).await?;
    let (note, at) = validation::mood_record(note, at, request.now_us).map_err(Error::Invalid)?;
    let (id, known_mood) = (id::new(request.now_us), Mood::from(mood));
    transaction(DATABASE, &request.caller.identity(), async |tx| {
        entries::record_mood(tx, id, request.user_id, known_mood, note.as_deref(), at).await?;
        tx.publish(request.events.mood_recorded(id, known_mood, note.as_deref(), at)?).await?;
        Ok(())
    })
    .await?;
    Ok(wit::MoodRecord { id: id.to_string(), mood, note, at })
}
