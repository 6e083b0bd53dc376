//! Goal: the audit trail keeps every event once and in one unbroken chain, and tampering is found.
//! Method: the same stories on each back end, with code that changes stored records behind the trail's back.

mod mongodb_alone;
mod stage;

use mindflow_backends::clock::Clock;
use mindflow_backends::data_keys::{Config, Keeper, Keys};
use mindflow_backends::records::audit::{ChainDefect, Head, Report, export, rechain, verify};
use mindflow_test_support::TestPostgres;
use mindflow_test_support::stories::audit::{self as stories, NOON_US, event};
use stage::Stage;

on_every_back_end! {
    [Stage]: postgres, mongodb;
    an_event_that_comes_twice_has_one_record,
    concurrent_appends_make_one_unbroken_chain,
    the_whole_event_is_kept_with_the_time_of_its_arrival,
    a_page_is_newest_first_and_goes_on_where_the_last_one_ended,
    filters_choose_by_user_type_and_time,
    an_altered_record_is_named,
    a_removed_record_is_named,
    a_removed_end_is_named,
    records_that_changed_places_are_named,
    a_head_that_was_noted_must_still_be_there,
    an_export_verifies_standing_alone_from_any_record_on,
    a_trail_of_before_is_chained_again_over_sealed_payloads,
    a_new_trail_has_nothing_to_chain_again_and_takes_events,
    a_broken_trail_of_before_is_chained_again_and_a_record_states_the_defect,
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
    stories::an_event_that_comes_twice_has_one_record(&*stage.log).await;
}

async fn concurrent_appends_make_one_unbroken_chain(stage: Stage) {
    stories::concurrent_appends_make_one_unbroken_chain(&*stage.log).await;
}

async fn the_whole_event_is_kept_with_the_time_of_its_arrival(stage: Stage) {
    stage.log.append(&event(1)).await.unwrap();
    let record = stage.log.read(0, 10).await.unwrap().remove(0);
    let content = record.content().unwrap();
    assert_eq!((&content.event, content.number), (&event(1), 1));
    assert_eq!(content.received_at.as_microsecond(), NOON_US);
}

async fn a_page_is_newest_first_and_goes_on_where_the_last_one_ended(stage: Stage) {
    stories::a_page_is_newest_first_and_goes_on_where_the_last_one_ended(&*stage.log).await;
}

async fn filters_choose_by_user_type_and_time(stage: Stage) {
    stories::filters_choose_by_user_type_and_time(&*stage.log).await;
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
    let other_version = lines[0].replacen(r#""version":2"#, r#""version":1"#, 1);
    for wrong in ["{}", &other_version] {
        assert!(export::Verifier::default().line(wrong).is_err(), "{wrong}");
    }
}

async fn chained_again(stage: &Stage) -> Option<Head> {
    let (folder, log) = (tempfile::tempdir().unwrap(), TestPostgres::write("auditkeys").await);
    let master = Keys::new("a master key of 32 characters or more", []).unwrap();
    let keeper = Keeper::open(&Config::default(), folder.path(), &master, log.database().clone()).await.unwrap();
    rechain(&*stage.log, &keeper, &Clock::manual(NOON_US).0, &|_| ()).await.unwrap()
}

async fn a_trail_of_before_is_chained_again_over_sealed_payloads(stage: Stage) {
    stage.fill(3).await;
    stage.make_of_before().await;
    assert_eq!(report(&stage, None).await.broken, None);
    let former = stage.log.head().await.unwrap();
    let earlier = stage.log.read(1, 1).await.unwrap()[0].head();
    let head = chained_again(&stage).await.expect("there is something to do");
    assert_eq!((head.number, stage.log.head().await.unwrap()), (4, head));
    assert_eq!(chained_again(&stage).await, None);
    for record in stage.log.read(0, 10).await.unwrap() {
        assert!(!record.body.contains("morning") && record.body.contains(r#""version":2"#), "{}", record.body);
    }
    assert_eq!((report(&stage, None).await.broken, report(&stage, None).await.superseded_at), (None, None));
    for noted in [former, earlier] {
        let report = report(&stage, Some(noted)).await;
        assert_eq!((report.broken, report.superseded_at), (None, Some(4)), "{noted:?}");
    }
    let other = Head { number: 3, ..Head::default() };
    assert_eq!(found(report(&stage, Some(other)).await), defect(3, &ChainDefect::OtherThanNoted));
    // It goes on, and an event that it has keeps its number.
    assert_eq!(stage.log.append(&event(1)).await.unwrap().number, 2);
    assert_eq!(stage.log.append(&event(50)).await.unwrap().number, 5);
    assert_eq!(report(&stage, Some(head)).await.broken, None);
}

async fn a_new_trail_has_nothing_to_chain_again_and_takes_events(stage: Stage) {
    for number in 1..=2 {
        assert_eq!(chained_again(&stage).await, None);
        assert_eq!(stage.log.append(&event(number)).await.unwrap().number, number);
    }
    let report = report(&stage, None).await;
    assert_eq!((report.records, report.broken), (2, None));
}

async fn a_broken_trail_of_before_is_chained_again_and_a_record_states_the_defect(stage: Stage) {
    stage.fill(3).await;
    stage.make_of_before().await;
    stage.reword(2).await;
    chained_again(&stage).await.expect("there is something to do");
    assert_eq!(report(&stage, None).await.broken, None);
    let stated = stage.log.read(3, 1).await.unwrap().remove(0);
    assert!(stated.body.contains("record 2: it was altered"), "{}", stated.body);
}
