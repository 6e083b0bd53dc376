//! Goal: tokens are signed by keys that all replicas share, survive rotation for exactly as long as
//! they may, and nothing else passes for one.
//! Method: keyrings over the real table in Postgres, a clock that the test holds, and forged tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::join_all;
use mindflow_backends::clock::{Clock, ClockHandle};
use mindflow_backends::keys::{
    Error, KeyStore, Keyring, PostgresKeys, Settings, SignError, StoreError, StoredKey, VerifyError,
};
use mindflow_platform::jwt::SIGNS_AFTER;
use mindflow_test_support::{TestDatabase, TestPostgres};
use serde_json::{Value, json};

/// Noon of some day, in seconds since 1970.
const NOON: i64 = 1_795_000_000;
const LIFETIME: Duration = Duration::from_mins(15);

struct Bed {
    database: TestDatabase,
    clock: Clock,
    handle: ClockHandle,
}

impl Bed {
    async fn new() -> Self {
        let (clock, handle) = Clock::manual(NOON * 1_000_000);
        Self { database: TestPostgres::write("keys").await, clock, handle }
    }

    fn store(&self) -> PostgresKeys {
        PostgresKeys::new(self.database.database().clone(), None)
    }

    async fn keyring(&self) -> Arc<Keyring> {
        self.keyring_for("mindflow-auth", "mindflow").await
    }

    async fn keyring_for(&self, issuer: &str, audience: &str) -> Arc<Keyring> {
        let settings = Settings { issuer: issuer.to_owned(), audience: audience.to_owned(), access_lifetime: LIFETIME };
        Keyring::open(Arc::new(self.store()), settings, self.clock.clone()).await.unwrap()
    }

    fn advance(&self, by: Duration) {
        self.handle.advance_us(by.as_micros().try_into().unwrap());
    }

    /// Claims of a token that begins to live now.
    fn claims(&self) -> Value {
        let now = self.clock.now_us() / 1_000_000;
        json!({"sub": "anna", "roles": ["user", "premium"], "iat": now, "exp": now + 900,
               "iss": "mindflow-auth", "aud": "mindflow", "jti": uuid::Uuid::new_v4()})
    }

    /// A token of any header and claims, properly signed by the platform's own key.
    async fn signed_by_ours(
        &self,
        header: Value,
        claims: &Value,
        algorithm: &'static dyn signature::RsaEncoding,
    ) -> String {
        let row = self.store().load().await.unwrap().remove(0);
        let pem = pem::parse(row.private_pem).unwrap();
        signed_by(&RsaKeyPair::from_pkcs8(pem.contents()).unwrap(), header, claims, algorithm)
    }
}

