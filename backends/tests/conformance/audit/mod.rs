//! Goal: the audit trail keeps every event once and in one unbroken chain, and tampering is found.
//! Method: the same stories on each back end, with code that changes stored records behind the trail's back.

mod mongodb_alone;
mod stage;

use futures::future::join_all;
use mindflow_backends::records::audit::{AuditError, ChainDefect, Filter, Head, Report, export, verify};
use stage::{NOON_US, Stage, USER, event, event_of};
use std::time::Duration;

on_every_back_end! {
    [Stage]: postgres, mongodb;
    an_event_that_comes_twice_has_one_record,
    appends_at_once_make_one_unbroken_chain,
    the_whole_event_is_kept_with_the_time_of_its_arrival,
    a_page_is_newest_first_and_goes_on_where_the_last_one_ended,
    filters_choose_by_user_type_and_time,
    an_altered_record_is_named,
    a_removed_record_is_named,
    a_removed_end_is_named,
    records_that_changed_places_are_named,
    a_head_that_was_noted_must_still_be_there,
    an_export_verifies_standing_alone_from_any_record_on,
}

async fn report(stage: &Stage, noted: Option<Head>) -> Report {
    verify(&*stage.log, noted, &|_| ()).await.unwrap()
}

fn defect(number: u64, defect: &ChainDefect) -> (Option<u64>, Option<String>) {
    (Some(number), Some(format!("record {number}: {defect}")))
}

fn found(report: Report) -> (Option<u64>, Option<String>) {
    (report.broken_at, report.broken)
}

async fn an_event_that_comes_twice_has_one_record(stage: Stage) {
    let first = stage.log.append(&event(1)).await.unwrap();
    let second = stage.log.append(&event(2)).await.unwrap();
    assert_eq!(stage.log.append(&event(1)).await.unwrap(), first);
    let again = event(2);
    let same = join_all((0..8).map(|_| stage.log.append(&again))).await;
    assert!(same.into_iter().all(|head| head.unwrap() == second));
    assert_eq!(report(&stage, None).await.records, 2);
}

async fn appends_at_once_make_one_unbroken_chain(stage: Stage) {
    let events: Vec<_> = (0..40).map(event).collect();
    // As delivery does, which hands an event over again that was not answered in time on a busy machine.
    let append = async |event| loop {
        match stage.log.append(event).await {
            Err(AuditError::Timeout(_)) => {}
            head => return head.unwrap().number,
        }
    };
    let mut numbers: Vec<u64> = join_all(events.iter().map(append)).await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
    let report = report(&stage, None).await;
    assert_eq!((report.records, report.broken), (40, None));
    assert_eq!(stage.log.head().await.unwrap(), Head { number: 40, hash: report.hash });
}

async fn the_whole_event_is_kept_with_the_time_of_its_arrival(stage: Stage) {
    stage.log.append(&event(1)).await.unwrap();
    let record = stage.log.read(0, 10).await.unwrap().remove(0);
    let content = record.content().unwrap();
    assert_eq!((&content.event, content.number), (&event(1), 1));
    assert_eq!(content.received_at.as_microsecond(), NOON_US);
}

async fn a_page_is_newest_first_and_goes_on_where_the_last_one_ended(stage: Stage) {
    stage.fill(5).await;
    let mut seen = Vec::new();
    loop {
        let page = stage.log.page(&Filter::default(), 2, seen.last().copied()).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 2);
        seen.extend(page.iter().map(|record| record.number));
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
}

