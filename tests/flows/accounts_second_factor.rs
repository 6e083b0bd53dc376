//! Goal: who knows only the password does not get in, and who has lost the device does. Method: codes of a device of the test's own, by the
//! crate that authenticators of this kind are made with; an attacker who has the password.

use mindflow_tests::{Account, Answer, PASSWORD, Platform};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret, Totp};

const BEGIN: &str = "mutation ($password: String!) { beginTotp(password: $password) { secret uri } }";
const CONFIRM: &str = "mutation ($code: String!) { confirmTotp(code: $code) { recoveryCodes } }";
const DISABLE: &str = "mutation ($password: String!, $code: String!) { disableTotp(password: $password, code: $code) }";
const REGENERATE: &str = "mutation ($password: String!, $code: String!) {
    regenerateRecoveryCodes(password: $password, code: $code) { recoveryCodes } }";
const STEP_S: u64 = 30;

/// An authenticator.
struct Device(Totp);

impl Device {
    fn of(secret: &Value) -> Self {
        let secret = Secret::try_from_base32(secret.as_str().expect("a secret")).expect("base32");
        Self(Builder::new().with_secret(secret).with_account_name("ada").build().expect("a device"))
    }

    /// That of now. It uses its step up.
    fn code(&self) -> String {
        self.0.generate(now_s()).to_string()
    }

    /// That of the next step, which is good already, and not used up by any of [`Self::code`] before, however short ago that was.
    fn next_code(&self) -> String {
        self.0.generate(now_s() + STEP_S).to_string()
    }
}

/// By the clock that the auth service has.
fn now_s() -> u64 {
    u64::try_from(mindflow_backends::clock::Clock::system().now_us() / 1_000_000).expect("a time")
}

async fn login(account: &Account, password: &str) -> Answer {
    account.http().post("/auth/login", &json!({ "email": account.email, "password": password })).await
}

/// The challenge that a right password is answered with.
async fn challenge(account: &Account) -> String {
    let answer = login(account, PASSWORD).await.expect(202);
    assert_eq!(answer.header("set-cookie"), "");
    let body = answer.json();
    assert_eq!((&body["secondFactor"], &body["expiresIn"]), (&json!("TOTP"), &json!(300)), "{body}");
    assert!(body.get("accessToken").is_none(), "{body}");
    body["challenge"].as_str().expect("a challenge").to_owned()
}

async fn complete(account: &Account, challenge: &str, code: &str) -> Answer {
    account.http().post("/auth/login", &json!({ "challenge": challenge, "code": code })).await
}

/// A user whose address counts as confirmed.
async fn register(platform: &Platform) -> Account {
    let account = platform.register().await;
    let id: uuid::Uuid = account.id.parse().expect("an id");
    let confirm = "UPDATE auth.users SET email_confirmed_at = now() WHERE id = $1";
    platform.write_database().await.execute(confirm, &[&id]).await.expect("an update");
    account
}

