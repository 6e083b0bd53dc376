//! Mail: sent once, refused, put off, ended by one click.

use super::{dead_send, mailing, mails_to, received, settled, webhook};
use crate::accounts_kit::{CONFIRM, confirm, mail_about};
use mindflow_test_support::SmtpServer;
use mindflow_tests::receiver::Receiver;
use mindflow_tests::{Account, PASSWORD, Platform, eventually};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_is_mailed_once_and_can_end_it_with_one_click() {
    let server = SmtpServer::start().await;
    let mut platform = mailing(&server).start().await;
    let ada = platform.register_as("premium").await;
    confirm(&platform, &server, &ada).await;
    settled(&platform, &ada, 1).await;
    // Nothing is sent again when the host dies and comes back.
    platform.kill();
    platform.start().await;

    // The mail about insights says nothing of the entry.
    ada.write(json!({ "title": "Harbour", "content": "A good day with friends. I felt grateful and calm." })).await;
    let mails = mails_to(&server, &ada.email, 2).await;
    let insights = mails.iter().find(|mail| mail.contains("Subject: Your insights are ready\r\n")).unwrap();
    assert!(insights.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{insights}");
    assert!(insights.contains("about one of your entries") && !insights.contains("Harbour"), "{insights}");

    let (_, link) = insights.split_once("List-Unsubscribe: <").unwrap();
    let path = link.split_once('>').unwrap().0.replace("\r\n ", "");
    let path = path.strip_prefix("http://127.0.0.1:3000").unwrap().to_owned();
    // Looking at the link does nothing.
    let page = platform.http().get(&path).await.expect(200).text();
    assert!(page.contains("<form method=\"post\">"), "{page}");
    let wanted = "{ notificationPreferences { email push webhooks quietHoursStart } }";
    assert_eq!(ada.data(wanted, json!({})).await["notificationPreferences"]["email"], true);
    let clicked = platform
        .http()
        .request(reqwest::Method::POST, &path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("List-Unsubscribe=One-Click");
    mindflow_tests::send(clicked).await.expect(200);
    assert_eq!(
        ada.data(wanted, json!({})).await["notificationPreferences"],
        json!({ "email": false, "push": true, "webhooks": true, "quietHoursStart": null })
    );
    let forged =
        mindflow_tests::send(platform.http().request(reqwest::Method::POST, "/notifications/unsubscribe/AAAA"));
    forged.await.expect(404);

    // No more mail for her; others still get theirs.
    ada.write(json!({ "title": "Later", "content": "An awful day." })).await;
    ada.eventually("{ recentEntries { analysis { status } } }", json!({}), |data| {
        data["recentEntries"][0]["analysis"]["status"] == "READY"
    })
    .await;
    let bob = platform.register().await;
    mails_to(&server, &bob.email, 1).await;
    assert_eq!(mails_to(&server, &ada.email, 2).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_full_of_markup_and_line_breaks_changes_no_mail() {
    let server = SmtpServer::start().await;
    let platform = mailing(&server).start().await;
    let email = format!("eve-{}@example.org", uuid::Uuid::new_v4());
    let name = "<script>alert(1)</script>{{ home }}";
    let body = json!({ "email": email, "password": PASSWORD, "displayName": name });
    let answer = platform.http().post("/auth/register", &body).await.expect(201);
    let eve = Account::granted(platform.http(), &email, PASSWORD, &answer);
    confirm(&platform, &server, &eve).await;
    let change = "mutation ($input: ChangePasswordInput!) { changePassword(input: $input) }";
    eve.data(change, json!({ "input": { "currentPassword": PASSWORD, "newPassword": "another horse" } })).await;
    let mail = mail_about(&server, &email, "Your account was changed").await;
    assert!(mail.contains("&lt;script&gt;"), "{mail}");
    let (_, html) = mail.split_once("text/html").unwrap();
    assert!(!html.contains("<script>"), "{mail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_waits_for_a_server_that_is_away_and_is_no_dead_letter() {
    let mut away = SmtpServer::start().await;
    away.stop().await;
    let platform = mailing(&away).start().await;
    let ada = platform.register().await;
    let database = &platform.write_database().await;
    let put_off = || async move {
        let sql = "SELECT attempts, last_error FROM delivery.queue
            WHERE subscription = 'notification-mail' AND not_before > now()";
        let row = database.query_opt(sql, &[]).await.unwrap()?;
        Some((row.get::<_, i32>(0), row.get::<_, Option<String>>(1)?))
    };
    let (attempts, reason) = eventually("a mail put off", put_off).await;
    assert!(attempts == 0 && reason.contains("mail cannot be sent now"), "{attempts} {reason}");
    let server = away.again().await;
    mail_about(&server, &ada.email, CONFIRM).await;
    assert_eq!(settled(&platform, &ada, 1).await, [("email".to_owned(), "sent".to_owned(), None)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_the_server_refuses_is_a_dead_letter_that_says_why() {
    let server = SmtpServer::start().await;
    let platform = mailing(&server).start().await;
    let email = format!("refused-{}@example.org", uuid::Uuid::new_v4());
    let body = json!({ "email": email, "password": mindflow_tests::PASSWORD, "displayName": "Eve" });
    platform.http().post("/auth/register", &body).await.expect(201);
    let (_, error) = dead_send(&platform).await;
    assert!(error.contains("5.1.1"), "{error}");
    assert!(!platform.log().contains(&email), "lines are kept longer than dead letters");
    assert!(server.mails().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_of_long_ago_are_forgotten_and_what_waits_is_not() {
    let platform = Platform::services()
        .manifest(|text| text.replace("cron = \"41 3 * * *\"", "cron = \"* * * * * *\""))
        .start()
        .await;
    let ada = platform.register().await;
    settled(&platform, &ada, 1).await;
    let database = &platform.write_database().await;
    let old = "INSERT INTO notification.sends
            (id, event_id, user_id, channel, target_id, event_type, body, status, planned_at, settled_at)
        SELECT gen_random_uuid(), gen_random_uuid(), $1, 'email', $1, 'UserRegistered', '{}',
            CASE WHEN settled THEN 'sent' ELSE 'pending' END, now() - interval '100 days',
            CASE WHEN settled THEN now() - interval '91 days' END
        FROM unnest(ARRAY[true, true, false]) AS settled";
    let id: uuid::Uuid = ada.id.parse().unwrap();
    database.execute(old, &[&id]).await.unwrap();
    let count = || async move {
        let rows = database.query("SELECT status FROM notification.sends ORDER BY status", &[]).await.unwrap();
        (rows.len() == 2).then(|| rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>())
    };
    assert_eq!(eventually("the old sends to be gone", count).await, ["pending", "sent"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_hours_put_mail_off_but_no_webhook_and_are_checked() {
    let (server, receiver) = (SmtpServer::start().await, Receiver::start().await);
    let platform =
        mailing(&server).config(&format!("[outbound]\nallow-private = [\"{}\"]\n", receiver.address)).start().await;
    let ada = platform.register_as("premium").await;
    confirm(&platform, &server, &ada).await;
    let update = "mutation ($start: Int, $end: Int) { updateNotificationPreferences(quietHoursStart: $start, quietHoursEnd: $end)
        { email push webhooks quietHoursStart quietHoursEnd } }";
    for (hours, field) in [
        (json!({ "start": 24, "end": 7 }), "quietHoursStart"),
        (json!({ "start": 22, "end": -1 }), "quietHoursEnd"),
        (json!({ "start": 22 }), "quietHoursEnd"),
    ] {
        let answer = ada.graphql(update, hours).await;
        assert_eq!(
            (answer.error_code(), &answer.error()["extensions"]["field"]),
            ("BAD_USER_INPUT".into(), &json!(field))
        );
    }
    // From this hour on for 23 hours: quiet now, whenever the test runs.
    let now = jiff::Timestamp::from_microsecond(mindflow_backends::clock::Clock::system().now_us()).expect("a time");
    let hour = now.to_zoned(jiff::tz::TimeZone::UTC).hour();
    let (start, end) = (i32::from(hour), (i32::from(hour) + 23) % 24);
    let set = ada.data(update, json!({ "start": start, "end": end })).await["updateNotificationPreferences"].clone();
    assert_eq!((&set["quietHoursStart"], &set["quietHoursEnd"]), (&json!(start), &json!(end)));
    webhook(&ada, &receiver.url("/"), &["AIInsightsGenerated"]).await;
    ada.write(json!({ "title": "Late", "content": "I felt grateful and calm." })).await;
    received(&receiver, 1).await;
    let database = &platform.write_database().await;
    let (ready_in_s, attempts) = eventually("a mail put off", || async move {
        let sql = "SELECT extract(epoch FROM not_before - now())::float8, attempts FROM delivery.queue
            WHERE subscription = 'notification-mail' AND not_before > now() + interval '1 minute'";
        database.query_opt(sql, &[]).await.unwrap().map(|row| (row.get::<_, f64>(0), row.get::<_, i32>(1)))
    })
    .await;
    assert!(ready_in_s > 21.0 * 3600.0 && ready_in_s <= 23.0 * 3600.0, "{ready_in_s}");
    assert_eq!(attempts, 0);
    assert_eq!(mails_to(&server, &ada.email, 1).await.len(), 1);
    // Null takes them away.
    let none = ada.data(update, json!({ "start": null, "end": null })).await["updateNotificationPreferences"].clone();
    assert_eq!(none["quietHoursStart"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_default_writes_mail_into_a_folder() {
    let platform = Platform::embedded().start().await;
    let ada = platform.register().await;
    let folder = platform.data_dir().join("mail");
    let mail = eventually("a mail", || async {
        let files = std::fs::read_dir(&folder).ok()?.filter_map(Result::ok).map(|entry| entry.path());
        files
            .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
            .find_map(|path| std::fs::read_to_string(path).ok())
    })
    .await;
    assert!(mail.contains(&format!("To: {}\r\n", ada.email)) && mail.contains(CONFIRM), "{mail}");
}
