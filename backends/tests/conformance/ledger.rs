//! Goal: what carries a user's text outside is written down for good, and each user reads what is theirs. Method: the ledger in a database
//! of the story's own, and what its role may do there.

use mindflow_backends::records::ledger::{Disclosure, Document, Ledger, PAGE_MAX, PostgresLedger, Subject};
use mindflow_test_support::{TestDatabase, TestPostgres};
use uuid::Uuid;

const ADA: Uuid = Uuid::from_u128(1);
const BOB: Uuid = Uuid::from_u128(2);

async fn stage(story: &str) -> (PostgresLedger, TestDatabase) {
    let database = TestPostgres::write(story).await;
    (PostgresLedger::new(database.database().clone()), database)
}

fn disclosure(user_id: Uuid, version: u64) -> Disclosure {
    let document = Some(Document { id: Uuid::from_u128(9).to_string(), version });
    let subject = Subject { user_id, document, purpose: "analysis".into() };
    let (component, host, model) = ("ai".into(), "api.example.org".into(), Some("claude-x".into()));
    Disclosure { component, subject, host, model, bytes: 1_234 }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sending_is_a_row_of_its_users_newest_first() {
    let (ledger, _database) = stage("ledger").await;
    for version in [1, 1, 2] {
        ledger.record(&disclosure(ADA, version)).await.unwrap();
        ledger.record(&disclosure(BOB, version)).await.unwrap();
    }
    let unkept = Subject { user_id: ADA, document: None, purpose: "search-query".into() };
    ledger.record(&Disclosure { subject: unkept, model: None, ..disclosure(ADA, 0) }).await.unwrap();
    let rows = ledger.page(ADA, 10, None).await.unwrap();
    let versions: Vec<Option<u64>> =
        rows.iter().map(|row| row.document.as_ref().map(|document| document.version)).collect();
    assert_eq!(versions, [None, Some(2), Some(1), Some(1)]);
    assert!(rows.is_sorted_by(|one, next| one.at_us >= next.at_us), "{rows:?}");
    let sent = &rows[1];
    assert_eq!((sent.component.as_str(), sent.purpose.as_str()), ("ai", "analysis"));
    assert_eq!((sent.host.as_str(), sent.model.as_deref(), sent.bytes), ("api.example.org", Some("claude-x"), 1_234));
    assert_eq!((rows[0].model.as_deref(), rows[0].purpose.as_str()), (None, "search-query"));
    let rest = ledger.page(ADA, 10, Some(rows[1].id)).await.unwrap();
    assert_eq!(rest, rows[2..]);
    assert_eq!(ledger.page(ADA, 1, None).await.unwrap(), rows[..1]);
    // Behind a row of another user, or of none, is nothing.
    let other = ledger.page(BOB, 1, None).await.unwrap()[0].id;
    for seen in [other, Uuid::nil()] {
        assert_eq!(ledger.page(ADA, 10, Some(seen)).await.unwrap(), []);
    }
    assert_eq!(ledger.page(Uuid::from_u128(3), 10, None).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_has_a_bound() {
    let (ledger, _database) = stage("ledger_page").await;
    for version in 0..=u64::from(PAGE_MAX) {
        ledger.record(&disclosure(ADA, version)).await.unwrap();
    }
    let bound = usize::try_from(PAGE_MAX).unwrap();
    assert_eq!(ledger.page(ADA, u32::MAX, None).await.unwrap().len(), bound);
}

#[tokio::test(flavor = "multi_thread")]
async fn its_role_adds_and_reads_by_two_functions_and_no_row_is_changed() {
    let (ledger, database) = stage("ledger_role").await;
    ledger.record(&disclosure(ADA, 1)).await.unwrap();
    let refused = |role: &str, statement: &str| {
        format!(
            "SET ROLE \"{role}\"; DO $$ BEGIN EXECUTE $s${statement}$s$; RAISE 'it may'; EXCEPTION WHEN \
             insufficient_privilege THEN NULL; END $$; RESET ROLE"
        )
    };
    for statement in [
        "SELECT * FROM disclosure.ledger",
        "INSERT INTO disclosure.ledger DEFAULT VALUES",
        "UPDATE disclosure.ledger SET bytes = 0",
        "DELETE FROM disclosure.ledger",
        "TRUNCATE disclosure.ledger",
        "SELECT * FROM auth.users",
    ] {
        database.script(&refused("mindflow_disclosure-ledger", statement)).await;
    }
    let page = format!("SELECT * FROM disclosure.page_behind('{ADA}', NULL, 10)");
    database.script(&format!("SET ROLE \"mindflow_disclosure-ledger\"; {page}; RESET ROLE")).await;
    // Of the components' roles, none reaches it.
    for role in ["mindflow_ai", "mindflow_notification", "mindflow_search-index"] {
        database.script(&refused(role, &page)).await;
    }
    // Nor does the owner change one.
    let changed = "DO $$ BEGIN UPDATE disclosure.ledger SET bytes = 0; RAISE 'it may'; EXCEPTION WHEN \
                   insufficient_privilege THEN NULL; END $$";
    database.script(changed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_not_written() {
    let (ledger, _database) = stage("ledger_rules").await;
    let of = |purpose: &str| Disclosure {
        subject: Subject { user_id: ADA, document: None, purpose: purpose.into() },
        ..disclosure(ADA, 1)
    };
    assert!(ledger.record(&of("No Purpose")).await.is_err());
    assert!(ledger.record(&Disclosure { host: String::new(), ..of("analysis") }).await.is_err());
    assert_eq!(ledger.page(ADA, 10, None).await.unwrap(), []);
}
