//! Goal: a subscriber that cannot take an event delays no other. Method: a subscriber that traps on every event, next
//! to the good ones.

use crate::trouble_kit::{guest, see, with_tables};
use mindflow_tests::{Platform, eventually};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_event_is_a_dead_letter_after_five_attempts_and_the_other_subscriptions_go_on() {
    let poison = format!(
        "[component.poison]\nsource = {:?}\n[[component.poison.tool.mindflow.subscriptions]]\nevents = [\"TagCreated\"]\n",
        guest("poison-subscriber")
    );
    let platform = Platform::services().manifest(with_tables(poison)).start().await;
    let ada = platform.register().await;
    ada.data("mutation { createTag(name: \"Venom\") { id } }", json!({})).await;
    ada.eventually("{ tags { name } }", json!({}), |data| data["tags"][0]["name"] == "Venom").await;
    ada.write(json!({ "title": "meanwhile", "content": "all is well" })).await;
    see(&ada, "meanwhile").await;

    let database = &platform.write_database().await;
    let letter = eventually("a dead letter", || async move {
        let sql = "SELECT attempts, last_error, partition_key FROM delivery.queue WHERE subscription = 'poison' AND state = 'dead'";
        database.query_opt(sql, &[]).await.expect("the queue")
    })
    .await;
    assert_eq!(letter.get::<_, i32>("attempts"), 5);
    assert!(letter.get::<_, String>("last_error").contains("poison"), "{letter:?}");
    let others = database
        .query_one("SELECT count(*) FROM delivery.queue WHERE subscription <> 'poison' AND state = 'dead'", &[])
        .await;
    assert_eq!(others.expect("a count").get::<_, i64>(0), 0);
    let log = platform.log();
    assert!(log.contains("attempt 5 of 5"));
    // The key of an event can be the id of a user, whose lines of the kept log are deleted with the account.
    let key: String = letter.get("partition_key");
    let naming: Vec<&str> = log.lines().filter(|line| line.contains(&key) || line.contains(&ada.id)).collect();
    assert_eq!(naming, Vec::<&str>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_with_a_retry_policy_of_its_own_is_tried_as_often_as_that_says() {
    let poison = format!(
        "[component.poison]\nsource = {:?}\n[[component.poison.tool.mindflow.subscriptions]]\nevents = [\"TagCreated\"]\n\
         retry = {{ delays-ms = [10], jitter-percent = 0 }}\n",
        guest("poison-subscriber")
    );
    let platform = Platform::services().manifest(with_tables(poison)).start().await;
    let ada = platform.register().await;
    ada.data("mutation { createTag(name: \"Venom\") { id } }", json!({})).await;
    let database = &platform.write_database().await;
    let attempts = eventually("a dead letter", || async move {
        let sql = "SELECT attempts FROM delivery.queue WHERE subscription = 'poison' AND state = 'dead'";
        database.query_opt(sql, &[]).await.expect("the queue")
    })
    .await;
    assert_eq!(attempts.get::<_, i32>("attempts"), 2);
}
