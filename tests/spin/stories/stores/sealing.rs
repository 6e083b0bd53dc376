//! Secrets that services keep: sealed on Spin and opened by the host, and the other way round.

use super::Stage;
use mindflow_platform::sealing::{Keys, NONCE_BYTES, Sealer};
use serde_json::json;

const KEY: &str = "what the host and Spin seal secrets with";
const FORMER: &str = "what they sealed secrets with last year";

/// The host's, for the component that works on Spin.
fn sealer(key: &str, component: &str) -> Sealer {
    Keys::new(key, []).unwrap().of(component).unwrap()
}

fn sealed_by_the_host(key: &str, component: &str) -> String {
    json!(sealer(key, component).seal(b"whsec", "webhook:1", [7; NONCE_BYTES]).unwrap()).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_opens_what_spin_has_sealed_and_spin_what_the_host_has() {
    let stage = Stage::new(|component| {
        component.variables.insert("sealing_key".into(), KEY.into());
        component.variables.insert("sealing_former_keys".into(), FORMER.into());
    })
    .await;
    let reveal = async |sealed: String, context: &str| stage.step(json!(["reveal", sealed, context])).await;
    let sealed = stage.step(json!(["keep", "whsec", "webhook:1"])).await;
    let sealed: Vec<u8> = serde_json::from_str(&sealed).unwrap();
    assert_eq!(sealer(KEY, "probe").open(&sealed, "webhook:1").unwrap(), b"whsec");
    for key in [KEY, FORMER] {
        assert_eq!(reveal(sealed_by_the_host(key, "probe"), "webhook:1").await, "\"whsec\"");
    }
    // Another row, another component, another key.
    for (sealed, context, error) in [
        (sealed_by_the_host(KEY, "probe"), "webhook:2", "Error::Damaged"),
        (sealed_by_the_host(KEY, "auth"), "webhook:1", "Error::Damaged"),
        (sealed_by_the_host("a key that neither of them has ever had", "probe"), "webhook:1", "Error::OtherKey"),
    ] {
        let answer = reveal(sealed, context).await;
        assert!(answer.starts_with(&format!("error: {error}")), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_or_a_grant_nothing_is_sealed() {
    let stage = Stage::new(|_| {}).await;
    let answer = stage.step(json!(["keep", "whsec", "webhook:1"])).await;
    assert_eq!(answer, "error: Error::AccessDenied(\"the key of sealing cannot be used\")");
    let stage = Stage::without_grants().await;
    let answer = stage.step(json!(["keep", "whsec", "webhook:1"])).await;
    assert_eq!(answer, "error: Error::AccessDenied(\"sealing is not granted to the component\")");
}
