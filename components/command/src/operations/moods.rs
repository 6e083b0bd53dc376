//! Recording a mood on its own, without an entry.

use super::Request;
use crate::bindings::exports::mindflow::command::journal as wit;
use crate::store::{DATABASE, entries};
use crate::validation;
use mindflow_events::{Date, Mood, MoodRecorded, Time};
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::journal::Mark;
use mindflow_guest::sql::transaction;
use mindflow_guest::{clock, id};

pub async fn record(
    context: &CallContext,
    mood: wit::Mood,
    note: Option<&str>,
    at: Option<i64>,
) -> Result<wit::MoodRecord, Error> {
    let request = Request::begin(context).await?;
    let (note, at) = validation::mood_record(note, at, request.now_us).map_err(Error::Invalid)?;
    let (id, known_mood) = (id::new(request.now_us), Mood::from(mood));
    let date = Date(clock::day_of(&request.caller.time_zone(), at));
    let recorded =
        MoodRecorded { mood_id: id, user_id: request.user_id, mood: known_mood, note, at: Time(at), date: Some(date) };
    transaction(DATABASE, &request.caller.identity(), async |tx| {
        entries::record_mood(tx, &recorded).await?;
        tx.publish(request.events.mood_recorded(recorded.clone())?).await?;
        Ok(())
    })
    .await?;
    Ok(wit::MoodRecord {
        id: id.to_string(),
        mood,
        note: recorded.note,
        at,
        date: date.to_string(),
        mark: Mark::mood(id),
    })
}
