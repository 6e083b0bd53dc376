//! Goal: a reminder comes on Spin as on the host. Method: a mail server's HTTP API that keeps what it gets, time that is put forward in
//! the database, and a clock that rings.

use super::Stage;
use crate::stores::messages::Sink;
use mindflow_tests::eventually;
use serde_json::json;

const CREATE: &str = "mutation ($channel: ReminderChannel!) { createReminder(input: { weekdays: [SUNDAY, MONDAY, TUESDAY, WEDNESDAY, THURSDAY,
    FRIDAY, SATURDAY], time: \"18:05\", channel: $channel }) { id } }";
const CONFIRM: &str = "mutation ($token: String!) { confirmEmail(token: $token) }";
const PATH: &str = "/auth/confirm-email/";

/// The mail with this subject to the address, as the server got it.
async fn mail(sink: &Sink, email: &str, subject: &str) -> String {
    eventually(subject, || async {
        let requests = sink.requests.lock().expect("no panic while held").clone();
        requests
            .into_iter()
            .find(|request| request.contains(email) && request.contains(&format!("Subject: {subject}\r\n")))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_comes_by_mail_to_a_confirmed_address_when_its_time_has_come() {
    let sink = Sink::answering("200 OK", r#"{"id": "x", "message": "Queued"}"#).await;
    let url = format!("{}/v3/d/messages.mime", sink.origin);
    let stage = Stage::with(&[("mail_url", &url), ("mail_origin", &sink.origin)]).await;
    let ada = stage.register().await;
    let by_mail = json!({ "channel": "EMAIL" });
    let refused = ada.graphql(CREATE, by_mail.clone()).await.error()["extensions"].clone();
    assert_eq!((&refused["field"], &refused["rule"]), (&json!("channel"), &json!("unconfirmed")), "{refused}");

    let confirming = mail(&sink, &ada.email, "Confirm your e-mail address").await.replace("=\r\n", "");
    let (_, rest) = confirming.split_once(PATH).expect("a link");
    let token: String = rest.chars().take_while(|char| char.is_ascii_alphanumeric() || "-_".contains(*char)).collect();
    assert_eq!(ada.data(CONFIRM, json!({ "token": token })).await["confirmEmail"], true);
    let database = stage.bed.platform.write_database().await;
    let user: uuid::Uuid = ada.id.parse().expect("an id");
    let known = "SELECT count(*) FROM notification.users WHERE user_id = $1 AND email_confirmed";
    eventually("notifications know of it", || async {
        let row = database.query_one(known, &[&user]).await.expect("a count");
        (row.get::<_, i64>(0) == 1).then_some(())
    })
    .await;

    ada.data(CREATE, by_mail).await;
    let due = "UPDATE notification.reminders SET due_at = now() - interval '1 minute' WHERE user_id = $1";
    assert_eq!(database.execute(due, &[&user]).await.expect("time passes"), 1);
    stage.run("notification", "remind").await;
    let reminding = mail(&sink, &ada.email, "Time to write").await;
    assert!(reminding.contains("List-Unsubscribe"), "{reminding}");
}
