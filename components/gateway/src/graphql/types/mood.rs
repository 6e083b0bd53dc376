//! Moods and the figures made of them.

use super::scalars::{Date, DateTime};
use crate::services::{figures, journal, reads};
use async_graphql::{Enum, ID, SimpleObject};

/// A feeling.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "mindflow_guest::journal::Mood")]
pub enum Mood {
    /// Glad.
    Happy,
    /// At peace.
    Calm,
    /// Thankful.
    Grateful,
    /// Full of anticipation.
    Excited,
    /// Neither one nor the other.
    Neutral,
    /// Without energy.
    Tired,
    /// Worried.
    Anxious,
    /// Under pressure.
    Stressed,
    /// Down.
    Sad,
    /// Cross.
    Angry,
}

/// How often one mood was there on one day.
#[derive(SimpleObject)]
pub struct MoodPoint {
    /// The day: of entries the one that they are about, of a recorded mood the day in the user's time zone when it was recorded.
    date: Date,
    /// The mood.
    mood: Mood,
    /// How many entries and recorded moods of that day had it.
    count: u32,
    /// The mean sentiment of those entries, from -1 (negative) to 1 (positive); null when none was analysed.
    average_sentiment: Option<f64>,
    /// Of the answer to `recordMood`: the id of what was recorded, for `takeBackMood`. Null in figures.
    record_id: Option<ID>,
}

/// A mood that was recorded without an entry.
#[derive(SimpleObject)]
pub struct MoodRecord {
    /// A UUID, for `takeBackMood`.
    id: ID,
    /// The mood.
    mood: Mood,
    /// A word about it.
    note: Option<String>,
    /// When it was.
    at: DateTime,
    /// That day in the time zone that the user had when it was recorded.
    date: Date,
}

/// What was written about a day.
#[derive(SimpleObject)]
pub struct CalendarDay {
    /// The day.
    date: Date,
    /// How many entries are about it.
    entries: u32,
    /// How many words they have.
    words: u32,
    /// The moods of these entries, and those that were recorded on the day, the most frequent first.
    moods: Vec<MoodCount>,
}

/// How often a mood was there.
#[derive(SimpleObject)]
pub struct MoodCount {
    /// The mood.
    mood: Mood,
    /// How often.
    count: u32,
}

impl From<reads::RecordedMood> for MoodRecord {
    fn from(recorded: reads::RecordedMood) -> Self {
        Self {
            id: recorded.id.into(),
            mood: recorded.mood.into(),
            note: recorded.note,
            at: DateTime(recorded.at),
            date: Date(recorded.date),
        }
    }
}

impl From<journal::MoodRecord> for MoodRecord {
    fn from(recorded: journal::MoodRecord) -> Self {
        let journal::MoodRecord { id, mood, note, at, date, mark: _ } = recorded;
        Self { id: id.into(), mood: mood.into(), note, at: DateTime(at), date: Date(date) }
    }
}

impl From<reads::CalendarDay> for CalendarDay {
    fn from(day: reads::CalendarDay) -> Self {
        let count = |counted: reads::MoodCount| MoodCount { mood: counted.mood.into(), count: counted.count };
        Self {
            date: Date(day.date),
            entries: day.entries,
            words: day.words,
            moods: day.moods.into_iter().map(count).collect(),
        }
    }
}

impl From<figures::MoodPoint> for MoodPoint {
    fn from(point: figures::MoodPoint) -> Self {
        Self {
            date: Date(point.date),
            mood: point.mood.into(),
            count: point.count,
            average_sentiment: point.average_sentiment,
            record_id: None,
        }
    }
}

/// What was written: one mood, at its day.
impl From<journal::MoodRecord> for MoodPoint {
    fn from(record: journal::MoodRecord) -> Self {
        Self {
            date: Date(record.date),
            mood: record.mood.into(),
            count: 1,
            average_sentiment: None,
            record_id: Some(record.id.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_mood_is_a_point_of_its_day() {
        let record = journal::MoodRecord {
            id: "m".into(),
            mood: journal::Mood::Calm,
            note: None,
            at: 86_400_000_000 * 2 - 1,
            date: "1970-01-02".into(),
            mark: mindflow_guest::journal::Mark { aggregate: "mood:m".into(), sequence: 1 },
        };
        let point = MoodPoint::from(record);
        assert_eq!((point.date, point.mood, point.count), (Date("1970-01-02".into()), Mood::Calm, 1));
        assert_eq!((point.average_sentiment, point.record_id), (None, Some("m".into())));
    }
}
