//! How far a device is in the changes of its user's things: what its cursor says, and whether what follows is still complete.
//!
//! Each change has a position, by a counter of the user's that only rises with what is committed (`migrations/write/0035`). Of a thing there
//! is its last change only, so a thing that changes while a device reads comes again, further on. What was removed is kept as a
//! tombstone for a while. A device that begins needs no earlier tombstones, so a first synchronisation may take any time.

use mindflow_guest::call::Error;
use mindflow_guest::failure::invalid;
use mindflow_guest::rules::{Format, Rule};
use uuid::Uuid;

/// Hexadecimal digits of a position, and of the user's id.
const POSITION_DIGITS: usize = 16;
const ID_DIGITS: usize = 32;

/// Where a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub user_id: Uuid,
    /// It has seen every change up to here.
    pub position: u64,
    /// It began to read when this was the last change: it has seen nothing that was gone by then.
    pub began: u64,
}

/// What there is of a user's changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Position of the last change.
    pub counter: u64,
    /// Of the last tombstone that is no longer kept.
    pub forgotten: u64,
}

impl Progress {
    pub fn encode(self) -> String {
        format!("{:016x}{:016x}{}", self.position, self.began, self.user_id.as_simple())
    }

    fn decode(text: &str) -> Option<Self> {
        let is_hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 2 * POSITION_DIGITS + ID_DIGITS || !text.bytes().all(is_hexadecimal) {
            return None;
        }
        let (position, rest) = text.split_at_checked(POSITION_DIGITS)?;
        let (began, id) = rest.split_at_checked(POSITION_DIGITS)?;
        let number = |digits| u64::from_str_radix(digits, 16).ok().filter(|number| i64::try_from(*number).is_ok());
        Some(Self { user_id: Uuid::try_parse(id).ok()?, position: number(position)?, began: number(began)? })
    }

    /// As the user's cursor says it. One of another user's changes is refused.
    pub fn of(cursor: &str, user_id: Uuid) -> Result<Self, Error> {
        Self::decode(cursor)
            .filter(|progress| progress.user_id == user_id)
            .ok_or_else(|| invalid("cursor", Format::Cursor, "This is not a cursor of your changes."))
    }

    /// Whether all that the device does not know yet is still there. After a database was restored from an older copy, the device may
    /// know changes that the database does not have.
    fn is_complete(self, kept: Kept) -> bool {
        self.position.max(self.began) >= kept.forgotten && self.position.max(self.began) <= kept.counter
    }
}

