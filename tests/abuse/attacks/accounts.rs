//! Clients that want to be somebody: logins, tokens, sign-ups, sessions.

use super::{Ground, Running, answered};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use mindflow_tests::attacker::Attacker;
use mindflow_tests::{Account, PASSWORD};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

/// Of RS256 with 2,048 bits.
const SIGNATURE_BYTES: usize = 256;

fn address() -> String {
    format!("stranger-{}@example.org", Uuid::new_v4().simple())
}

pub fn logins(ground: &Ground) -> Running {
    ground.again(ground.attackers(), 100, |attacker: Attacker, _| async move {
        let body = json!({ "email": address(), "password": PASSWORD });
        answered(attacker.http().request(Method::POST, "/auth/login").json(&body)).await
    })
}

pub fn registrations(ground: &Ground) -> Running {
    ground.again(ground.attackers(), 100, |attacker: Attacker, _| async move {
        let body = json!({ "email": address(), "password": PASSWORD, "displayName": "Mallory" });
        answered(attacker.http().request(Method::POST, "/auth/register").json(&body)).await
    })
}

pub async fn sessions(ground: &Ground) -> Running {
    let accounts = ground.accounts().await;
    ground.again(accounts, 152, |(attacker, account): (Attacker, Account), _| async move {
        let body = json!({ "email": account.email, "password": account.password });
        answered(attacker.http().request(Method::POST, "/auth/login").json(&body)).await
    })
}

pub fn tokens(ground: &Ground) -> Running {
    ground.again(ground.attackers(), 400, |attacker: Attacker, _| async move {
        answered(attacker.http().request(Method::GET, "/auth/sessions").bearer_auth(of_an_unknown_key())).await
    })
}

/// An access token as the platform makes them, signed with nothing.
fn of_an_unknown_key() -> String {
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": Uuid::new_v4().to_string() });
    let claims = json!({
        "sub": Uuid::new_v4(), "email": "a@example.org", "roles": ["user"], "iat": 1_700_000_000_u64, "exp": 4_000_000_000_u64,
        "iss": "mindflow-auth", "aud": "mindflow", "jti": Uuid::new_v4(), "sid": Uuid::new_v4()
    });
    let signature: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(SIGNATURE_BYTES).collect();
    let parts = [header.to_string().into_bytes(), claims.to_string().into_bytes(), signature];
    parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}
