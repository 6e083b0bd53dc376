//! Goal: an address gets mail only when its reader wants an account with it, and an account has the address of its user. Method: a real
//! SMTP server; links followed as a mail program, a scanner and a browser do, and by their tokens through GraphQL.

use crate::accounts_kit::{CONFIRM, confirm, follow, link, mail_about, submit, token};
use crate::notification::{mailing, mails_to, secrets::dump, webhooks::hex};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD};
use mindflow_test_support::SmtpServer;
use mindflow_tests::{Account, Answer, PASSWORD, eventually};
use serde_json::{Value, json};

const CONFIRMED: &str = "{ me { email emailConfirmed } }";
const CONFIRM_EMAIL: &str = "mutation ($token: String!) { confirmEmail(token: $token) }";
const CHANGE_PASSWORD: &str = "mutation ($input: ChangePasswordInput!) { changePassword(input: $input) }";
const REQUEST: &str = "mutation { requestEmailConfirmation }";
const NEXT: &str = "another horse, another battery";

async fn is_confirmed(account: &Account) -> Value {
    account.data(CONFIRMED, json!({})).await["me"]["emailConfirmed"].clone()
}

async fn request_change(account: &Account, new_email: &str, password: &str) -> Answer {
    let change = "mutation ($newEmail: String!, $password: String!) { requestEmailChange(newEmail: $newEmail, password: $password) }";
    account.graphql(change, json!({ "newEmail": new_email, "password": password })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_confirmed_by_the_link_of_a_mail_that_has_nothing_of_the_registrant() {
    let server = SmtpServer::start().await;
    let platform = mailing(&server).start().await;
    let email = format!("{}@example.org", uuid::Uuid::new_v4().simple());
    let body = json!({ "email": email, "password": PASSWORD, "displayName": "Buy at evil.example" });
    let answer = platform.http().post("/auth/register", &body).await.expect(201);
    assert_eq!(answer.json()["user"]["emailConfirmed"], false);
    let ada = Account::granted(platform.http(), &email, PASSWORD, &answer);
    let mail = mail_about(&server, &email, CONFIRM).await;
    assert!(!mail.contains("evil.example") && !mail.contains("List-Unsubscribe"), "{mail}");

    // Looking at the link does nothing.
    let link = link(&mail);
    let page = platform.http().get(&link).await.expect(200);
    assert!(page.text().contains("<form method=\"post\">"), "{}", page.text());
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(is_confirmed(&ada).await, false);
    follow(&platform, &link).await.expect(200);
    assert_eq!(is_confirmed(&ada).await, true);
    // It is good once, for its purpose, and nothing else is.
    follow(&platform, &link).await.expect_problem(404, "not-found");
    for path in ["/auth/confirm-email/AAAA".to_owned(), format!("/auth/confirm-email/{}", "A".repeat(43))] {
        follow(&platform, &path).await.expect_problem(404, "not-found");
    }
    submit(&platform, &format!("/auth/reset-password/{}", token(&link)), NEXT).await.expect(404);
    let again = platform.http().graphql(CONFIRM_EMAIL, json!({ "token": token(&link) })).await;
    assert_eq!(again.error_code(), "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn until_its_address_is_confirmed_an_account_gets_no_other_mail_and_then_also_of_its_safety() {
    let server = SmtpServer::start().await;
    let platform = mailing(&server).start().await;
    let ada = platform.register().await;
    mail_about(&server, &ada.email, CONFIRM).await;
    let input = json!({ "input": { "currentPassword": PASSWORD, "newPassword": NEXT } });
    ada.data(CHANGE_PASSWORD, input).await;
    confirm(&platform, &server, &ada).await;

    // What it says is wanted or not, this one goes out.
    ada.data("mutation { updateNotificationPreferences(email: false) { email } }", json!({})).await;
    let input = json!({ "input": { "currentPassword": NEXT, "newPassword": PASSWORD } });
    ada.data(CHANGE_PASSWORD, input).await;
    let mail = mail_about(&server, &ada.email, "Your account was changed").await;
    assert!(mail.contains("The password of your account was changed") && !mail.contains(PASSWORD), "{mail}");
    // One of the first change would have come before it.
    assert_eq!(mails_to(&server, &ada.email, 2).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_addresses_must_be_confirmed_an_account_can_do_nothing_else_before() {
    let server = SmtpServer::start().await;
    let platform = mailing(&server).variable("require_confirmed_email", "true").start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    let write = json!({ "input": { "title": "t", "content": "c" } });
    assert_eq!(ada.graphql(mindflow_tests::CREATE, write.clone()).await.error_code(), "FORBIDDEN");
    ada.get("/api/journals").await.expect_problem(403, "forbidden");
    // It sees to itself: its sessions, another mail, the way out.
    assert_eq!(ada.data("{ sessions { current } }", json!({})).await["sessions"][0]["current"], true);
    assert_eq!(ada.data(REQUEST, json!({})).await["requestEmailConfirmation"], true);
    bob.post("/auth/logout", &Value::Null).await.expect(204);
    let mail = mails_to(&server, &ada.email, 2).await.pop().expect("a mail");
    let confirmed = platform.http().graphql(CONFIRM_EMAIL, json!({ "token": token(&link(&mail)) })).await;
    assert_eq!(confirmed.data()["confirmEmail"], true);
    // The same token is good for everything now.
    ada.data(mindflow_tests::CREATE, write).await;
    assert_eq!(is_confirmed(&ada).await, true);
    // Refused requests send nothing.
    assert_eq!(ada.data(REQUEST, json!({})).await["requestEmailConfirmation"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_gets_five_mails_an_hour_that_are_asked_for() {
    let server = SmtpServer::start().await;
    let platform = mailing(&server).shipped_limits().start().await;
    let ada = platform.register().await;
    for _ in 0..5 {
        ada.data(REQUEST, json!({})).await;
    }
    let refused = ada.graphql(REQUEST, json!({})).await;
    assert_eq!(refused.error_code(), "RATE_LIMITED");
    assert!(
        refused.error()["extensions"]["retryAfter"].as_u64().is_some_and(|seconds| seconds > 60),
        "{}",
        refused.text()
    );
    // With that of the registration; and the last of them is good.
    let mails = mails_to(&server, &ada.email, 6).await;
    assert_eq!(mails.len(), 6);
    follow(&platform, &link(&mails[0])).await.expect(200);
    // The others went to the same address, and are not needed any more.
    follow(&platform, &link(&mails[1])).await.expect_problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_is_the_accounts_when_the_link_that_was_mailed_there_is_followed() {
    let server = SmtpServer::start().await;
    let platform = mailing(&server).start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    confirm(&platform, &server, &ada).await;
    let next = format!("next-{}", ada.email);
    for (new_email, password, field, rule, code) in [
        ("no-address", PASSWORD, "newEmail", "format", "BAD_USER_INPUT"),
        (&*next, "wrong password", "password", "wrong", "BAD_USER_INPUT"),
        (&*bob.email, PASSWORD, "newEmail", "taken", "CONFLICT"),
        (&*ada.email, PASSWORD, "newEmail", "taken", "CONFLICT"),
    ] {
        let error = request_change(&ada, new_email, password).await.error();
        let extensions = &error["extensions"];
        assert_eq!(
            (&extensions["code"], &extensions["field"], &extensions["rule"]),
            (&json!(code), &json!(field), &json!(rule)),
            "{error}"
        );
    }
    assert_eq!(request_change(&ada, &next, PASSWORD).await.data()["requestEmailChange"], true);
    let link = link(&mail_about(&server, &next, "Confirm your new e-mail address").await);
    platform.http().get(&link).await.expect(200);
    assert_eq!(ada.data(CONFIRMED, json!({})).await["me"]["email"], json!(ada.email));
    let confirmed = "mutation ($token: String!) { confirmEmailChange(token: $token) }";
    let confirmed = platform.http().graphql(confirmed, json!({ "token": token(&link) })).await;
    assert_eq!(confirmed.data()["confirmEmailChange"], true);
    follow(&platform, &link).await.expect_problem(404, "not-found");

    // The session goes on with the new address, and the old one logs in no more.
    let shown = ada.eventually(CONFIRMED, json!({}), |data| data["me"]["email"] == json!(next)).await;
    assert_eq!(shown["me"]["emailConfirmed"], true);
    let login = async |email: &str| {
        platform.http().post("/auth/login", &json!({ "email": email, "password": PASSWORD })).await.status.as_u16()
    };
    assert_eq!((login(&ada.email).await, login(&next).await), (401, 200));
    let notice = mail_about(&server, &ada.email, "Your account has another e-mail address").await;
    assert!(!notice.contains(&next) && !notice.contains("/auth/"), "{notice}");
}

/// The id of the mail of a registration is the user's, which others may know; it leads to no token.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_links_are_in_the_mails_alone_not_in_the_database_the_log_or_an_answer() {
    let server = SmtpServer::start().await;
    let platform = mailing(&server).start().await;
    let ada = platform.register().await;
    ada.data(REQUEST, json!({})).await;
    let mails = mails_to(&server, &ada.email, 2).await;
    let links: Vec<String> = mails.iter().map(|mail| link(mail)).collect();
    platform.http().get(&links[0]).await.expect(200);
    let database = &platform.write_database().await;
    let sent = "SELECT FROM auth.mails WHERE sent_at IS NOT NULL";
    eventually("both are written down as sent", async || {
        (database.query(sent, &[]).await.expect("mails").len() == 2).then_some(())
    })
    .await;
    let admin = platform.register_as("admin").await;
    let rows = "query ($id: ID!) { auditLog(userId: $id) { edges { node { eventType payload } } } }";
    let shown = |data: &Value| data.to_string().contains("AccountMailRequested");
    let audited = admin.eventually(rows, json!({ "id": ada.id }), shown).await.to_string();
    let stored = dump(&platform).await;
    assert!(stored.contains(&ada.email) && audited.contains("mailId"), "{audited}");
    for secret in links.iter().map(|link| token(link)) {
        let bytes = URL_SAFE_NO_PAD.decode(secret).expect("a token");
        for written in [secret, &*hex(&bytes)] {
            assert!(!stored.contains(written) && !audited.contains(written), "{written} is shown");
        }
    }
    // No webhook gets the event, which has the mail's id.
    let webhook =
        "mutation { createWebhook(url: \"https://hooks.example.org/\", events: [\"AccountMailRequested\"]) { id } }";
    assert_eq!(ada.graphql(webhook, json!({})).await.error()["extensions"]["field"], "events[0]");
    let requested = platform.kept("a.event_type = 'AccountMailRequested'", &[]).await;
    assert!(!requested.is_empty());
    for requested in requested {
        let says = requested.payload.expect("its key is there").to_string();
        assert!(!says.contains(&ada.email) && !links.iter().any(|link| says.contains(token(link))), "{says}");
    }
    eventually("the look at the link is logged", async || {
        platform.log().contains("/auth/confirm-email/").then_some(())
    })
    .await;
    for link in &links {
        assert!(!platform.log().contains(token(link)));
    }
}
