//! Reads of what is the caller's own. Those of one request are answered together: one look into the cache, and one
//! transaction for all that is not there.

use super::profiles::free_entries;
use crate::{
    DATABASE,
    bindings::exports::mindflow::query::reads::{OwnAnswer, OwnRead},
    calendar::{month, today},
    keys,
    reading::{
        books, days, entries, insights,
        profiles::{self, Terms},
    },
    request,
    statement::Statement,
};
use futures::future::join_all;
use jiff::{Timestamp, civil::Date};
use mindflow_guest::{
    cache::{self, Found, Key, Owner},
    call::{CallContext, Error},
    caller::Caller,
    clock::{self, today_in},
    failure::invalid,
    journal::OWN_READS_MAX,
    rules::Rule,
    sql::{self, Row, Rows},
};
use uuid::Uuid;

/// What is kept under the key of the recent entries: as many as a dashboard shows.
const RECENT_KEPT: u32 = 10;

/// A read whose arguments were checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Read {
    Profile,
    RecentEntries(u32),
    OnThisDay(Date),
    Insights(u32),
    Tags,
    Books,
    /// From a day to another.
    Calendar(Date, Date),
    RecordedMoods(Date, Date),
}

/// What the database answers to a read.
struct Fetched {
    answer: OwnAnswer,
    /// Whether the next reader may get it from the cache.
    lasts: bool,
}

/// Each read's answer, in the order of `reads`. One with a wrong argument fails alone.
pub async fn answers(context: &CallContext, reads: Vec<OwnRead>) -> Result<Vec<Result<OwnAnswer, Error>>, Error> {
    let caller = Caller::prove(context).await?;
    if reads.len() > OWN_READS_MAX {
        return Err(invalid(
            "reads",
            Rule::items(OWN_READS_MAX, reads.len()),
            format!("Ask for at most {OWN_READS_MAX} reads."),
        ));
    }
    let now = clock::now();
    let today = today_in(&caller.time_zone(), now);
    let asked: Vec<Result<Read, Error>> = reads.into_iter().map(|read| Read::checked(read, today)).collect();
    let valid: Vec<Read> = asked.iter().flatten().copied().collect();
    let mut answers = through(&caller, &valid, now).await?.into_iter();
    Ok(asked.into_iter().map(|read| read.and_then(|_| answers.next().unwrap_or_else(unanswered))).collect())
}

fn unanswered<T>() -> Result<T, Error> {
    Err(Error::Internal("a read was left without an answer".into()))
}

/// The cached answers, and what the database answers to the other reads.
async fn through(caller: &Caller, reads: &[Read], now: Timestamp) -> Result<Vec<Result<OwnAnswer, Error>>, Error> {
    let user = caller.user_id;
    let keys = reads.iter().map(|read| read.key(user)).collect();
    let found = cache::find(&[Owner::journal(user)], keys, &today(now).to_string()).await;
    let is_missing = |(_, found): &(&Read, &Found<OwnAnswer>)| matches!(found, Found::Miss(_));
    let missing: Vec<Read> = reads.iter().zip(&found).filter(is_missing).map(|(read, _)| *read).collect();
    let fetched = fetch(caller, &missing, now).await?;
    if fetched.iter().flatten().any(|fetched| !fetched.lasts) {
        // Nor may the gateway keep it: what was looked up before has another generation now.
        let _ = cache::renew(&Owner::journal(user)).await;
    }
    let mut fetched = fetched.into_iter();
    let mut answers = Vec::with_capacity(found.len());
    for found in found {
        answers.push(match found {
            Found::Hit(answer) => (Ok(answer), None),
            Found::Miss(slot) => match fetched.next().unwrap_or_else(unanswered) {
                Ok(Fetched { answer, lasts }) => (Ok(answer), lasts.then_some(slot)),
                Err(error) => (Err(error), None),
            },
        });
    }
    join_all(answers.iter_mut().filter_map(|(answer, slot)| Some(slot.take()?.fill(answer.as_ref().ok()?)))).await;
    Ok(reads.iter().zip(answers).map(|(read, (answer, _))| answer.map(|answer| read.cut(answer))).collect())
}

async fn fetch(caller: &Caller, reads: &[Read], now: Timestamp) -> Result<Vec<Result<Fetched, Error>>, Error> {
    if reads.is_empty() {
        return Ok(Vec::new());
    }
    let terms = Terms { free_entries: free_entries().await?, month: month(now) };
    let bytes_max = entries::PAGE_BYTES_MAX / reads.iter().filter(|read| read.answers_entries()).count().max(1) as u64;
    let statements = reads.iter().map(|read| read.statement(caller.user_id, terms, bytes_max));
    let statements = statements.map(|Statement { text, params }| (text, params)).collect();
    let rows = sql::query_many(DATABASE, caller.identity(), statements).await?;
    Ok(reads.iter().zip(rows).map(|(read, rows)| read.fetched(&rows, caller, terms, bytes_max)).collect())
}

// === impl Read ===

