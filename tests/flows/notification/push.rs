//! Web push, read with a browser's keys.

use super::reminders::{CREATE, comes, every_day, often};
use super::{letting_through, received, settled};
use aws_lc_rs::{aead, agreement, hkdf};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use mindflow_tests::receiver::Receiver;
use serde_json::{Value, json};

const REGISTER_PUSH: &str = "mutation ($endpoint: String!, $p256dh: String!, $auth: String!) {
    registerPushSubscription(endpoint: $endpoint, p256dh: $p256dh, auth: $auth) }";

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
    // What Angular's service worker shows.
    let shown = &message["notification"];
    assert_eq!(shown["title"], "Your insights are ready");
    assert!(shown["body"].as_str().unwrap().contains("about your journal"), "{shown}");
    let click = json!({ "default": { "operation": "navigateLastFocusedOrOpen", "url": "/insights" } });
    let data = json!({ "type": "AIInsightsGenerated", "count": message["count"], "onActionClick": click });
    assert_eq!(shown["data"], data);

    // Another of the user's browsers is signed out, and only that one.
    let unregister = async |endpoint: String| {
        let query = "mutation ($endpoint: String!) { unregisterPushSubscription(endpoint: $endpoint) }";
        ada.data(query, json!({ "endpoint": endpoint })).await["unregisterPushSubscription"].clone()
    };
    ada.data(REGISTER_PUSH, browser.subscription(&service.url("/push/ü"))).await;
    assert_eq!(unregister(service.url("/push/%C3%BC")).await, true);
    assert_eq!(unregister(service.url("/push/ü")).await, false);
    assert_eq!(unregister("no address".into()).await, false);

    service.then(410);
    write("Two").await;
    received(&service, 2).await;
    // The mail of the registration, and the two pushes.
    let sends = settled(&platform, &ada, 3).await;
    assert!(sends.iter().any(|(channel, status, _)| channel == "push" && status == "skipped"), "{sends:?}");
    let database = platform.write_database().await;
    let left = database.query_one("SELECT count(*) FROM notification.push_subscriptions", &[]).await.unwrap();
    assert_eq!(left.get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_comes_as_a_push_message_to_those_who_chose_that() {
    let service = Receiver::start().await;
    let platform = letting_through(&service).manifest(often).start().await;
    let ada = platform.register().await;
    let browser = Browser::new();
    ada.data(REGISTER_PUSH, browser.subscription(&service.url("/push/1"))).await;
    let mut input = every_day(true);
    input["channel"] = json!("PUSH");
    ada.data(CREATE, json!({ "input": input })).await;
    comes(&platform, &ada).await;
    let message = browser.open(&received(&service, 1).await.remove(0).body);
    assert_eq!(message["notification"]["title"], "Time to write", "{message}");
}