fn signed_by(
    pair: &RsaKeyPair,
    header: Value,
    claims: &Value,
    algorithm: &'static dyn signature::RsaEncoding,
) -> String {
    let encode = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let text = format!("{}.{}", encode(&header), encode(claims));
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(algorithm, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn kid_of(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

fn kids(keyring: &Keyring) -> Vec<String> {
    let jwks: Value = serde_json::from_str(&keyring.jwks()).unwrap();
    let kid = |key: &Value| key["kid"].as_str().unwrap().to_owned();
    jwks["keys"].as_array().unwrap().iter().map(kid).collect()
}

async fn sign(keyring: &Keyring, claims: &Value) -> String {
    keyring.sign(&claims.to_string()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_signed_is_proven_with_its_claims() {
    let bed = Bed::new().await;
    let keyring = bed.keyring().await;
    let claims = bed.claims();
    let token = sign(&keyring, &claims).await;
    for _ in 0..2 {
        let verified = keyring.verify(&token).await.unwrap();
        assert_eq!(serde_json::from_str::<Value>(&verified.claims).unwrap(), claims);
        assert_eq!(verified.subject, "anna");
        assert_eq!(verified.roles, ["user", "premium"]);
        assert_eq!(verified.expires_at_us, (NOON + 900) * 1_000_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn anyone_can_prove_a_token_with_the_published_keys() {
    let bed = Bed::new().await;
    let keyring = bed.keyring().await;
    let token = sign(&keyring, &bed.claims()).await;
    let jwks: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&keyring.jwks()).unwrap();
    let jwk = jwks.find(&kid_of(&token)).unwrap();
    let shown: Value = serde_json::from_str(&keyring.jwks()).unwrap();
    assert_eq!(shown["keys"][0]["use"], "sig");
    assert_eq!(shown["keys"][0]["alg"], "RS256");
    assert_eq!(shown["keys"][0].as_object().unwrap().len(), 6, "nothing private: {shown}");
    let key = jsonwebtoken::DecodingKey::from_jwk(jwk).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.set_audience(&["mindflow"]);
    validation.validate_exp = false;
    jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_together_share_one_key() {
    let bed = Bed::new().await;
    let keyrings = join_all((0..6).map(|_| bed.keyring())).await;
    assert_eq!(bed.store().load().await.unwrap().len(), 1);
    let token = sign(&keyrings[0], &bed.claims()).await;
    for keyring in &keyrings {
        assert_eq!(keyring.jwks(), keyrings[0].jwks());
        keyring.verify(&token).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_the_key() {
    let bed = Bed::new().await;
    let token = sign(&*bed.keyring().await, &bed.claims()).await;
    let keyring = bed.keyring().await;
    keyring.verify(&token).await.unwrap();
    assert_eq!(kid_of(&sign(&keyring, &bed.claims()).await), kid_of(&token));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_verifies_until_its_last_token_has_expired() {
    let bed = Bed::new().await;
    let keyring = bed.keyring().await;
    let old = sign(&keyring, &bed.claims()).await;
    bed.advance(Duration::from_secs(1));
    let new_kid = keyring.rotate().await.unwrap();
    assert_eq!(kid_of(&sign(&keyring, &bed.claims()).await), kid_of(&old), "the new key is shown before it signs");
    assert_eq!(kids(&keyring), [new_kid.clone(), kid_of(&old)]);
    bed.advance(SIGNS_AFTER);
    let new = sign(&keyring, &bed.claims()).await;
    assert_eq!(kid_of(&new), new_kid);
    assert_eq!(kids(&keyring), [new_kid.clone(), kid_of(&old)]);
    keyring.verify(&old).await.unwrap();
    keyring.verify(&new).await.unwrap();
    // A restarted replica knows both.
    let other = bed.keyring().await;
    other.verify(&old).await.unwrap();
    assert_eq!(kids(&other), kids(&keyring));

    bed.advance(LIFETIME + Duration::from_mins(3));
    assert_eq!(kids(&keyring), std::slice::from_ref(&new_kid));
    let newest_kid = keyring.rotate().await.unwrap();
    let kept: Vec<String> = bed.store().load().await.unwrap().into_iter().map(|key| key.kid).collect();
    assert!(!kept.contains(&kid_of(&old)) && kept.contains(&new_kid), "{kept:?}");
    assert_eq!(kids(&keyring), [newest_kid, new_kid]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_another_replica_has_just_made_is_found() {
    let bed = Bed::new().await;
    let (one, two) = (bed.keyring().await, bed.keyring().await);
    bed.advance(Duration::from_secs(1));
    let new_kid = one.rotate().await.unwrap();
    bed.advance(SIGNS_AFTER);
    let token = sign(&one, &bed.claims()).await;
    assert_eq!(kid_of(&token), new_kid);
    two.verify(&token).await.unwrap();
    assert_eq!(kid_of(&sign(&two, &bed.claims()).await), kid_of(&token));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_expires_at_its_second_even_when_it_was_proven_before() {
    let bed = Bed::new().await;
    let keyring = bed.keyring().await;
    let token = sign(&keyring, &bed.claims()).await;
    bed.advance(LIFETIME - Duration::from_micros(1));
    keyring.verify(&token).await.unwrap();
    bed.advance(Duration::from_micros(1));
    assert_eq!(keyring.verify(&token).await.unwrap_err(), VerifyError::Expired);
    let fresh = bed.keyring().await;
    assert_eq!(fresh.verify(&token).await.unwrap_err(), VerifyError::Expired);
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_that_are_not_the_platforms_are_not_signed() {
    let bed = Bed::new().await;
    let keyring = bed.keyring().await;
    let with = |name: &str, value: Value| {
        let mut claims = bed.claims();
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value,
        }
        claims.to_string()
    };
    let refused = [
        "no JSON".to_owned(),
        "[]".to_owned(),
        with("iss", Value::Null),
        with("iss", json!("somebody")),
        with("aud", Value::Null),
        with("aud", json!("others")),
        with("aud", json!(["mindflow", "others"])),
        with("exp", Value::Null),
        with("exp", json!("soon")),
        with("exp", json!(NOON)),
        with("exp", json!(NOON + 902)),
        with("exp", json!(i64::MAX)),
        with("note", json!("x".repeat(5_000))),
    ];
    for claims in refused {
        let outcome = keyring.sign(&claims).await;
        assert!(matches!(outcome, Err(SignError::Claims(_))), "{claims}: {outcome:?}");
    }
    keyring.sign(&with("exp", json!(NOON + 901))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_another_issuer_audience_or_algorithm_are_not_accepted() {
    let bed = Bed::new().await;
    let keyring = bed.keyring().await;
    let kid = kids(&keyring).remove(0);
    let header = json!({"alg": "RS256", "kid": kid});
    let rs256 = &signature::RSA_PKCS1_SHA256;
    let mut tokens = Vec::new();
    for (name, value) in [
        ("iss", json!("somebody")),
        ("aud", json!("others")),
        ("iss", Value::Null),
        ("aud", Value::Null),
        ("exp", Value::Null),
        ("exp", json!("9999999999")),
    ] {
        let mut claims = bed.claims();
        claims[name] = value;
        if claims[name].is_null() {
            claims.as_object_mut().unwrap().remove(name);
        }
        tokens.push(bed.signed_by_ours(header.clone(), &claims, rs256).await);
    }
    let claims = bed.claims();
    let other_algorithm = json!({"alg": "RS512", "kid": kid});
    tokens.push(bed.signed_by_ours(other_algorithm, &claims, &signature::RSA_PKCS1_SHA512).await);
    tokens.push(bed.signed_by_ours(json!({"alg": "RS256"}), &claims, rs256).await);
    // The public key as the secret of an HMAC: the classic confusion.
    let jwks: Value = serde_json::from_str(&keyring.jwks()).unwrap();
    let secret = jsonwebtoken::EncodingKey::from_secret(jwks["keys"][0]["n"].to_string().as_bytes());
    let mut hmac = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    hmac.kid = Some(kid.clone());
    tokens.push(jsonwebtoken::encode(&hmac, &claims, &secret).unwrap());
    for (number, token) in tokens.iter().enumerate() {
        let outcome = keyring.verify(token).await;
        assert!(matches!(outcome, Err(VerifyError::NotAccepted(_))), "{number}: {outcome:?}");
    }
    keyring.verify(&bed.signed_by_ours(header, &claims, rs256).await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_changed_or_signed_by_another_is_refused() {
    let bed = Bed::new().await;
    let keyring = bed.keyring().await;
    let token = sign(&keyring, &bed.claims()).await;
    let parts: Vec<&str> = token.split('.').collect();
    let mut admin = bed.claims();
    admin["roles"] = json!(["admin"]);
    let admin = URL_SAFE_NO_PAD.encode(admin.to_string());
    let foreign = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let ours = json!({"alg": "RS256", "kid": kid_of(&token)});
    let theirs = json!({"alg": "RS256", "kid": "A".repeat(43)});
    let no_kid_of_ours = json!({"alg": "RS256", "kid": "../../etc/passwd"});
    let rs256 = &signature::RSA_PKCS1_SHA256;
    let other = sign(&keyring, &bed.claims()).await;
    let signature_of_another = other.rsplit('.').next().unwrap();
    for forged in [
        format!("{}.{admin}.{}", parts[0], parts[2]),
        format!("{}.{}.{signature_of_another}", parts[0], parts[1]),
        format!("{}.{}.", parts[0], parts[1]),
        signed_by(&foreign, ours, &bed.claims(), rs256),
        signed_by(&foreign, theirs, &bed.claims(), rs256),
        signed_by(&foreign, no_kid_of_ours, &bed.claims(), rs256),
    ] {
        assert_eq!(keyring.verify(&forged).await.unwrap_err(), VerifyError::BadSignature);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_token_is_malformed() {
    let bed = Bed::new().await;
    let keyring = bed.keyring().await;
    let token = sign(&keyring, &bed.claims()).await;
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    let body = URL_SAFE_NO_PAD.encode(bed.claims().to_string());
    for text in [
        String::new(),
        "a".to_owned(),
        "a.b.c".to_owned(),
        format!("{none}.{body}."),
        format!("{token}.x"),
        format!("Bearer {token}"),
        "x".repeat(1 << 20),
    ] {
        assert_eq!(keyring.verify(&text).await.unwrap_err(), VerifyError::Malformed, "{text:.80}");
    }
}

/// A store that counts its readings, and can be away or say nothing.
struct Watched {
    store: PostgresKeys,
    readings: AtomicUsize,
    away: AtomicBool,
    silent: AtomicBool,
}

#[async_trait]
impl KeyStore for Watched {
    async fn load(&self) -> Result<Vec<StoredKey>, StoreError> {
        self.readings.fetch_add(1, Ordering::SeqCst);
        if self.silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        match self.away.load(Ordering::SeqCst) {
            true => Err(StoreError::Timeout),
            false => self.store.load().await,
        }
    }

    async fn add_first(&self, key: &StoredKey) -> Result<(), StoreError> {
        self.store.add_first(key).await
    }

    async fn rotate(&self, key: &StoredKey, forget_until_us: i64) -> Result<(), StoreError> {
        self.store.rotate(key, forget_until_us).await
    }
}

async fn watched(bed: &Bed) -> (Arc<Watched>, Arc<Keyring>) {
    let (readings, away, silent) = (AtomicUsize::new(0), AtomicBool::new(false), AtomicBool::new(false));
    let store = Arc::new(Watched { store: bed.store(), readings, away, silent });
    let settings =
        Settings { issuer: "mindflow-auth".to_owned(), audience: "mindflow".to_owned(), access_lifetime: LIFETIME };
    let keyring = Keyring::open(store.clone(), settings, bed.clock.clone()).await.unwrap();
    (store, keyring)
}

fn token_of_unknown_key(number: usize) -> String {
    let header = json!({"alg": "RS256", "kid": format!("{number:043}")});
    let encode = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.AAAA", encode(header), encode(json!({})))
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_keys_are_refused_by_one_reading_a_second_and_without_one_in_between() {
    let bed = Bed::new().await;
    let (store, keyring) = watched(&bed).await;
    let forged = async |numbers: std::ops::Range<usize>| {
        let tokens: Vec<String> = numbers.map(token_of_unknown_key).collect();
        for outcome in join_all(tokens.iter().map(|token| keyring.verify(token))).await {
            assert_eq!(outcome.unwrap_err(), VerifyError::BadSignature);
        }
        store.readings.load(Ordering::SeqCst)
    };
    let before = store.readings.load(Ordering::SeqCst);
    assert_eq!(forged(0..60).await, before, "the keys were read a moment ago");
    bed.advance(Duration::from_secs(1));
    assert_eq!(forged(60..120).await, before + 1);
    assert_eq!(forged(120..180).await, before + 1);
    bed.advance(Duration::from_secs(1));
    assert_eq!(forged(0..180).await, before + 1, "they are remembered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_an_unknown_key_does_not_wait_long_for_a_store_that_does_not_answer() {
    let bed = Bed::new().await;
    let (store, keyring) = watched(&bed).await;
    let known = sign(&keyring, &bed.claims()).await;
    store.silent.store(true, Ordering::SeqCst);
    bed.advance(Duration::from_secs(1));
    let before = store.readings.load(Ordering::SeqCst);
    for number in 0..20 {
        let outcome = keyring.verify(&token_of_unknown_key(number)).await;
        assert!(matches!(outcome, Err(VerifyError::Unavailable(_))), "{outcome:?}");
    }
    assert_eq!(store.readings.load(Ordering::SeqCst), before + 1, "only the first has waited");
    keyring.verify(&known).await.unwrap();
    store.silent.store(false, Ordering::SeqCst);
    bed.advance(Duration::from_secs(1));
    assert_eq!(keyring.verify(&token_of_unknown_key(1)).await.unwrap_err(), VerifyError::BadSignature);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_stops_neither_known_tokens_nor_the_recovery() {
    let bed = Bed::new().await;
    let (store, keyring) = watched(&bed).await;
    let (first, second) = (sign(&keyring, &bed.claims()).await, sign(&keyring, &bed.claims()).await);
    keyring.verify(&first).await.unwrap();
    store.away.store(true, Ordering::SeqCst);
    keyring.verify(&first).await.unwrap();
    keyring.verify(&second).await.unwrap();
    sign(&keyring, &bed.claims()).await;
    bed.advance(Duration::from_secs(1));
    let unknown = keyring.verify(&token_of_unknown_key(1)).await;
    assert!(matches!(unknown, Err(VerifyError::Unavailable(_))), "{unknown:?}");
    // After two minutes its key may have been rotated out by others.
    bed.advance(Duration::from_secs(121));
    let outcome = keyring.sign(&bed.claims().to_string()).await;
    assert!(matches!(outcome, Err(SignError::Unavailable(_))), "{outcome:?}");
    store.away.store(false, Ordering::SeqCst);
    sign(&keyring, &bed.claims()).await;
    let unknown = keyring.verify(&token_of_unknown_key(1)).await;
    assert_eq!(unknown.unwrap_err(), VerifyError::BadSignature);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_no_key_is_named_and_not_shown() {
    let bed = Bed::new().await;
    bed.database.script("INSERT INTO mindflow.signing_keys (kid, private_pem) VALUES ('k1', 'secret stuff')").await;
    let settings = Settings { issuer: "i".to_owned(), audience: "a".to_owned(), access_lifetime: LIFETIME };
    let opened = Keyring::open(Arc::new(bed.store()), settings, Clock::system()).await;
    let error = opened.err().unwrap();
    assert!(matches!(error, Error::Unreadable { .. }), "{error:?}");
    assert!(error.to_string().contains("k1") && !error.to_string().contains("secret"), "{error}");
    let rows = bed.store().load().await.unwrap();
    assert!(!format!("{rows:?}").contains("secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_cannot_read_the_private_keys() {
    let bed = Bed::new().await;
    let _keyring = bed.keyring().await;
    let client = bed.database.database().admin().await.unwrap();
    client.batch_execute("SET ROLE mindflow_auth").await.unwrap();
    let refused = client.query("SELECT private_pem FROM mindflow.signing_keys", &[]).await;
    client.batch_execute("RESET ROLE").await.unwrap();
    let code = refused.unwrap_err().code().cloned();
    assert_eq!(code, Some(tokio_postgres::error::SqlState::INSUFFICIENT_PRIVILEGE));
}
