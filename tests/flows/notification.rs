//! Goal: users and their systems are told what happened, once, by the ways they chose. Method: a real SMTP
//! server, real HTTP receivers on loopback (let through by name, as an operator would), a browser's keys.

use aws_lc_rs::{aead, agreement, hkdf, hmac};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use mindflow_test_support::SmtpServer;
use mindflow_tests::receiver::{Received, Receiver};
use mindflow_tests::{Account, Builder, Platform, eventually};
use serde_json::{Value, json};

const CREATE_WEBHOOK: &str = "mutation ($url: String!, $events: [String!]!) {
    createWebhook(url: $url, events: $events) { id url events active secret } }";
const REGISTER_PUSH: &str = "mutation ($endpoint: String!, $p256dh: String!, $auth: String!) {
    registerPushSubscription(endpoint: $endpoint, p256dh: $p256dh, auth: $auth) }";
const CREATE_TAG: &str = "mutation ($name: String!) { createTag(name: $name) { id } }";

fn mailing(server: &SmtpServer) -> Builder {
    Platform::services().config(&format!(
        "[mail]\nbackend = \"smtp\"\nfrom = \"MindFlow <hello@mindflow.example>\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n",
        server.port
    ))
}

fn letting_through(receiver: &Receiver) -> Builder {
    Platform::services().config(&format!("[outbound]\nallow-private = [\"{}\"]\n", receiver.address))
}

/// The mails to one address, as soon as there are so many.
async fn mails_to(server: &SmtpServer, email: &str, count: usize) -> Vec<String> {
    eventually(&format!("{count} mails to {email}"), || async {
        let mails: Vec<String> =
            server.mails().into_iter().filter(|mail| mail.contains(&format!("\r\nTo: {email}\r\n"))).collect();
        (mails.len() >= count).then_some(mails)
    })
    .await
}

async fn received(receiver: &Receiver, count: usize) -> Vec<Received> {
    eventually(&format!("{count} requests"), || async {
        let received = receiver.received();
        (received.len() >= count).then_some(received)
    })
    .await
}

async fn webhook(account: &Account, url: &str, events: &[&str]) -> Value {
    account.data(CREATE_WEBHOOK, json!({ "url": url, "events": events })).await["createWebhook"].clone()
}

