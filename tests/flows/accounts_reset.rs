//! Goal: who reads the mail of an account can set its password, once and soon, and who does not learns nothing. Method: a real SMTP
//! server; the page of the link as a browser uses it, and its token through GraphQL; an attacker who asks for addresses.

use crate::accounts_kit::{CONFIRM, confirm, follow, link, mail_about, submit, token};
use crate::notification::{mailing, mails_to};
use mindflow_test_support::SmtpServer;
use mindflow_tests::receiver::Receiver;
use mindflow_tests::{Account, Answer, Http, PASSWORD, eventually};
use serde_json::{Value, json};

const NEXT: &str = "another horse, another battery";
const SUBJECT: &str = "Choose a new password";

async fn request(http: &Http, email: &str) -> Answer {
    let request = "mutation ($email: String!) { requestPasswordReset(email: $email) }";
    http.graphql(request, json!({ "email": email })).await
}

async fn reset(http: &Http, token: &str, password: &str) -> Answer {
    let reset = "mutation ($token: String!, $new: String!) { resetPassword(token: $token, newPassword: $new) }";
    http.graphql(reset, json!({ "token": token, "new": password })).await
}

async fn login(account: &Account, password: &str) -> Answer {
    account.http().post("/auth/login", &json!({ "email": account.email, "password": password })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_set_by_the_link_of_a_mail_once_and_all_sessions_end() {
    let server = SmtpServer::start().await;
    let platform = mailing(&server).start().await;
    let http = platform.http();
    let ada = platform.register().await;
    confirm(&platform, &server, &ada).await;
    let mut idle = ada.socket().await;
    for _ in 0..5 {
        login(&ada, "forgotten").await.expect(401);
    }
    login(&ada, PASSWORD).await.expect_problem(429, "rate-limited");
    assert_eq!(request(http, &ada.email).await.data()["requestPasswordReset"], true);
    let link = link(&mail_about(&server, &ada.email, SUBJECT).await);
    let common = reset(http, token(&link), "password123").await;
    assert_eq!(
        (&common.error()["extensions"]["field"], &common.error()["extensions"]["rule"]),
        (&json!("newPassword"), &json!("common"))
    );

    assert_eq!(reset(http, token(&link), NEXT).await.data()["resetPassword"], true);
    assert_eq!(idle.closed().await, 4403);
    ada.get("/auth/sessions").await.expect_problem(401, "unauthenticated");
    // The lockout has ended with it.
    login(&ada, NEXT).await.expect(200);
    login(&ada, PASSWORD).await.expect_problem(401, "unauthenticated");
    assert_eq!(reset(http, token(&link), PASSWORD).await.error_code(), "NOT_FOUND");
    mail_about(&server, &ada.email, "Your account was changed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_reset_nothing_goes_to_webhooks_and_browsers_from_before_until_the_user_wants_it() {
    let (server, receiver) = (SmtpServer::start().await, Receiver::start().await);
    let allow = format!("[outbound]\nallow-private = [\"{}\"]\n", receiver.address);
    let platform = mailing(&server).config(&allow).start().await;
    // Who registers an address may be a stranger.
    let stranger = platform.register().await;
    let create = "mutation ($url: String!) { createWebhook(url: $url, events: [\"TagCreated\"]) { id } }";
    let webhook = stranger.data(create, json!({ "url": receiver.url("/") })).await["createWebhook"]["id"].clone();
    let database = platform.write_database().await;
    let id: uuid::Uuid = stranger.id.parse().expect("an id");
    let browser = "INSERT INTO notification.push_subscriptions (id, user_id, endpoint, p256dh, auth, created_at)
        VALUES (gen_random_uuid(), $1, 'https://push.example.org/1', '', '', now())";
    database.execute(browser, &[&id]).await.unwrap();

    confirm(&platform, &server, &stranger).await;
    request(platform.http(), &stranger.email).await.data();
    let link = link(&mail_about(&server, &stranger.email, SUBJECT).await);
    submit(&platform, &link, NEXT).await.expect(200);
    let granted = login(&stranger, NEXT).await.expect(200);
    let owner = Account::granted(platform.http(), &stranger.email, NEXT, &granted);
    let off = eventually("the webhook is off", || async {
        let read = "{ webhooks { active disabledReason disabledCause } }";
        let shown = owner.data(read, json!({})).await["webhooks"][0].clone();
        (shown["active"] == false).then_some(shown)
    })
    .await;
    assert_eq!(off["disabledReason"], "the password of the account was reset");
    assert_eq!(off["disabledCause"], "PASSWORD_RESET");
    let browsers = "SELECT count(*) FROM notification.push_subscriptions";
    assert_eq!(database.query_one(browsers, &[]).await.unwrap().get::<_, i64>(0), 0);
    let mail = mail_about(&server, &stranger.email, "Your account was changed").await.replace("=\r\n", "");
    assert!(mail.contains("Webhooks and push messages, if there were any, are off"), "{mail}");

    owner.data("mutation ($id: ID!) { enableWebhook(id: $id) { id } }", json!({ "id": webhook })).await;
    owner.data("mutation { createTag(name: \"later\") { id } }", json!({})).await;
    eventually("the delivery of the tag", || async { (!receiver.received().is_empty()).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_the_link_sets_a_password_and_says_what_is_wrong_with_one() {
    let server = SmtpServer::start().await;
    let platform = mailing(&server).start().await;
    let ada = platform.register().await;
    confirm(&platform, &server, &ada).await;
    request(platform.http(), &ada.email).await.data();
    let link = link(&mail_about(&server, &ada.email, SUBJECT).await);
    let page = platform.http().get(&link).await.expect(200);
    assert!(page.text().contains("name=\"newPassword\"") && page.header("cache-control") == "no-store");
    login(&ada, PASSWORD).await.expect(200);
    for (password, sentence) in
        [("", "Enter a new password."), ("short", "8 to 72 bytes"), ("password123", "Many people")]
    {
        let refused = submit(&platform, &link, password).await.expect(422);
        assert!(refused.text().contains(sentence) && refused.text().contains("<form"), "{}", refused.text());
    }
    let done = submit(&platform, &link, NEXT).await.expect(200);
    assert!(done.header("content-type").starts_with("text/html"), "{}", done.header("content-type"));
    login(&ada, NEXT).await.expect(200);
    let used = submit(&platform, &link, PASSWORD).await.expect(404);
    assert!(used.text().contains("This link is not valid any more."), "{}", used.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_does_not_reveal_whether_an_account_exists_or_its_address_is_confirmed() {
    let server = SmtpServer::start().await;
    let platform = mailing(&server).start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    confirm(&platform, &server, &ada).await;
    mail_about(&server, &bob.email, CONFIRM).await;
    let answers = [&*ada.email, &*bob.email, "unknown@example.org"].map(|email| request(platform.http(), email));
    let answers = futures::future::join_all(answers).await;
    let shown: Vec<(u16, Value)> = answers.iter().map(|answer| (answer.status.as_u16(), answer.json())).collect();
    assert!(
        shown.iter().all(|answer| *answer == (200, json!({ "data": { "requestPasswordReset": true } }))),
        "{shown:?}"
    );
    assert_eq!(request(platform.http(), "no-address").await.error()["extensions"]["field"], "email");

    mail_about(&server, &ada.email, SUBJECT).await;
    // Bob got another mail that confirms his address, and gets one with a link to set the password after that.
    let mails = mails_to(&server, &bob.email, 2).await;
    assert!(mails.len() == 2 && mails.iter().all(|mail| mail.contains(CONFIRM)), "{mails:?}");
    follow(&platform, &link(&mails[1])).await.expect(200);
    assert_eq!(login(&bob, PASSWORD).await.expect(200).json()["user"]["emailConfirmed"], true);
    request(platform.http(), &bob.email).await.data();
    mail_about(&server, &bob.email, SUBJECT).await;
    assert_eq!(mails_to(&server, &bob.email, 3).await.len(), 3);
    assert!(!server.mails().iter().any(|mail| mail.contains("unknown@example.org")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_ends_after_half_an_hour_and_with_any_change_of_the_password() {
    let server = SmtpServer::start().await;
    let platform = mailing(&server).start().await;
    let http = platform.http();
    let ada = platform.register().await;
    confirm(&platform, &server, &ada).await;
    request(http, &ada.email).await.data();
    let first = link(&mail_about(&server, &ada.email, SUBJECT).await);
    let database = platform.write_database().await;
    let left = "SELECT extract(epoch FROM expires_at - now())::float8 FROM auth.mails WHERE kind = 'reset'";
    let left: f64 = database.query_one(left, &[]).await.unwrap().get(0);
    assert!(left > 60.0 && left <= 1_800.0, "{left}");
    database.execute("UPDATE auth.mails SET expires_at = now() WHERE kind = 'reset'", &[]).await.unwrap();
    assert_eq!(reset(http, token(&first), NEXT).await.error_code(), "NOT_FOUND");

    // Confirmation, the first, and a further one.
    request(http, &ada.email).await.data();
    let mails = mails_to(&server, &ada.email, 3).await;
    let links: Vec<String> = mails.iter().filter(|mail| mail.contains(SUBJECT)).map(|mail| link(mail)).collect();
    let second = links.iter().find(|link| **link != first).expect("another link");
    let change = "mutation ($input: ChangePasswordInput!) { changePassword(input: $input) }";
    ada.data(change, json!({ "input": { "currentPassword": PASSWORD, "newPassword": NEXT } })).await;
    assert_eq!(reset(http, token(second), PASSWORD).await.error_code(), "NOT_FOUND");
    login(&ada, NEXT).await.expect(200);
}
