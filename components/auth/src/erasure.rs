//! An erasure and its next step. Every service deletes what it has and says so; then the keys are destroyed, under which the archive and
//! the audit trail keep it; after a while every service deletes once more, because calls that were under way may have written meanwhile.
//! Each step is kept before the next one begins, so an erasure goes on from where it was.

use std::collections::BTreeMap;
use uuid::Uuid;

/// The services that delete, besides this one. Each subscribes to the events of erasures.
pub const SERVICES: [&str; 8] =
    ["ai", "analytics", "command", "media", "notification", "portability", "query", "search"];

/// What is to be erased, and how far that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    pub id: Uuid,
    pub user_id: Uuid,
    /// None: the account.
    pub entry_id: Option<Uuid>,
    pub requested_at_us: i64,
    pub due_at_us: i64,
    /// Of the event that had services delete; none before.
    pub first_sequence: Option<u64>,
    pub keys_destroyed_at_us: Option<i64>,
    /// Of the event that had them delete once more; none before.
    pub last_sequence: Option<u64>,
    pub completed_at_us: Option<i64>,
}

/// What a service has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Of the event that it answers.
    pub sequence: u64,
    pub service: String,
    /// How many, by store.
    pub counts: BTreeMap<String, u64>,
}

/// What a service has deleted of one of its stores, in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    pub service: String,
    pub store: String,
    pub count: u64,
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Have services delete.
    Begin,
    DestroyKeys,
    /// Have services delete once more.
    Repeat,
    /// Nothing is left.
    Complete,
    /// It is not due, or services have yet to answer.
    Wait,
}

impl Erasure {
    pub fn requested(id: Uuid, user_id: Uuid, now_us: i64, due_at_us: i64) -> Self {
        Self {
            id,
            user_id,
            entry_id: None,
            requested_at_us: now_us,
            due_at_us,
            first_sequence: None,
            keys_destroyed_at_us: None,
            last_sequence: None,
            completed_at_us: None,
        }
    }

    /// `settle_us`: how long calls may be under way that read something before the keys were gone.
    pub fn next(&self, reports: &[Report], now_us: i64, settle_us: i64) -> Step {
        if self.completed_at_us.is_some() {
            return Step::Wait;
        }
        let Some(first) = self.first_sequence else {
            return if self.due_at_us <= now_us { Step::Begin } else { Step::Wait };
        };
        let is_answered = |sequence| unanswered(reports, sequence).next().is_none();
        match (self.keys_destroyed_at_us, self.last_sequence) {
            (None, _) if is_answered(first) => Step::DestroyKeys,
            (Some(at_us), None) if at_us.saturating_add(settle_us) <= now_us => Step::Repeat,
            (Some(_), Some(last)) if is_answered(last) => Step::Complete,
            _ => Step::Wait,
        }
    }

    /// Services that have yet to answer the last event; all of them before the first.
    pub fn waiting(&self, reports: &[Report]) -> Vec<String> {
        if self.completed_at_us.is_some() {
            return Vec::new();
        }
        // Sequences begin with 1.
        let sequence = self.last_sequence.or(self.first_sequence).unwrap_or_default();
        unanswered(reports, sequence).map(str::to_owned).collect()
    }
}

fn unanswered(reports: &[Report], sequence: u64) -> impl Iterator<Item = &'static str> {
    let has_answered =
        move |service: &str| reports.iter().any(|report| report.sequence == sequence && report.service == service);
    SERVICES.into_iter().filter(move |service| !has_answered(service))
}