/// (channel, status, reason) of an account's sends, as soon as so many are settled.
async fn settled(platform: &Platform, account: &Account, count: usize) -> Vec<(String, String, Option<String>)> {
    let database = &platform.write_database().await;
    let id: uuid::Uuid = account.id.parse().unwrap();
    eventually(&format!("{count} settled sends"), || async move {
        let sql = "SELECT channel, status, reason FROM notification.sends WHERE user_id = $1 AND status <> 'pending'
            ORDER BY planned_at, id";
        let rows = database.query(sql, &[&id]).await.unwrap();
        (rows.len() >= count).then(|| rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
    })
    .await
}

/// The last error of the dead send, as soon as there is one.
async fn dead_send(platform: &Platform) -> (i32, String) {
    let database = &platform.write_database().await;
    eventually("a dead letter", || async move {
        let sql = "SELECT attempts, last_error FROM delivery.queue
            WHERE subscription = 'notification-sends' AND state = 'dead'";
        database.query_opt(sql, &[]).await.unwrap().map(|row| (row.get(0), row.get(1)))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_is_welcomed_by_mail_once_and_can_end_it_with_one_click() {
    let server = SmtpServer::start().await;
    let mut platform = mailing(&server).start().await;
    let ada = platform.register_as("premium").await;
    let mails = mails_to(&server, &ada.email, 1).await;
    assert!(mails[0].contains("Subject: Welcome to MindFlow\r\n"), "{}", mails[0]);
    assert!(mails[0].contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{}", mails[0]);
    settled(&platform, &ada, 1).await;
    // Nothing is sent again when the host dies and comes back.
    platform.kill();
    platform.start().await;

    // Insights are told as well, and say nothing of the entry.
    ada.write(json!({ "title": "Harbour", "content": "A good day with friends. I felt grateful and calm." })).await;
    let mails = mails_to(&server, &ada.email, 2).await;
    let insights = mails.iter().find(|mail| mail.contains("Subject: Your insights are ready\r\n")).unwrap();
    assert!(insights.contains("about one of your entries") && !insights.contains("Harbour"), "{insights}");

    let (_, link) = mails[0].split_once("List-Unsubscribe: <").unwrap();
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
    let body = json!({ "email": email, "password": mindflow_tests::PASSWORD, "displayName": name });
    platform.http().post("/auth/register", &body).await.expect(201);
    let mail = mails_to(&server, &email, 1).await.remove(0);
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
            WHERE subscription = 'notification-sends' AND not_before > now()";
        let row = database.query_opt(sql, &[]).await.unwrap()?;
        Some((row.get::<_, i32>(0), row.get::<_, Option<String>>(1)?))
    };
    let (attempts, reason) = eventually("a mail put off", put_off).await;
    assert!(attempts == 0 && reason.contains("mail cannot be sent now"), "{attempts} {reason}");
    let server = away.again().await;
    let mails = mails_to(&server, &ada.email, 1).await;
    assert!(mails[0].contains("Subject: Welcome to MindFlow\r\n"), "{}", mails[0]);
    assert_eq!(settled(&platform, &ada, 1).await, [("email".to_owned(), "sent".to_owned(), None)]);
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
async fn a_mail_that_the_server_refuses_is_a_dead_letter_that_says_why() {
    let server = SmtpServer::start().await;
    let platform = mailing(&server).start().await;
    let email = format!("refused-{}@example.org", uuid::Uuid::new_v4());
    let body = json!({ "email": email, "password": mindflow_tests::PASSWORD, "displayName": "Eve" });
    platform.http().post("/auth/register", &body).await.expect(201);
    let (_, error) = dead_send(&platform).await;
    assert!(error.contains("5.1.1"), "{error}");
    assert!(server.mails().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_called_with_a_signature_over_time_and_body() {
    let receiver = Receiver::start().await;
    let platform = letting_through(&receiver).start().await;
    let ada = platform.register().await;
    let made = webhook(&ada, &receiver.url("/hook?x=1"), &["TagCreated", "JournalEntryDeleted"]).await;
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() == 49, "{secret}");
    // The secret is never told again.
    let listed = ada.data("{ webhooks { id url events active secret } }", json!({})).await["webhooks"].clone();
    assert_eq!(
        listed,
        json!([{ "id": made["id"], "url": made["url"], "events": made["events"], "active": true, "secret": null }])
    );
    let bob = platform.register().await;
    assert_eq!(bob.data("{ webhooks { id } }", json!({})).await["webhooks"], json!([]));

    // What others do, and what was not asked for, is not told.
    bob.data(CREATE_TAG, json!({ "name": "Bobs" })).await;
    ada.write(json!({ "title": "Harbour", "content": "A good day." })).await;
    ada.data(CREATE_TAG, json!({ "name": "Rain" })).await;
    let call = received(&receiver, 1).await.remove(0);
    assert_eq!((call.path.as_str(), call.headers["x-mindflow-event"].as_str()), ("/hook?x=1", "TagCreated"));
    let body: Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!((&body["eventType"], &body["payload"]["name"]), (&json!("TagCreated"), &json!("Rain")));
    let (time, mac) = call.headers["x-mindflow-signature"].split_once(",v1=").unwrap();
    let signed = [time.strip_prefix("t=").unwrap().as_bytes(), b".", &call.body].concat();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    assert_eq!(hex(hmac::sign(&key, &signed).as_ref()), mac);
    let told = |sends: Vec<(String, String, Option<String>)>| {
        sends.into_iter().filter(|(channel, ..)| channel == "webhook").map(|(_, status, _)| status).collect::<Vec<_>>()
    };
    assert_eq!(told(settled(&platform, &ada, 2).await), ["sent"]);

    // Somebody else's webhook cannot be deleted; one's own can.
    let delete = "mutation ($id: ID!) { deleteWebhook(id: $id) }";
    assert_eq!(bob.data(delete, json!({ "id": made["id"] })).await["deleteWebhook"], false);
    assert_eq!(ada.data(delete, json!({ "id": made["id"] })).await["deleteWebhook"], true);
    assert_eq!(ada.data("{ webhooks { id } }", json!({})).await["webhooks"], json!([]));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_receiver_is_tried_five_times_and_holds_up_no_other() {
    let (failing, good) = (Receiver::start().await, Receiver::start().await);
    let allow = format!("[outbound]\nallow-private = [\"{}\", \"{}\"]\n", failing.address, good.address);
    let platform = Platform::services().config(&allow).start().await;
    let ada = platform.register().await;
    // A redirect is a failure like others, and leads nowhere.
    failing.then(500).then_with(302, &[("location", &good.url("/redirected"))]).then(404).then(503).then(500);
    webhook(&ada, &failing.url("/failing"), &["TagCreated"]).await;
    webhook(&ada, &good.url("/good"), &["TagCreated"]).await;
    ada.data(CREATE_TAG, json!({ "name": "Rain" })).await;
    let (attempts, error) = dead_send(&platform).await;
    assert_eq!((attempts, failing.received().len()), (5, 5));
    assert!(error.contains("500"), "{error}");
    assert!(good.received().iter().all(|call| call.path == "/good") && good.received().len() == 1);
    // Every attempt is the same delivery.
    let ids: std::collections::BTreeSet<_> =
        failing.received().into_iter().map(|call| call.headers["x-mindflow-delivery"].clone()).collect();
    assert_eq!(ids.len(), 1);
    // The next event is not held up by the dead one.
    ada.data(CREATE_TAG, json!({ "name": "Sun" })).await;
    received(&failing, 6).await;
    received(&good, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_may_ask_for_later_or_say_that_it_is_gone() {
    let receiver = Receiver::start().await;
    let platform = letting_through(&receiver).start().await;
    let ada = platform.register().await;
    for _ in 0..6 {
        receiver.then_with(429, &[("retry-after", "0")]);
    }
    webhook(&ada, &receiver.url("/"), &["TagCreated"]).await;
    ada.data(CREATE_TAG, json!({ "name": "Rain" })).await;
    // More than the five attempts that a failing delivery has.
    received(&receiver, 7).await;
    receiver.then(410);
    ada.data(CREATE_TAG, json!({ "name": "Sun" })).await;
    ada.eventually("{ webhooks { active } }", json!({}), |data| data["webhooks"][0]["active"] == false).await;
    ada.data(CREATE_TAG, json!({ "name": "Snow" })).await;
    ada.eventually("{ tags { name } }", json!({}), |data| data["tags"].as_array().unwrap().len() == 3).await;
    assert_eq!(receiver.received().len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_public_is_refused_also_when_it_becomes_so_later() {
    let receiver = Receiver::start().await;
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let port = receiver.address.port();
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://localhost:{port}/"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://[::ffff:10.0.0.1]/".to_owned(),
        "https://2130706433/".to_owned(),
        "http://1.1.1.1/".to_owned(),
        "ftp://example.org/".to_owned(),
        "not an address".to_owned(),
    ] {
        let answer = ada.graphql(CREATE_WEBHOOK, json!({ "url": url, "events": ["TagCreated"] })).await;
        assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{url}");
        assert_eq!(answer.error()["extensions"]["field"], "url", "{url}");
    }
    assert_eq!(ada.data("{ webhooks { id } }", json!({})).await["webhooks"], json!([]));
    let answer = ada.graphql(CREATE_WEBHOOK, json!({ "url": "https://example.org/", "events": ["Everything"] })).await;
    assert_eq!(answer.error()["extensions"]["field"], "events[0]");

    // A name that was public when it was entered and resolves to this machine now.
    let database = platform.write_database().await;
    let url = format!("http://localhost:{port}/");
    database
        .execute(
            "INSERT INTO notification.webhooks (id, user_id, url, events, secret, created_at)
             VALUES (gen_random_uuid(), $1, $2, ARRAY['TagCreated'], 'whsec_x', now())",
            &[&ada.id.parse::<uuid::Uuid>().unwrap(), &url],
        )
        .await
        .unwrap();
    ada.data(CREATE_TAG, json!({ "name": "Rain" })).await;
    let (_, error) = dead_send(&platform).await;
    assert!(error.contains("not a public https address"), "{error}");
    assert!(receiver.received().is_empty());
}

/// A browser: its keys, and how it reads what was sealed for it (RFC 8291).
struct Browser {
    private: agreement::PrivateKey,
    auth: [u8; 16],
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand<const N: usize>(salt: &[u8], secret: &[u8], info: &[&[u8]]) -> [u8; N] {
    let mut key = [0; N];
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    extracted.expand(info, Length(N)).unwrap().fill(&mut key).unwrap();
    key
}

impl Browser {
    fn new() -> Self {
        Self { private: agreement::PrivateKey::generate(&agreement::ECDH_P256).unwrap(), auth: [7; 16] }
    }

    fn public(&self) -> Vec<u8> {
        self.private.compute_public_key().unwrap().as_ref().to_vec()
    }

    fn subscription(&self, endpoint: &str) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({ "endpoint": endpoint, "p256dh": encode(&self.public()), "auth": encode(&self.auth) })
    }

    fn open(&self, body: &[u8]) -> Value {
        let (salt, sender, mut record) = (&body[..16], &body[21..86], body[86..].to_vec());
        let sender_key = agreement::UnparsedPublicKey::new(&agreement::ECDH_P256, sender);
        let secret: [u8; 32] = agreement::agree(&self.private, sender_key, (), |secret| {
            Ok(expand(&self.auth, secret, &[b"WebPush: info\0", &self.public(), sender]))
        })
        .unwrap();
        let key: [u8; 16] = expand(salt, &secret, &[b"Content-Encoding: aes128gcm\0"]);
        let nonce: [u8; 12] = expand(salt, &secret, &[b"Content-Encoding: nonce\0"]);
        let key = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_128_GCM, &key).unwrap());
        let nonce = aead::Nonce::assume_unique_for_key(nonce);
        let plain = key.open_in_place(nonce, aead::Aad::empty(), &mut record).unwrap();
        serde_json::from_slice(plain.strip_suffix(&[2]).unwrap()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_reads_its_push_message_and_one_that_is_gone_is_forgotten() {
    let service = Receiver::start().await;
    let platform = letting_through(&service).start().await;
    let ada = platform.register_as("premium").await;
    let key = ada.data("{ pushPublicKey }", json!({})).await["pushPublicKey"].as_str().unwrap().to_owned();
    let browser = Browser::new();
    let mut wrong = browser.subscription(&service.url("/push/1"));
    wrong["p256dh"] = json!("AAAA");
    let refused = ada.graphql(REGISTER_PUSH, wrong).await;
    assert_eq!(
        (refused.error_code(), &refused.error()["extensions"]["field"]),
        ("BAD_USER_INPUT".into(), &json!("p256dh"))
    );
    let private = ada.graphql(REGISTER_PUSH, browser.subscription("https://127.0.0.1/push")).await;
    assert_eq!(private.error()["extensions"]["field"], "endpoint");
    assert_eq!(
        ada.data(REGISTER_PUSH, browser.subscription(&service.url("/push/1"))).await["registerPushSubscription"],
        true
    );

    let write = async |title: &str| ada.write(json!({ "title": title, "content": "I felt grateful and calm." })).await;
    write("One").await;
    let call = received(&service, 1).await.remove(0);
    assert_eq!((call.path.as_str(), call.headers["content-encoding"].as_str()), ("/push/1", "aes128gcm"));
    assert!(call.headers.contains_key("ttl"));
    let authorization = &call.headers["authorization"];
    assert!(authorization.starts_with("vapid t=") && authorization.ends_with(&format!(", k={key}")), "{authorization}");
    let message = browser.open(&call.body);
    assert_eq!(message["type"], "AIInsightsGenerated");
    assert!(message["count"].as_u64().unwrap() > 0);

    service.then(410);
    write("Two").await;
    received(&service, 2).await;
    let sends = settled(&platform, &ada, 5).await;
    assert!(sends.iter().any(|(channel, status, _)| channel == "push" && status == "skipped"), "{sends:?}");
    let database = platform.write_database().await;
    let left = database.query_one("SELECT count(*) FROM notification.push_subscriptions", &[]).await.unwrap();
    assert_eq!(left.get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_hours_put_mail_off_but_no_webhook_and_are_checked() {
    let (server, receiver) = (SmtpServer::start().await, Receiver::start().await);
    let platform =
        mailing(&server).config(&format!("[outbound]\nallow-private = [\"{}\"]\n", receiver.address)).start().await;
    let ada = platform.register_as("premium").await;
    mails_to(&server, &ada.email, 1).await;
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
            WHERE subscription = 'notification-sends' AND not_before > now() + interval '1 minute'";
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
    assert!(mail.contains(&format!("To: {}\r\n", ada.email)) && mail.contains("Welcome to MindFlow"), "{mail}");
}