/// Sets a second factor up. Answers its device, the code that was used for it, and the recovery codes.
async fn set_up(account: &Account) -> (Device, String, Vec<String>) {
    let begun = account.data(BEGIN, json!({ "password": PASSWORD })).await["beginTotp"].clone();
    let uri = begun["uri"].as_str().expect("an address");
    assert!(uri.starts_with("otpauth://totp/MindFlow") && uri.contains(begun["secret"].as_str().unwrap()), "{uri}");
    let device = Device::of(&begun["secret"]);
    let code = device.code();
    let confirmed = account.data(CONFIRM, json!({ "code": code })).await;
    let codes = confirmed["confirmTotp"]["recoveryCodes"].as_array().expect("codes").iter();
    let codes: Vec<String> = codes.map(|code| code.as_str().expect("a code").to_owned()).collect();
    assert_eq!(codes.len(), 10);
    (device, code, codes)
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_second_factor_a_login_takes_the_password_and_a_code_that_is_good_once() {
    let platform = Platform::services().start().await;
    let ada = register(&platform).await;
    let phone = ada.login().await;
    let (device, first, _) = set_up(&ada).await;
    // Sessions from before it have ended, but the one that set it up.
    phone.get("/auth/sessions").await.expect_problem(401, "unauthenticated");
    assert_eq!(ada.data("{ me { secondFactor } }", json!({})).await["me"]["secondFactor"], true);

    login(&ada, "wrong password").await.expect_problem(401, "unauthenticated");
    let open = challenge(&ada).await;
    // The code that set it up was used, and these never were any.
    for code in [&*first, "000000x", "", "ABCD-EFGH-IJKL-MNOP"] {
        complete(&ada, &open, code).await.expect_problem(401, "unauthenticated");
    }
    let next = device.next_code();
    let answer = complete(&ada, &open, &next).await.expect(200);
    let entered = Account::granted(platform.http(), &ada.email, PASSWORD, &answer);
    assert_eq!(answer.json()["user"]["secondFactor"], true);
    entered.get("/auth/sessions").await.expect(200);
    complete(&ada, &open, &next).await.expect_problem(401, "unauthenticated");

    for body in [json!({ "challenge": open }), json!({ "challenge": open, "code": next, "email": ada.email })] {
        platform.http().post("/auth/login", &body).await.expect_problem(422, "invalid-input");
    }
    for forged in ["", "AAAA", &"A".repeat(200)] {
        complete(&ada, forged, &device.next_code()).await.expect_problem(401, "unauthenticated");
    }
    // Another user's challenge is worth nothing with this device.
    let bob = register(&platform).await;
    set_up(&bob).await;
    complete(&ada, &challenge(&bob).await, &device.next_code()).await.expect_problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recovery_code_stands_in_for_the_device_once_and_new_ones_replace_them() {
    let platform = Platform::services().start().await;
    let ada = register(&platform).await;
    let (_, _, codes) = set_up(&ada).await;
    // However it is typed.
    let typed = codes[0].to_lowercase().replace('-', " ");
    complete(&ada, &challenge(&ada).await, &typed).await.expect(200);
    complete(&ada, &challenge(&ada).await, &codes[0]).await.expect_problem(401, "unauthenticated");
    let answer = ada.graphql(REGENERATE, json!({ "password": "wrong password", "code": codes[1] })).await;
    assert_eq!(answer.error()["extensions"]["field"], "password");
    let answer = ada.data(REGENERATE, json!({ "password": PASSWORD, "code": codes[1] })).await;
    let new = answer["regenerateRecoveryCodes"]["recoveryCodes"][9].as_str().expect("a code").to_owned();
    complete(&ada, &challenge(&ada).await, &codes[2]).await.expect_problem(401, "unauthenticated");
    complete(&ada, &challenge(&ada).await, &new).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_set_up_and_removed_by_the_password_and_a_code() {
    let platform = Platform::services().start().await;
    // Who registers an address may be a stranger, whose device would shut its user out.
    let stranger = platform.register().await;
    assert_eq!(stranger.graphql(BEGIN, json!({ "password": PASSWORD })).await.error_code(), "FORBIDDEN");
    let ada = register(&platform).await;
    let extensions = async |query: &str, variables: Value| {
        let error = ada.graphql(query, variables).await.error()["extensions"].clone();
        (error["code"].clone(), error["field"].clone(), error["rule"].clone())
    };
    let broken = |field: &str| (json!("BAD_USER_INPUT"), json!(field), json!("wrong"));
    assert_eq!(extensions(BEGIN, json!({ "password": "wrong password" })).await, broken("password"));
    assert_eq!(extensions(CONFIRM, json!({ "code": "123456" })).await.0, "CONFLICT", "nothing was begun");
    // What was begun and not confirmed asks for nothing, and is begun again with another secret.
    let begun = ada.data(BEGIN, json!({ "password": PASSWORD })).await["beginTotp"]["secret"].clone();
    login(&ada, PASSWORD).await.expect(200);
    let (device, _, codes) = set_up(&ada).await;
    assert_ne!(Device::of(&begun).0.secret(), device.0.secret());
    let taken = (json!("CONFLICT"), json!("secondFactor"), json!("taken"));
    assert_eq!(extensions(BEGIN, json!({ "password": PASSWORD })).await, taken);

    assert_eq!(
        extensions(DISABLE, json!({ "password": "wrong password", "code": codes[0] })).await,
        broken("password")
    );
    assert_eq!(extensions(DISABLE, json!({ "password": PASSWORD, "code": "000000x" })).await, broken("code"));
    assert_eq!(ada.data(DISABLE, json!({ "password": PASSWORD, "code": codes[0] })).await["disableTotp"], true);
    login(&ada, PASSWORD).await.expect(200);
    assert_eq!(ada.data("{ me { secondFactor } }", json!({})).await["me"]["secondFactor"], false);

    let admin = platform.register_as("admin").await;
    let rows =
        "query ($id: ID!) { auditLog(userId: $id, eventType: \"CredentialsChanged\") { edges { node { payload } } } }";
    let shown = admin.eventually(rows, json!({ "id": ada.id }), |data| data["auditLog"]["edges"][1].is_object()).await;
    let shown = shown.to_string();
    assert!(shown.contains("secondFactorSet") && shown.contains("secondFactorRemoved"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_codes_of_a_user_in_a_quarter_of_an_hour_are_all_and_a_challenge_does_not_outlive_the_password() {
    let platform = Platform::services().shipped_limits().start().await;
    let ada = register(&platform).await;
    let (_, _, codes) = set_up(&ada).await;
    let stale = challenge(&ada).await;
    let change = "mutation ($input: ChangePasswordInput!) { changePassword(input: $input) }";
    for (current, new) in [(PASSWORD, "another horse"), ("another horse", PASSWORD)] {
        ada.data(change, json!({ "input": { "currentPassword": current, "newPassword": new } })).await;
    }
    complete(&ada, &stale, &codes[0]).await.expect_problem(401, "unauthenticated");
    // One was taken by the set-up, none by the challenge that was over.
    let open = challenge(&ada).await;
    for number in 0..9 {
        complete(&ada, &open, &format!("wrong {number}")).await.expect_problem(401, "unauthenticated");
    }
    let refused = complete(&ada, &open, &codes[0]).await;
    refused.expect_problem(429, "rate-limited");
    assert!(refused.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_has_neither_the_secret_of_a_device_nor_recovery_codes() {
    let platform = Platform::services().start().await;
    let ada = register(&platform).await;
    let (device, _, codes) = set_up(&ada).await;
    let database = platform.write_database().await;
    let sealed: Vec<u8> =
        database.query_one("SELECT sealed_secret FROM auth.second_factors", &[]).await.unwrap().get(0);
    let secret: &[u8] = device.0.secret();
    assert!(!sealed.windows(secret.len()).any(|window| window == secret));
    let rows = database.query("SELECT code_hash FROM auth.recovery_codes", &[]).await.unwrap();
    assert_eq!(rows.len(), 10);
    for hash in rows.iter().map(|row| row.get::<_, Vec<u8>>(0)) {
        assert!(codes.iter().all(|code| !String::from_utf8_lossy(&hash).contains(&code.replace('-', ""))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_takes_a_lost_second_factor_away() {
    let platform = Platform::services().start().await;
    let ada = register(&platform).await;
    set_up(&ada).await;
    challenge(&ada).await;
    for (code, summary) in [(0, "\"removed\": true"), (0, "\"removed\": false")] {
        let removed = platform.cli(&["users", "remove-second-factor", &ada.email, "--json"]).await;
        assert!(removed.code == Some(code) && removed.stdout.contains(summary), "{removed:?}");
    }
    login(&ada, PASSWORD).await.expect(200);
}