/// All that was deleted, by service and store.
pub fn erased(reports: &[Report]) -> Vec<Erased> {
    let mut sums: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for report in reports {
        for (store, count) in &report.counts {
            let sum = sums.entry((report.service.as_str(), store.as_str())).or_default();
            *sum = sum.saturating_add(*count);
        }
    }
    let erased = |((service, store), count): ((&str, &str), u64)| Erased {
        service: service.to_owned(),
        store: store.to_owned(),
        count,
    };
    sums.into_iter().map(erased).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const SETTLE_US: i64 = 300;

    fn erasure() -> Erasure {
        Erasure::requested(Uuid::from_u128(1), Uuid::from_u128(2), 10, 20)
    }

    fn reports(sequence: u64) -> Vec<Report> {
        let report = |service: &&str| Report {
            sequence,
            service: (*service).to_owned(),
            counts: [("rows".to_owned(), sequence)].into(),
        };
        SERVICES.iter().map(report).collect()
    }

    #[test]
    fn an_erasure_begins_when_it_is_due() {
        assert_eq!(erasure().next(&[], 19, SETTLE_US), Step::Wait);
        assert_eq!(erasure().next(&[], 20, SETTLE_US), Step::Begin);
    }

    #[test]
    fn the_keys_are_destroyed_when_every_service_has_answered() {
        let begun = Erasure { first_sequence: Some(1), ..erasure() };
        let mut said = reports(1);
        assert_eq!(begun.next(&said, 30, SETTLE_US), Step::DestroyKeys);
        assert!(begun.waiting(&said).is_empty());
        said.pop();
        assert_eq!(begun.next(&said, 30, SETTLE_US), Step::Wait);
        assert_eq!(begun.waiting(&said), ["search"]);
    }

    #[test]
    fn services_delete_once_more_when_no_call_is_under_way_any_more() {
        let keyless = Erasure { first_sequence: Some(1), keys_destroyed_at_us: Some(40), ..erasure() };
        assert_eq!(keyless.next(&reports(1), 339, SETTLE_US), Step::Wait);
        assert_eq!(keyless.next(&reports(1), 340, SETTLE_US), Step::Repeat);
    }

    #[test]
    fn it_is_complete_when_every_service_has_answered_the_second_time() {
        let last =
            Erasure { first_sequence: Some(1), keys_destroyed_at_us: Some(40), last_sequence: Some(2), ..erasure() };
        assert_eq!(last.next(&reports(1), 999, SETTLE_US), Step::Wait);
        assert_eq!(last.waiting(&reports(1)), SERVICES);
        let all = [reports(1), reports(2)].concat();
        assert_eq!(last.next(&all, 999, SETTLE_US), Step::Complete);
        let done = Erasure { completed_at_us: Some(999), ..last };
        assert_eq!((done.next(&all, 1_000, SETTLE_US), done.waiting(&[])), (Step::Wait, Vec::new()));
    }

    #[test]
    fn a_later_round_is_not_answered_by_an_earlier_one() {
        let again = Erasure { first_sequence: Some(3), ..erasure() };
        assert_eq!(again.next(&[reports(1), reports(2)].concat(), 30, SETTLE_US), Step::Wait);
    }

    #[test]
    fn what_was_deleted_is_summed_up_by_service_and_store() {
        let all = erased(&[reports(1), reports(2)].concat());
        assert_eq!(all.len(), SERVICES.len());
        let first = Erased { service: "ai".into(), store: "rows".into(), count: 3 };
        assert_eq!(all.first(), Some(&first));
    }

    #[test]
    fn the_services_are_those_that_the_manifest_has_subscribe_to_erasures() {
        let manifest: toml::Table = include_str!("../../../spin.toml").parse().unwrap();
        let subscribes = |component: &toml::Value, event: &str| {
            let subscriptions = component.get("tool").and_then(|tool| tool.get("mindflow")?.get("subscriptions"));
            let named = subscriptions.and_then(toml::Value::as_array).into_iter().flatten();
            named
                .flat_map(|subscription| subscription["events"].as_array().unwrap())
                .any(|name| name.as_str() == Some(event))
        };
        for event in ["AccountErased", "JournalEntryPurged", "KeysDestroyed"] {
            let components = manifest["component"].as_table().unwrap().iter();
            let named: BTreeSet<&str> =
                components.filter(|(_, entry)| subscribes(entry, event)).map(|(name, _)| name.as_str()).collect();
            // The audit trail has every event, and this service begins erasures.
            let others = named.into_iter().filter(|name| !["auth", "logging"].contains(name));
            assert!(others.eq(SERVICES), "{event}");
        }
    }
}
