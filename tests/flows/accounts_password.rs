//! Goal: a password is its owner's to change, and who knew the former one is out. Method: a user on two devices; wrong, weak and
//! common passwords; an attacker with an access token who guesses.

use mindflow_tests::{Account, Answer, PASSWORD, Platform, send};
use reqwest::Method;
use serde_json::{Value, json};

const NEXT: &str = "another horse, another battery";

async fn change(account: &Account, current: &str, new: &str) -> Answer {
    let change = "mutation ($input: ChangePasswordInput!) { changePassword(input: $input) }";
    account.graphql(change, json!({ "input": { "currentPassword": current, "newPassword": new } })).await
}

async fn login(account: &Account, password: &str) -> Answer {
    account.http().post("/auth/login", &json!({ "email": account.email, "password": password })).await
}

async fn refresh(account: &Account) -> Answer {
    let cookie = format!("mf_refresh={}", account.refresh_token);
    send(account.http().request(Method::POST, "/auth/refresh").header("cookie", cookie)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_ends_the_other_sessions_and_the_former_one_logs_in_no_more() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let phone = ada.login().await;
    let mut idle = phone.socket().await;
    assert_eq!(change(&ada, PASSWORD, NEXT).await.data()["changePassword"], true);
    assert_eq!(idle.closed().await, 4403);
    phone.get("/auth/sessions").await.expect_problem(401, "unauthenticated");
    refresh(&phone).await.expect_problem(401, "unauthenticated");
    // The device on which it was changed stays in.
    ada.data("{ me { id } }", json!({})).await;
    refresh(&ada).await.expect(200);
    login(&ada, PASSWORD).await.expect_problem(401, "unauthenticated");
    login(&ada, NEXT).await.expect(200);

    let admin = platform.register_as("admin").await;
    let rows =
        "query ($id: ID!) { auditLog(userId: $id, eventType: \"CredentialsChanged\") { edges { node { payload } } } }";
    let shown = admin.eventually(rows, json!({ "id": ada.id }), |data| data["auditLog"]["edges"][0].is_object()).await;
    let payload = &shown["auditLog"]["edges"][0]["node"]["payload"];
    assert_eq!(payload["change"], "passwordChanged", "{payload}");
    assert!(!payload.to_string().contains(NEXT) && !payload.to_string().contains("$2b$"), "{payload}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_wrong_too_short_too_long_or_common_changes_nothing() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let phone = ada.login().await;
    let long = "x".repeat(73);
    for (current, new, field, rule) in [
        ("wrong password", NEXT, "currentPassword", "wrong"),
        (PASSWORD, "short", "newPassword", "too-short"),
        (PASSWORD, &*long, "newPassword", "too-long"),
        (PASSWORD, "password123", "newPassword", "common"),
        (PASSWORD, "PASSWORD123", "newPassword", "common"),
    ] {
        let answer = change(&ada, current, new).await;
        let extensions = answer.error()["extensions"].clone();
        assert_eq!(
            (&extensions["code"], &extensions["field"], &extensions["rule"]),
            (&json!("BAD_USER_INPUT"), &json!(field), &json!(rule)),
            "{extensions}"
        );
    }
    phone.get("/auth/sessions").await.expect(200);
    login(&ada, PASSWORD).await.expect(200);
    let mut anonymous = ada.clone();
    anonymous.token = String::from("none");
    assert_eq!(change(&anonymous, PASSWORD, NEXT).await.error_code(), "UNAUTHENTICATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_has_five_wrong_current_passwords_and_no_lockout_of_the_address_keeps_another_from_changing_it() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let stolen = ada.login().await;
    for number in 0..5 {
        let wrong = change(&stolen, &format!("wrong password {number}"), NEXT).await;
        assert_eq!(wrong.error()["extensions"]["rule"], "wrong", "{}", wrong.text());
    }
    let locked = change(&stolen, PASSWORD, NEXT).await;
    assert_eq!(locked.error_code(), "RATE_LIMITED");
    let seconds = locked.error()["extensions"]["retryAfter"].as_u64();
    assert!(seconds.is_some_and(|seconds| (1..=900).contains(&seconds)), "{}", locked.text());
    stolen.data("{ me { id } }", json!({})).await;
    // They lock no login, and a stranger's logins do not lock the session.
    login(&ada, PASSWORD).await.expect(200);
    for _ in 0..5 {
        login(&ada, "wrong password").await.expect(401);
    }
    login(&ada, PASSWORD).await.expect_problem(429, "rate-limited");
    assert_eq!(change(&ada, PASSWORD, NEXT).await.data()["changePassword"], true);
    stolen.get("/auth/sessions").await.expect_problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_common_password_is_refused_at_registration_where_the_setting_says_so() {
    let body = |email: &str| json!({ "email": email, "password": "password123", "displayName": "Ada" });
    let platform = Platform::services().variable("refuse_common_passwords", "always").start().await;
    let problem =
        platform.http().post("/auth/register", &body("ada@example.org")).await.expect_problem(422, "invalid-input");
    let broken: Vec<(&Value, &Value)> =
        problem["errors"].as_array().unwrap().iter().map(|error| (&error["field"], &error["rule"])).collect();
    assert_eq!(broken, [(&json!("password"), &json!("common"))]);
    let allowing = Platform::services().start().await;
    allowing.http().post("/auth/register", &body("ada@example.org")).await.expect(201);
}
