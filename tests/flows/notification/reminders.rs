//! Reminders to write: time is put forward in the database.

use super::{mailing, mails_to, settled};
use crate::accounts_kit::confirm;
use mindflow_test_support::SmtpServer;
use mindflow_tests::{Account, Platform, eventually};
use serde_json::{Value, json};

pub const CREATE: &str =
    "mutation ($input: ReminderInput!) { createReminder(input: $input) { id weekdays time channel active } }";
const UPDATE: &str =
    "mutation ($id: ID!, $input: ReminderInput!) { updateReminder(id: $id, input: $input) { active } }";

pub fn every_day(active: bool) -> Value {
    let days = ["SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"];
    json!({ "weekdays": days, "time": "18:05", "channel": "EMAIL", "active": active })
}

/// The schedule comes every second.
pub fn often(text: String) -> String {
    let schedule = "name = \"remind\"\ncron = \"* * * * *\"";
    assert!(text.contains(schedule), "the schedule is in the manifest");
    text.replace(schedule, "name = \"remind\"\ncron = \"* * * * * *\"")
}

/// The reminder's time comes; answers when it is next, as soon as it was looked at.
pub async fn comes(platform: &Platform, account: &Account) {
    let database = platform.write_database().await;
    let id: uuid::Uuid = account.id.parse().expect("an id");
    let due = "UPDATE notification.reminders SET due_at = now() - interval '1 minute' WHERE user_id = $1";
    database.execute(due, &[&id]).await.expect("time passes");
    let next = "SELECT count(*) FROM notification.reminders WHERE user_id = $1 AND due_at > now()";
    eventually("the reminder is due another day", || async {
        let ahead: i64 = database.query_one(next, &[&id]).await.expect("a count").get(0);
        (ahead > 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_comes_once_unless_something_was_written_that_day() {
    let server = SmtpServer::start().await;
    let platform = mailing(&server).manifest(often).start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    confirm(&platform, &server, &ada).await;
    confirm(&platform, &server, &bob).await;
    let of_registration = mails_to(&server, &ada.email, 1).await.len();
    // Quiet hours do not hold up what the user has named a time for.
    ada.data("mutation { updateNotificationPreferences(quietHoursStart: 0, quietHoursEnd: 23) { email } }", json!({}))
        .await;
    let made = ada.data(CREATE, json!({ "input": every_day(true) })).await["createReminder"].clone();
    assert_eq!(
        (&made["weekdays"][0], &made["time"], &made["active"]),
        (&json!("MONDAY"), &json!("18:05"), &json!(true))
    );
    bob.data(CREATE, json!({ "input": every_day(true) })).await;
    bob.write(json!({ "title": "A day", "content": "Written." })).await;

    comes(&platform, &ada).await;
    comes(&platform, &bob).await;
    let mails = mails_to(&server, &ada.email, of_registration + 1).await;
    assert!(mails.iter().any(|mail| mail.contains("Subject: Time to write")), "{mails:?}");
    // The same day once more: it was sent.
    comes(&platform, &ada).await;
    assert_eq!(settled(&platform, &ada, 2).await.len(), 2, "the mail of the registration, and one reminder");
    assert!(
        !server.mails().iter().any(|mail| mail.contains(&bob.email) && mail.contains("Time to write")),
        "Bob has written"
    );

    let id = made["id"].clone();
    assert_eq!(bob.graphql(UPDATE, json!({ "id": id, "input": every_day(false) })).await.error_code(), "NOT_FOUND");
    assert_eq!(
        ada.data(UPDATE, json!({ "id": id, "input": every_day(false) })).await["updateReminder"]["active"],
        false
    );
    let wrong = json!({ "weekdays": [], "time": "24:00", "channel": "PUSH" });
    let refused = ada.graphql(CREATE, json!({ "input": wrong })).await;
    assert_eq!(refused.wrong_fields(), ["weekdays", "time"]);
    let delete = "mutation ($id: ID!) { deleteReminder(id: $id) }";
    assert_eq!(ada.data(delete, json!({ "id": id })).await["deleteReminder"], true);
    assert_eq!(ada.data("{ reminders { id } }", json!({})).await["reminders"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_another_time_zone_a_reminder_is_due_at_another_time() {
    let platform = Platform::services().manifest(often).start().await;
    let ada = platform.register().await;
    let mut input = every_day(true);
    input["channel"] = json!("PUSH");
    ada.data(CREATE, json!({ "input": input })).await;
    let database = platform.write_database().await;
    let id: uuid::Uuid = ada.id.parse().expect("an id");
    ada.data("mutation { updateProfile(timezone: \"Asia/Kathmandu\") { timezone } }", json!({})).await;
    // 18:05 in Kathmandu is 12:20 in UTC.
    let at = "SELECT to_char(due_at AT TIME ZONE 'UTC', 'HH24:MI') FROM notification.reminders WHERE user_id = $1 AND due_at > now()";
    eventually("it is reckoned again by the schedule", || async {
        let row = database.query_opt(at, &[&id]).await.expect("a row");
        row.is_some_and(|row| row.get::<_, String>(0) == "12:20").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_by_mail_waits_until_the_address_is_confirmed() {
    let server = SmtpServer::start().await;
    let platform = mailing(&server).start().await;
    let ada = platform.register().await;
    let is_refused = async |mutation: &str, variables: Value| {
        let error = ada.graphql(mutation, variables).await.error();
        let extensions = &error["extensions"];
        assert_eq!(
            (&extensions["code"], &extensions["field"], &extensions["rule"]),
            (&json!("CONFLICT"), &json!("channel"), &json!("unconfirmed")),
            "{error}"
        );
        assert!(error["message"].as_str().expect("a text").contains("Confirm your e-mail address"), "{error}");
    };
    is_refused(CREATE, json!({ "input": every_day(true) })).await;
    assert_eq!(ada.data("{ reminders { id } }", json!({})).await["reminders"], json!([]));
    // One that is switched off sends nothing, and is refused when it is to come.
    let id = ada.data(CREATE, json!({ "input": every_day(false) })).await["createReminder"]["id"].clone();
    is_refused(UPDATE, json!({ "id": id, "input": every_day(true) })).await;
    confirm(&platform, &server, &ada).await;
    let switched = ada.data(UPDATE, json!({ "id": id, "input": every_day(true) })).await;
    assert_eq!(switched["updateReminder"]["active"], true);
    ada.data(CREATE, json!({ "input": every_day(true) })).await;
}
