//! The reads: prove the caller, check the arguments, read the cache, then the database.

use crate::{
    DATABASE,
    bindings::exports::mindflow::analytics::figures::{
        Granularity, Mark, MoodPoint, PlatformStats, SentimentPoint, WritingStats,
    },
    figures, keys, request, rows,
    statement::Statement,
    zone_clock::ZoneClock,
};
use futures::try_join;
use jiff::civil::Date;
use mindflow_guest::{
    cache::{self, Owner},
    call::{CallContext, Error},
    caller::Caller,
    clock::{self, days_before, midnight_us, today, today_in},
    own_writes,
    sql::{self, Identity, Rows, Time},
};

pub async fn mood_trends(context: &CallContext, days: u32) -> Result<Vec<MoodPoint>, Error> {
    let (caller, days) = (Caller::prove(context).await?, request::days(days)?);
    let (user, today) = (caller.user_id, today_in(&caller.time_zone(), clock::now()));
    let (from, to) = window(today, days);
    cache::through(&Owner::figures(user), keys::mood_trend(user, days), &today.to_string(), async || {
        rows::mood_points(&ask(caller.identity(), figures::mood_trends(user, from, to)).await?)
    })
    .await
}

pub async fn sentiment_trend(
    context: &CallContext,
    days: u32,
    granularity: Granularity,
) -> Result<Vec<SentimentPoint>, Error> {
    let (caller, days) = (Caller::prove(context).await?, request::days(days)?);
    let (user, today) = (caller.user_id, today_in(&caller.time_zone(), clock::now()));
    let (from, to) = window(today, days);
    let key = keys::sentiment_trend(user, days, figures::unit(granularity));
    cache::through(&Owner::figures(user), key, &today.to_string(), async || {
        let statement = figures::sentiment_trend(user, from, to, granularity);
        rows::sentiment_points(&ask(caller.identity(), statement).await?)
    })
    .await
}

pub async fn writing(context: &CallContext, days: u32) -> Result<WritingStats, Error> {
    let (caller, days) = (Caller::prove(context).await?, request::days(days)?);
    let (user, now) = (caller.user_id, clock::now());
    let moment = format!("{} {}", clock::quarter(now), caller.zone_name());
    cache::through(&Owner::figures(user), keys::writing(user, days), &moment, async || {
        let zone = caller.time_zone();
        let today = today_in(&zone, now);
        let clock = ZoneClock::since(&zone, window(today, days).0, now);
        rows::writing_stats(&ask(caller.identity(), figures::writing(user, clock, today)).await?)
    })
    .await
}

pub async fn platform(context: &CallContext, days: u32) -> Result<PlatformStats, Error> {
    let caller = Caller::prove(context).await?;
    if !caller.has_role("admin") {
        return Err(Error::Forbidden("Only administrators may see the platform's figures.".into()));
    }
    let days = request::days(days)?;
    let today = today(clock::now());
    let from = days_before(today, days.saturating_sub(1));
    cache::through(&Owner::platform_figures(), keys::platform(today, days), &today.to_string(), async || {
        let since = Time(midnight_us(from));
        // Row-level security hides other users' rows from callers, so the service itself counts them.
        let (totals, per_day) = try_join!(
            ask(Identity::Service, figures::platform(from)),
            ask(Identity::Service, figures::platform_per_day(from, since))
        )?;
        rows::platform_stats(&totals, &per_day, from, today)
    })
    .await
}

/// Whether the figures count what the caller has just written.
pub async fn shows(context: &CallContext, marks: &[Mark]) -> Result<bool, Error> {
    let caller = Caller::prove(context).await?;
    own_writes::ask(DATABASE, &Owner::figures(caller.user_id), figures::SHOWN, marks).await
}

/// The last `days` days up to today. What is dated later, as by a traveller where tomorrow came first, is shown when that day has come.
fn window(today: Date, days: u32) -> (Date, Date) {
    (days_before(today, days.saturating_sub(1)), today)
}

async fn ask(identity: Identity, statement: Statement) -> Result<Rows, Error> {
    Ok(sql::query(DATABASE, identity, &statement.text, statement.params).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use mindflow_guest::clock::time_zone;

    #[test]
    fn a_trend_goes_up_to_the_writers_today_and_no_further() {
        let now = "2026-03-01T10:30:00Z".parse().unwrap();
        for (zone, first, today) in [
            ("Pacific/Kiritimati", date(2026, 3, 1), date(2026, 3, 2)),
            ("UTC", date(2026, 2, 28), date(2026, 3, 1)),
            ("Pacific/Pago_Pago", date(2026, 2, 27), date(2026, 2, 28)),
        ] {
            assert_eq!(window(today_in(&time_zone(zone), now), 2), (first, today), "{zone}");
        }
        assert_eq!(window(date(2026, 3, 1), 1), (date(2026, 3, 1), date(2026, 3, 1)));
    }
}