/// Where a device is after a page. `last` is the position of the page's last change, if more follow.
///
/// # Errors
/// What followed the place where it was is no longer known.
pub fn after(asked: Option<Progress>, user_id: Uuid, kept: Kept, last: Option<u64>) -> Result<Progress, Error> {
    if asked.is_some_and(|progress| !progress.is_complete(kept)) {
        let text = "What was deleted since this cursor is no longer known: begin without a cursor, and drop what does not come.";
        return Err(invalid("cursor", Rule::Forgotten, text));
    }
    let position = last.unwrap_or(kept.counter);
    let began = asked.map_or(kept.counter, |progress| progress.began).max(position);
    Ok(Progress { user_id, position, began })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const USER: Uuid = Uuid::from_u128(7);

    /// What a statement answers of a user's changes, in memory.
    #[derive(Default)]
    struct Server {
        counter: u64,
        forgotten: u64,
        /// Position and what it says; nothing of one that is gone.
        things: BTreeMap<u8, (u64, Option<u64>)>,
    }

    /// Changes, how far they go, and whether there are more.
    type Page = (Vec<(u8, Option<u64>)>, Progress, bool);

    impl Server {
        fn change(&mut self, thing: u8, is_there: bool) {
            self.counter += 1;
            self.things.insert(thing, (self.counter, is_there.then_some(self.counter)));
        }

        /// Tombstones up to there go.
        fn forget(&mut self, up_to: u64) {
            let old = |(at, says): &(u64, Option<u64>)| says.is_none() && *at <= up_to;
            let last = self.things.values().filter(|thing| old(thing)).map(|(at, _)| *at).max();
            self.things.retain(|_, thing| !old(thing));
            self.forgotten = self.forgotten.max(last.unwrap_or_default());
        }

        fn page(&self, asked: Option<Progress>, first: usize) -> Result<Page, Error> {
            let (after, needless) = asked.map_or((0, u64::MAX), |asked| (asked.position, asked.began));
            let wanted =
                |(_, (at, says)): &(&u8, &(u64, Option<u64>))| *at > after && (says.is_some() || *at > needless);
            let mut found: Vec<_> =
                self.things.iter().filter(wanted).map(|(id, (at, says))| (*at, *id, *says)).collect();
            found.sort_unstable();
            let more = found.len() > first;
            found.truncate(first);
            let last = found.last().filter(|_| more).map(|(at, _, _)| *at);
            let kept = Kept { counter: self.counter, forgotten: self.forgotten };
            let progress = super::after(asked, USER, kept, last)?;
            Ok((found.into_iter().map(|(_, id, says)| (id, says)).collect(), progress, more))
        }

        fn state(&self) -> BTreeMap<u8, u64> {
            self.things.iter().filter_map(|(id, (_, says))| Some((*id, (*says)?))).collect()
        }
    }

    #[derive(Default)]
    struct Device {
        progress: Option<Progress>,
        knows: BTreeMap<u8, u64>,
        more: bool,
    }

    impl Device {
        fn read(&mut self, server: &Server, first: usize) {
            let page = match server.page(self.progress, first) {
                Ok(page) => page,
                Err(error) => {
                    assert!(matches!(&error, Error::Invalid(fields) if fields[0].rule == "forgotten"), "{error:?}");
                    *self = Self::default();
                    server.page(None, first).unwrap()
                }
            };
            for (id, says) in page.0 {
                match says {
                    Some(says) => self.knows.insert(id, says),
                    None => self.knows.remove(&id),
                };
            }
            // Through its text, as a client has it.
            self.progress = Some(Progress::of(&page.1.encode(), USER).unwrap());
            self.more = page.2;
        }
    }

    #[derive(Debug, Clone)]
    enum Step {
        Change(u8, bool),
        Forget(u64),
        Read(usize, usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            6 => (0..12_u8, any::<bool>()).prop_map(|(thing, is_there)| Step::Change(thing, is_there)),
            1 => (0..40_u64).prop_map(Step::Forget),
            3 => (0..3_usize, 1..4_usize).prop_map(|(device, first)| Step::Read(device, first)),
        ];
        prop::collection::vec(step, 0..80)
    }

    proptest! {
        #[test]
        fn devices_that_read_whenever_they_like_end_with_what_there_is(steps in steps()) {
            let mut server = Server::default();
            let mut devices = [Device::default(), Device::default(), Device::default()];
            for step in steps {
                match step {
                    Step::Change(thing, is_there) => server.change(thing, is_there),
                    Step::Forget(up_to) => server.forget(up_to),
                    Step::Read(device, first) => devices[device].read(&server, first),
                }
            }
            for device in &mut devices {
                device.read(&server, 2);
                while device.more {
                    device.read(&server, 2);
                }
                prop_assert_eq!(&device.knows, &server.state());
            }
        }

        #[test]
        fn a_cursor_leads_back_to_its_place(position in 0..u64::MAX / 2, began in 0..u64::MAX / 2, id in any::<u128>()) {
            let progress = Progress { user_id: Uuid::from_u128(id), position, began };
            prop_assert_eq!(Progress::of(&progress.encode(), progress.user_id), Ok(progress));
        }

        #[test]
        fn arbitrary_text_is_refused_or_is_exactly_a_cursor(text in "[0-9a-fA-F+-]{63,65}|.{0,70}") {
            if let Some(progress) = Progress::decode(&text) {
                prop_assert_eq!(progress.encode(), text);
            }
        }
    }

    #[test]
    fn a_cursor_is_good_for_its_user_and_while_what_follows_is_known() {
        let kept = Kept { counter: 9, forgotten: 5 };
        let at = |position, began| Some(Progress { user_id: USER, position, began });
        for complete in [at(5, 5), at(9, 9), at(1, 5), None] {
            assert!(after(complete, USER, kept, None).is_ok(), "{complete:?}");
        }
        for forgotten in [at(4, 4), at(1, 3), at(10, 10)] {
            let Err(Error::Invalid(fields)) = after(forgotten, USER, kept, None) else { panic!("{forgotten:?}") };
            assert_eq!((fields[0].field.as_str(), fields[0].rule.as_str()), ("cursor", "forgotten"));
        }
        let cursor = Progress { user_id: USER, position: 1, began: 1 }.encode();
        let Err(Error::Invalid(fields)) = Progress::of(&cursor, Uuid::from_u128(8)) else { panic!("another user's") };
        assert_eq!(fields[0].rule, "format");
    }
}
