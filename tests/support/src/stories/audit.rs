//! The audit trail keeps every event once and in one unbroken chain.

use futures::future::join_all;
use mindflow_backends::delivery::{Event, Metadata};
use mindflow_backends::records::audit::{AuditError, AuditLog, Filter, Head, verify};
use std::time::Duration;
use uuid::Uuid;

/// Noon of some day, in microseconds since 1970.
pub const NOON_US: i64 = 1_795_000_000_000_000;
/// Whom the events of most stories are about.
pub const USER: Uuid = Uuid::from_u128(7);

/// Of [`USER`].
pub fn event(number: u64) -> Event {
    event_of(number, "TagCreated", Some(USER), NOON_US)
}

/// Its id is made of the number; the time is in microseconds since 1970.
pub fn event_of(number: u64, event_type: &str, user_id: Option<Uuid>, at_us: i64) -> Event {
    let payload = serde_json::json!({ "name": format!("morning {number}"), "z": [1, 2.5, null], "a": { "ü": true } });
    Event {
        event_id: Uuid::from_u128(u128::from(number) << 64 | 0x8000_0000_0000_0000),
        event_type: event_type.to_owned(),
        version: "1.0".into(),
        timestamp: jiff::Timestamp::from_microsecond(at_us).unwrap(),
        source: "command-service".into(),
        correlation_id: "c-1".into(),
        traceparent: None,
        sequence: 1,
        partition_key: format!("tag:{number}"),
        metadata: Metadata { user_id, tenant_id: None },
        payload: payload.as_object().unwrap().clone(),
    }
}

/// Appends as many events, numbered from 0.
pub async fn fill(log: &dyn AuditLog, count: u64) {
    for number in 0..count {
        log.append(&event(number)).await.unwrap();
    }
}

pub async fn an_event_that_comes_twice_has_one_record(log: &dyn AuditLog) {
    let first = log.append(&event(1)).await.unwrap();
    let second = log.append(&event(2)).await.unwrap();
    assert_eq!(log.append(&event(1)).await.unwrap(), first);
    let again = event(2);
    let same = join_all((0..8).map(|_| log.append(&again))).await;
    assert!(same.into_iter().all(|head| head.unwrap() == second));
    assert_eq!(verify(log, None, &|_| ()).await.unwrap().records, 2);
}

pub async fn concurrent_appends_make_one_unbroken_chain(log: &dyn AuditLog) {
    let events: Vec<_> = (0..40).map(event).collect();
    // As delivery does, which hands an event over again that was not answered in time on a busy machine.
    let append = async |event| loop {
        match log.append(event).await {
            Err(AuditError::Timeout(_)) => {}
            head => return head.unwrap().number,
        }
    };
    let mut numbers: Vec<u64> = join_all(events.iter().map(append)).await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
    let report = verify(log, None, &|_| ()).await.unwrap();
    assert_eq!((report.records, report.broken), (40, None));
    assert_eq!(log.head().await.unwrap(), Head { number: 40, hash: report.hash });
}

pub async fn a_page_is_newest_first_and_goes_on_where_the_last_one_ended(log: &dyn AuditLog) {
    fill(log, 5).await;
    let mut seen = Vec::new();
    loop {
        let page = log.page(&Filter::default(), 2, seen.last().copied()).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 2);
        seen.extend(page.iter().map(|record| record.number));
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
}

pub async fn filters_choose_by_user_type_and_time(log: &dyn AuditLog) {
    let minute = Duration::from_mins(1).as_micros() as i64;
    for number in 0..6 {
        let user = (number % 2 == 0).then_some(USER);
        let kind = if number < 3 { "TagCreated" } else { "TagRenamed" };
        let at_us = NOON_US + i64::try_from(number).unwrap() * minute;
        log.append(&event_of(number, kind, user, at_us)).await.unwrap();
    }
    let numbers = async |filter: Filter| -> Vec<u64> {
        log.page(&filter, 100, None).await.unwrap().into_iter().map(|record| record.number).collect()
    };
    let all = Filter::default();
    assert_eq!(numbers(Filter { user_id: Some(USER), ..all.clone() }).await, [5, 3, 1]);
    assert_eq!(numbers(Filter { event_type: Some("TagRenamed".into()), ..all.clone() }).await, [6, 5, 4]);
    let (since_us, until_us) = (Some(NOON_US + minute), Some(NOON_US + 4 * minute));
    assert_eq!(numbers(Filter { since_us, until_us, ..all.clone() }).await, [4, 3, 2]);
    let some = Filter { user_id: Some(USER), event_type: Some("TagRenamed".into()), since_us, until_us };
    assert_eq!(numbers(some).await, Vec::<u64>::new());
    assert_eq!(numbers(Filter { user_id: Some(Uuid::nil()), ..all }).await, Vec::<u64>::new());
}
