//! Goal: what no ring of a write reached waits for the clock outside, not for the next write. Method: a user writes while no
//! subscriber is there, and `mindflow relay` rings afterwards.

use super::Bed;
use mindflow_spin_tests::runtime::Spin;
use mindflow_tests::{Account, Http};
use serde_json::json;

const TOKEN: &str = "what a clock shows";
const TITLES: &str = "{ recentEntries { title } }";

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_with_the_token_has_delivered_what_waits() {
    let bed = Bed::lay("", &[("relay_token", TOKEN)]).await;
    let front = Spin::up(bed.application().only(&["gateway"])).await;
    let ada = Account::register(&Http::at(front.url())).await;
    ada.write(json!({ "title": "A page", "content": "No subscriber has it yet." })).await;
    drop(front);

    let spin = Spin::up(bed.application()).await;
    let ada = ada.with_http(Http::at(spin.url()));
    let titles = async || ada.data(TITLES, json!({})).await["recentEntries"].clone();
    let relay = async |token| bed.platform.cli(&["relay", "--to", spin.url(), "--once", "--token", token]).await;
    let refused = relay("another").await;
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("relay_token"), "{refused:?}");
    assert_eq!(titles().await, json!([]));

    let rung = relay(TOKEN).await;
    assert_eq!(rung.code, Some(0), "{rung:?}");
    assert_eq!(titles().await, json!([{ "title": "A page" }]));
}
