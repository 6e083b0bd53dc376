//! What only the trail in MongoDB has: numbers that replicas take from each other, a head next to the records, and
//! a server that may be away.

use crate::audit::stage::{Stage, replica};
use futures::future::join_all;
use mindflow_backends::records::audit::{self, AuditError, AuditLog, verify};
use mindflow_test_support::stories::audit::event;
use mongodb::bson::doc;
use std::collections::{BTreeMap, BTreeSet};

async fn intact(log: &dyn AuditLog) -> u64 {
    let report = verify(log, None, &|_| ()).await.unwrap();
    assert_eq!(report.broken, None);
    report.records
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_append_concurrently_make_one_chain_and_one_record_of_an_event() {
    let mut stage = Stage::mongodb().await;
    let server = stage.mongo().1;
    let replicas = join_all((0..4).map(|_| replica(server))).await;
    let events: Vec<_> = (0..10).map(event).collect();
    let all = replicas.iter().flat_map(|log| events.iter().map(move |event| log.append(event)));
    let heads = join_all(all).await.into_iter().map(Result::unwrap);
    let numbers: BTreeSet<u64> = heads.map(|head| head.number).collect();
    assert_eq!(numbers, (1..=10).collect());
    assert_eq!(intact(&*stage.log).await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_ended_before_it_noted_the_head_leaves_a_whole_trail() {
    let mut stage = Stage::mongodb().await;
    stage.fill(3).await;
    let url = stage.mongo().1.url();
    let database = mongodb::Client::with_uri_str(url).await.unwrap().database("mindflow");
    let heads = database.collection::<mongodb::bson::Document>("audit_head");
    let older = stage.log.read(1, 1).await.unwrap().remove(0);
    let set = doc! { "$set": { "number": 2_i64, "hash": older.hash.to_string() } };
    heads.update_one(doc! { "_id": "head" }, set).await.unwrap();
    assert_eq!(intact(&*stage.log).await, 3);
    // The event comes again, for its delivery was not acknowledged, and the head is noted.
    assert_eq!(stage.log.append(&event(2)).await.unwrap().number, 3);
    let noted = heads.find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(noted.get_i64("number").unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_reported_in_time_and_afterwards_the_trail_goes_on() {
    let mut stage = Stage::mongodb().await;
    stage.fill(2).await;
    stage.mongo().1.stop().await;
    let error = stage.log.append(&event(2)).await.unwrap_err();
    assert!(matches!(error, AuditError::Mongo { .. } | AuditError::Timeout(_)), "{error}");
    stage.mongo().1.start_again().await;
    assert_eq!(stage.log.append(&event(2)).await.unwrap().number, 3);
    assert_eq!(intact(&*stage.log).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_or_unreachable_address_is_reported_with_its_setting() {
    let open = async |url: &str, database: &str| {
        let config = serde_json::json!({ "backend": "mongodb", "url": url, "database": database });
        let clock = mindflow_backends::clock::Clock::manual(0).0;
        audit::open(&serde_json::from_value(config).unwrap(), &BTreeMap::new(), clock).await.err().unwrap()
    };
    // Nothing listens on the port of a server that has ended.
    let mut stage = Stage::mongodb().await;
    let (url, ()) = (stage.mongo().1.url(), stage.mongo().1.stop().await);
    for (url, database, says) in [
        ("postgres://me:hunter2@host", "mindflow", "[audit-log] url: is no address"),
        ("mongodb://me:hunter2@", "mindflow", "[audit-log] url: is no address"),
        (&url, "mindflow", "[audit-log] url: the MongoDB there cannot be used"),
        (&url, "no/name", "[audit-log] database: \"no/name\" is no name"),
    ] {
        let error = open(url, database).await;
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(error.to_string().starts_with(says), "{error}");
        assert!(!cause.contains("hunter2"), "{cause}");
    }
}