impl Read {
    /// `today`: the caller's.
    fn checked(read: OwnRead, today: Date) -> Result<Self, Error> {
        Ok(match read {
            OwnRead::Profile => Self::Profile,
            OwnRead::RecentEntries(limit) => Self::RecentEntries(request::limit(limit)?),
            OwnRead::OnThisDay(day) => Self::OnThisDay(request::date(day.as_deref())?.unwrap_or(today)),
            OwnRead::Insights(limit) => Self::Insights(request::limit(limit)?),
            OwnRead::Tags => Self::Tags,
            OwnRead::Books => Self::Books,
            OwnRead::Calendar(span) => request::span(&span).map(|(from, to)| Self::Calendar(from, to))?,
            OwnRead::RecordedMoods(span) => request::span(&span).map(|(from, to)| Self::RecordedMoods(from, to))?,
        })
    }

    fn key(self, user: Uuid) -> Key {
        match self {
            Self::Profile => keys::profile(user),
            Self::RecentEntries(limit) if limit <= RECENT_KEPT => keys::recent(user),
            Self::RecentEntries(limit) => keys::recent_up_to(user, limit),
            Self::OnThisDay(day) => keys::on_this_day(user, day),
            Self::Insights(limit) => keys::insights(user, limit),
            Self::Tags => keys::tags(user),
            Self::Books => keys::books(user),
            Self::Calendar(from, to) => keys::calendar(user, from, to),
            Self::RecordedMoods(from, to) => keys::recorded_moods(user, from, to),
        }
    }

    fn answers_entries(self) -> bool {
        matches!(self, Self::RecentEntries(_) | Self::OnThisDay(_))
    }

    fn statement(self, user: Uuid, terms: Terms, bytes_max: u64) -> Statement {
        match self {
            Self::Profile => profiles::one(user, terms.month),
            Self::RecentEntries(limit) => entries::recent(user, limit.max(RECENT_KEPT), bytes_max),
            Self::OnThisDay(day) => entries::on_this_day(user, day, bytes_max),
            Self::Insights(limit) => insights::newest(user, limit),
            Self::Tags => insights::tags(user),
            Self::Books => books::all(user),
            Self::Calendar(from, to) => days::calendar(user, from, to),
            Self::RecordedMoods(from, to) => days::recorded_moods(user, from, to),
        }
    }

    fn fetched(self, rows: &Rows, caller: &Caller, terms: Terms, bytes_max: u64) -> Result<Fetched, Error> {
        let answer = match self {
            Self::Profile => return profile(rows, caller, terms),
            Self::RecentEntries(_) => OwnAnswer::Entries(entries::all(rows, "limit", bytes_max)?),
            Self::OnThisDay(_) => OwnAnswer::Entries(entries::all(rows, "date", bytes_max)?),
            Self::Insights(_) => OwnAnswer::Insights(each(rows, insights::insight)?),
            Self::Tags => OwnAnswer::Tags(each(rows, insights::tag)?),
            Self::Books => OwnAnswer::Books(each(rows, books::book)?),
            Self::Calendar(..) => OwnAnswer::Calendar(each(rows, days::day)?),
            Self::RecordedMoods(..) => OwnAnswer::RecordedMoods(each(rows, days::recorded_mood)?),
        };
        Ok(Fetched { answer, lasts: true })
    }

    /// As many as were asked for.
    fn cut(self, mut answer: OwnAnswer) -> OwnAnswer {
        if let (Self::RecentEntries(limit), OwnAnswer::Entries(entries)) = (self, &mut answer) {
            entries.truncate(limit as usize);
        }
        answer
    }
}

fn each<T>(rows: &Rows, read: impl Fn(&Row<'_>) -> Result<T, Error>) -> Result<Vec<T>, Error> {
    rows.iter().map(|row| read(&row)).collect()
}

/// Until the registration has arrived here, what the token says.
fn profile(rows: &Rows, caller: &Caller, terms: Terms) -> Result<Fetched, Error> {
    let row = rows.first().ok_or_else(|| Error::Internal("the profile's statement answers no row".into()))?;
    Ok(match profiles::profile(&row, terms)? {
        Some(profile) => Fetched { answer: OwnAnswer::Profile(profile), lasts: true },
        None => {
            let answer = OwnAnswer::Profile(profiles::of_caller(caller, row.get("used")?, terms));
            Fetched { answer, lasts: false }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: Uuid = Uuid::from_u128(7);

    #[test]
    fn up_to_ten_recent_entries_are_one_value_of_the_cache() {
        assert_eq!(Read::RecentEntries(1).key(USER), Read::RecentEntries(10).key(USER));
        assert_ne!(Read::RecentEntries(11).key(USER), Read::RecentEntries(12).key(USER));
    }

    #[test]
    fn a_read_with_a_wrong_argument_is_refused_and_a_missing_day_is_today() {
        let today = jiff::civil::date(2025, 5, 1);
        for wrong in [OwnRead::RecentEntries(0), OwnRead::Insights(101), OwnRead::OnThisDay(Some("soon".into()))] {
            assert!(matches!(Read::checked(wrong, today), Err(Error::Invalid(_))));
        }
        assert_eq!(Read::checked(OwnRead::OnThisDay(None), today), Ok(Read::OnThisDay(today)));
    }
}
