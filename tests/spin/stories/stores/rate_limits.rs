//! A user's part is the same on a host and on Spin.

use super::Stage;
use mindflow_backends::{
    rate_limits::{Limiter, Shared},
    stores::key_value::Config,
};
use mindflow_test_support::until;
use serde_json::{from_value, json};
use std::sync::Arc;

fn take(holder: &str) -> serde_json::Value {
    json!(["take", "crumbs", holder])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_and_spin_count_a_user_together_and_no_address_is_known() {
    let twice = r#"{"factor": 2, "limits": {"login": {"quota": 1}}}"#;
    let stage = Stage::new(|component| {
        component.variables.insert("rate_limits".into(), twice.into());
    })
    .await;
    for left in [9, 8, 7, 6, 5, 4] {
        let taken = stage.step(take("a")).await;
        assert!(taken.starts_with(&format!("\"\\\"crumbs\\\";r={left};t=")), "{taken}");
    }
    let config: Config =
        from_value(json!({"backend": "redis", "url": stage.store.url, "prefix": stage.store.prefix})).unwrap();
    let shared = Shared::open(&config, "auth-limits").unwrap().map(Arc::new);
    let limit = from_value(json!({"quota": 10, "window-s": 86_400})).unwrap();
    let host = Arc::new(Limiter::new("crumbs", limit, shared));
    until("the host has learnt it", async || !host.take("named:a", 1).await.allowed).await;
    let refused = stage.step(take("a")).await;
    assert!(refused.contains("RateLimited") && refused.contains("q=10;w=86400"), "{refused}");
    assert!(stage.step(take("b")).await.contains("r=9;"), "another user has a part of their own");
    for _ in 0..20 {
        assert!(stage.step(take("client:c")).await.contains("r=10;"), "addresses are the proxy's to limit");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_takes_from_no_limit_that_it_was_not_granted_and_waits_for_no_redis_that_is_away() {
    let denied = Stage::without_grants().await.step(take("a")).await;
    assert!(denied.contains("limit `crumbs` is not granted to `probe`"), "{denied}");
    let stage = Stage::new(|component| {
        component.variables.insert("redis_url".into(), "redis://127.0.0.1:1".into());
        component.allowed_outbound_hosts.push("redis://127.0.0.1:1".into());
    })
    .await;
    for _ in 0..12 {
        assert!(stage.step(take("a")).await.contains("r=5;"));
    }
}