async fn filters_choose_by_user_type_and_time(stage: Stage) {
    let minute = Duration::from_mins(1).as_micros() as i64;
    for number in 0..6 {
        let user = (number % 2 == 0).then_some(USER);
        let kind = if number < 3 { "TagCreated" } else { "TagRenamed" };
        stage
            .log
            .append(&event_of(number, kind, user, NOON_US + i64::try_from(number).unwrap() * minute))
            .await
            .unwrap();
    }
    let numbers = async |filter: Filter| -> Vec<u64> {
        stage.log.page(&filter, 100, None).await.unwrap().into_iter().map(|record| record.number).collect()
    };
    let all = Filter::default();
    assert_eq!(numbers(Filter { user_id: Some(USER), ..all.clone() }).await, [5, 3, 1]);
    assert_eq!(numbers(Filter { event_type: Some("TagRenamed".into()), ..all.clone() }).await, [6, 5, 4]);
    let (since_us, until_us) = (Some(NOON_US + minute), Some(NOON_US + 4 * minute));
    assert_eq!(numbers(Filter { since_us, until_us, ..all.clone() }).await, [4, 3, 2]);
    let some = Filter { user_id: Some(USER), event_type: Some("TagRenamed".into()), since_us, until_us };
    assert_eq!(numbers(some).await, Vec::<u64>::new());
    assert_eq!(numbers(Filter { user_id: Some(uuid::Uuid::nil()), ..all }).await, Vec::<u64>::new());
}

async fn an_altered_record_is_named(stage: Stage) {
    stage.fill(5).await;
    stage.reword(3).await;
    let report = report(&stage, None).await;
    assert_eq!(report.records, 2);
    assert_eq!(found(report), defect(3, &ChainDefect::Altered));
}

async fn a_removed_record_is_named(stage: Stage) {
    stage.fill(5).await;
    stage.remove(2).await;
    assert_eq!(found(report(&stage, None).await), defect(2, &ChainDefect::Missing));
}

async fn a_removed_end_is_named(stage: Stage) {
    stage.fill(5).await;
    stage.remove(5).await;
    stage.remove(4).await;
    assert_eq!(found(report(&stage, None).await), defect(4, &ChainDefect::Truncated(5)));
    // What comes later does not hide it.
    stage.log.append(&event(100)).await.unwrap();
    assert_eq!(found(report(&stage, None).await), defect(4, &ChainDefect::Missing));
}

async fn records_that_changed_places_are_named(stage: Stage) {
    stage.fill(5).await;
    stage.exchange(2, 3).await;
    let (number, broken) = found(report(&stage, None).await);
    assert_eq!(number, Some(2));
    assert_eq!(broken, defect(2, &ChainDefect::Predecessor).1);
}

async fn a_head_that_was_noted_must_still_be_there(stage: Stage) {
    stage.fill(3).await;
    let noted = stage.log.head().await.unwrap();
    stage.fill_from(3, 2).await;
    assert_eq!(report(&stage, Some(noted)).await.broken, None);
    let other = Head { number: noted.number, ..Head::default() };
    assert_eq!(found(report(&stage, Some(other)).await), defect(3, &ChainDefect::OtherThanNoted));
    let beyond = Head { number: 9, ..noted };
    assert_eq!(found(report(&stage, Some(beyond)).await), defect(6, &ChainDefect::Truncated(9)));
}

async fn an_export_verifies_standing_alone_from_any_record_on(stage: Stage) {
    stage.fill(4).await;
    let records = stage.log.read(0, 100).await.unwrap();
    let lines: Vec<String> = records.iter().map(|record| export::line(record).unwrap()).collect();
    let verified = |lines: &[String]| {
        let mut verifier = export::Verifier::default();
        lines.iter().for_each(|line| verifier.line(line).unwrap());
        verifier.finish()
    };
    assert_eq!(verified(&lines), report(&stage, None).await);
    assert_eq!((verified(&lines[2..]).records, verified(&lines[2..]).broken), (4, None));
    let gap = [lines[0].clone(), lines[2].clone()];
    assert_eq!(found(verified(&gap)), defect(2, &ChainDefect::Missing));
    let altered: Vec<String> = lines.iter().map(|line| line.replace("morning 1", "evening 1")).collect();
    assert_eq!(found(verified(&altered)), defect(2, &ChainDefect::Altered));
    assert!(export::Verifier::default().line("{}").is_err());
}
