//! Recording a mood on its own, without an entry, and taking it back.

use super::{Request, known_id};
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
        mark: Mark::mood(id, 1),
    })
}

/// It was never there then: what it was goes, and so does it from lists and figures.
pub async fn take_back(context: &CallContext, id: &str) -> Result<Mark, Error> {
    /// Of its second event, which is its last.
    const SEQUENCE: u64 = 2;
    let not_found = || Error::NotFound("There is no such recorded mood.".into());
    let request = Request::begin(context).await?;
    let id = known_id(id, not_found)?;
    transaction(DATABASE, &request.caller.identity(), async |tx| {
        if !entries::take_back_mood(tx, id, request.user_id, request.now_us).await? {
            return Err(not_found().into());
        }
        tx.publish(request.events.mood_taken_back(id, request.now_us, SEQUENCE)?).await?;
        Ok(())
    })
    .await?;
    Ok(Mark::mood(id, SEQUENCE))
}
