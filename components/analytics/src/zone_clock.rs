//! The clock of a time zone, as PostgreSQL gets it: how far it is ahead of UTC, from when until when. So the one database of time
//! zones, which is built in, is the one that counts.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// The end of the last stretch: 9999-12-31T23:59:59Z, after every entry.
const END_S: i64 = 253_402_300_799;
/// The most that a year of any zone has is four changes (Morocco's, around Ramadan); a year of two such zones would be this.
const STRETCHES_MAX: usize = 16;

/// Stretches in which the clock is the same number of seconds ahead of UTC, one after the other; in seconds since
/// 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ZoneClock {
    pub begins: Vec<i64>,
    pub ends: Vec<i64>,
    pub ahead: Vec<i64>,
}

impl ZoneClock {
    /// From the beginning of the day on. What the clock does after `now` is nothing to entries that are there.
    pub fn since(zone: &TimeZone, first: Date, now: Timestamp) -> Self {
        let start = first.to_zoned(zone.clone()).map_or(Timestamp::UNIX_EPOCH, |start| start.timestamp());
        let changes = zone.following(start).map(|change| change.timestamp()).take_while(|change| *change <= now);
        let starts: Vec<Timestamp> = std::iter::once(start).chain(changes).take(STRETCHES_MAX).collect();
        let begins: Vec<i64> = starts.iter().map(|start| start.as_second()).collect();
        Self {
            ends: begins.iter().skip(1).copied().chain([END_S]).collect(),
            ahead: starts.iter().map(|start| i64::from(zone.to_offset(*start).seconds())).collect(),
            begins,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use mindflow_guest::clock::time_zone;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_year_of_summer_time_has_three_stretches() {
        let clock = ZoneClock::since(&time_zone("Europe/Berlin"), date(2025, 1, 1), at("2025-12-31T12:00:00Z"));
        let begins = [at("2024-12-31T23:00:00Z"), at("2025-03-30T01:00:00Z"), at("2025-10-26T01:00:00Z")]
            .map(|it| it.as_second());
        assert_eq!(
            (clock.begins.as_slice(), clock.ahead.as_slice()),
            (begins.as_slice(), [3600, 7200, 3600].as_slice())
        );
        assert_eq!(clock.ends, [begins[1], begins[2], END_S]);
    }

    #[test]
    fn a_clock_that_never_changes_is_one_stretch() {
        for (zone, ahead) in [("UTC", 0), ("Pacific/Kiritimati", 14 * 3600), ("Asia/Kathmandu", 20_700)] {
            let clock = ZoneClock::since(&time_zone(zone), date(2025, 1, 1), at("2026-12-31T12:00:00Z"));
            assert_eq!(
                (clock.ahead.as_slice(), clock.ends.as_slice()),
                ([ahead].as_slice(), [END_S].as_slice()),
                "{zone}"
            );
        }
    }

    #[test]
    fn a_day_whose_midnight_is_left_out_begins_after_it() {
        // On this day, clocks in Cairo went from 00:00 to 01:00.
        let clock = ZoneClock::since(&time_zone("Africa/Cairo"), date(2024, 4, 26), at("2024-04-27T00:00:00Z"));
        assert_eq!((clock.begins[0], clock.ahead[0]), (at("2024-04-25T22:00:00Z").as_second(), 3 * 3600));
    }

    #[test]
    fn every_moment_of_a_year_is_in_one_stretch_with_its_offset() {
        let now = at("2026-11-29T12:00:00Z");
        for name in
            ["Africa/Casablanca", "America/Vancouver", "Australia/Lord_Howe", "Asia/Calcutta", "America/St_Johns"]
        {
            let zone = time_zone(name);
            let clock = ZoneClock::since(&zone, date(2025, 11, 29), now);
            let mut moment = at("2025-11-30T00:00:00Z");
            while moment <= now {
                let second = moment.as_second();
                let stretches = clock.begins.iter().zip(&clock.ends).zip(&clock.ahead);
                let ahead: Vec<i64> = stretches
                    .filter(|((begins, ends), _)| (**begins..**ends).contains(&second))
                    .map(|(_, ahead)| *ahead)
                    .collect();
                assert_eq!(ahead, [i64::from(zone.to_offset(moment).seconds())], "{name} {moment}");
                moment += jiff::Span::new().hours(7);
            }
        }
    }
}
