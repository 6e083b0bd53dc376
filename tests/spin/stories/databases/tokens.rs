//! Keys of the host, in use on Spin.

use super::{SECRET, Stage, claims};
use mindflow_backends::clock::Clock;
use mindflow_backends::keys::{Keyring, PostgresKeys, Settings, Wrapping};
use mindflow_test_support::eventually;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn the_host_and_spin_prove_each_others_tokens() {
    let stage = Stage::new("tokensshared").await;
    let claims = claims(Uuid::from_u128(1));
    let signed = stage.step(json!({ "sign": claims.to_string() })).await;
    let token = signed["ok"].as_str().unwrap_or_else(|| panic!("{signed}"));
    let proven = stage.keys.verify(token).await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&proven.claims).unwrap(), claims);
    let of_host = stage.keys.sign(&claims.to_string()).await.unwrap();
    let proven = stage.step(json!({ "verify": of_host })).await;
    assert_eq!(serde_json::from_str::<Value>(proven["ok"].as_str().unwrap()).unwrap(), claims);
    let shown = stage.step(json!("jwks")).await;
    let [shown, of_host] = [shown["ok"].as_str().unwrap(), &stage.keys.jwks()].map(serde_json::from_str::<Value>);
    assert_eq!(shown.unwrap(), of_host.unwrap());
    let refused = stage.step(json!({ "sign": "{}" })).await;
    assert_eq!(refused["error"][1], "the claims cannot be signed: `iss` is not the platform's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_is_found_and_the_old_one_still_verifies() {
    let stage = Stage::new("tokensrotated").await;
    let old = stage.token(Uuid::from_u128(1)).await;
    assert!(stage.step(json!({ "verify": old })).await["error"].is_null());
    stage.keys.rotate().await.unwrap();
    let head = |token: &str| token.split('.').next().map(str::to_owned);
    let new = eventually("the new key signs", async || {
        let token = stage.token(Uuid::from_u128(2)).await;
        (head(&token) != head(&old)).then_some(token)
    })
    .await;
    for answer in stage.run(json!([{ "verify": new }, { "verify": old }])).await {
        assert!(answer["error"].is_null(), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_key_is_opened_by_the_secret_alone() {
    let stage = Stage::granted("tokenssecret", "sql-signer", json!({ "jwt": ["sign"] }), |component| {
        component.variables.insert("jwt_wrapping_secret".into(), SECRET.to_uppercase());
    });
    let stage = stage.await;
    let refused = stage.step(json!({ "sign": claims(Uuid::from_u128(1)).to_string() })).await;
    let text = refused["error"][1].as_str().unwrap();
    assert!(text.contains("`jwt_wrapping_secret`") && text.contains("another secret"), "{text}");
    // A host with that secret wraps it again.
    let settings =
        Settings { issuer: "mindflow-auth".into(), audience: "mindflow".into(), access_lifetime: super::LIFETIME };
    let wrapping = Wrapping::new(&SECRET.to_uppercase()).unwrap();
    let store = PostgresKeys::new(stage.database.database().clone(), Some(wrapping));
    Keyring::open(Arc::new(store), settings, Clock::system()).await.unwrap();
    let signed = stage.step(json!({ "sign": claims(Uuid::from_u128(1)).to_string() })).await;
    stage.keys.verify(signed["ok"].as_str().unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_an_older_host_are_shared_by_the_next_reading() {
    let stage = Stage::new("tokensolder").await;
    stage.database.script("UPDATE mindflow.signing_keys SET public_jwk = NULL, wrapped_pem = NULL").await;
    let token = stage.token(Uuid::from_u128(1)).await;
    assert_eq!(stage.step(json!({ "verify": token })).await, json!({ "error": ["bad-signature", ""] }));
    stage.keys.rotate().await.unwrap();
    let shared = "SELECT count(*) FROM mindflow.signing_keys WHERE public_jwk IS NOT NULL AND wrapped_pem IS NOT NULL";
    assert_eq!(stage.database.one::<i64>(shared).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_sees_no_private_key() {
    let stage = Stage::new("tokensrole").await;
    for (role, statement) in [
        ("mindflow_keys", "SELECT * FROM mindflow.signing_keys"),
        ("mindflow_keys", "UPDATE mindflow.signing_keys SET retired_at = now()"),
        ("mindflow_command", "SELECT * FROM mindflow.public_signing_keys()"),
        ("mindflow_command", "SELECT mindflow.wrapped_signing_key('x')"),
    ] {
        let script = format!(
            "SET ROLE {role}; DO $$ BEGIN EXECUTE $s${statement}$s$; RAISE 'it may'; EXCEPTION WHEN \
             insufficient_privilege THEN NULL; END $$; RESET ROLE"
        );
        stage.database.script(&script).await;
    }
    let wrapped = "SELECT position('PRIVATE KEY' IN encode(wrapped_pem, 'escape')) FROM mindflow.signing_keys";
    assert_eq!(stage.database.one::<i32>(wrapped).await, 0);
}
