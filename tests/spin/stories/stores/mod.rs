//! The capabilities for stores and messages, through the adapter: what they promise, and that the host and Spin have the same
//! data.

mod blob;
pub mod compose;
mod disclosure;
mod key_value;
pub mod messages;
mod rate_limits;
mod realtime;
mod sealing;

use http::StatusCode;
use mindflow_spin_tests::bridge::Bridge;
use mindflow_spin_tests::runtime::{Application, Component, Spin};
use mindflow_test_support::TestRedis;
use serde_json::{Value, json};

const PROBE: &str = "probe";

/// The probe with its adapter, on a Redis.
struct Stage {
    spin: Spin,
    redis: Bridge,
    store: TestRedis,
}

/// What the stories use, for all of them: each file that is composed takes seconds to be compiled.
fn grants() -> Value {
    json!({
        "key-value": ["cache"], "blob": ["media"], "realtime": { "publish": ["user:*"], "subscribe": ["user:*"] },
        "rate-limits": { "crumbs": { "quota": 5, "window-s": 86_400 } },
        "mail": true, "web-push": true, "sealing": true, "embeddings": true,
        "outbound": { "public-only": true, "disclosed": true }, "allowed_outbound_hosts": ["https://*:*", "http://*:*"],
    })
}

impl Stage {
    /// `change` may change what Spin's manifest says of the component.
    async fn new(change: impl FnOnce(&mut Component)) -> Self {
        Self::composed("stores", grants(), change).await
    }

    /// A service that is granted nothing.
    async fn without_grants() -> Self {
        Self::composed("stores-nothing", json!({}), |_| {}).await
    }

    async fn composed(name: &str, grants: Value, change: impl FnOnce(&mut Component)) -> Self {
        let store = TestRedis::open();
        let redis = Bridge::to_redis(&store.url).await;
        let manifest = json!({ "component": "probe", "grants": grants, "tokens": {} });
        let mut component = Component {
            source: compose::probe("stores-probe", name, &manifest),
            allowed_outbound_hosts: vec![redis.redis()],
            ..Component::default()
        };
        component.variables.insert("redis_url".into(), redis.redis());
        component.variables.insert("redis_prefix".into(), store.prefix.clone());
        change(&mut component);
        Self { spin: Spin::up(Application::of(PROBE, component)).await, redis, store }
    }

    /// What each step came to.
    async fn run(&self, steps: Value) -> Vec<String> {
        let answer = self.spin.call(PROBE, "/", steps.to_string()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{answer:?}");
        serde_json::from_slice(answer.body()).expect("a list of texts")
    }

    /// What one step came to.
    async fn step(&self, step: Value) -> String {
        self.run(json!([step])).await.remove(0)
    }
}
