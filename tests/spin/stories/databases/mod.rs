//! Databases and tokens, through the adapter and under the role that a service has: what the host promises, and that the host
//! and Spin have the same keys.

mod access;
mod tokens;
mod transactions;

use crate::stores::compose;
use http::StatusCode;
use mindflow_backends::clock::Clock;
use mindflow_backends::keys::{Keyring, PostgresKeys, Settings, Wrapping};
use mindflow_spin_tests::bridge::Bridge;
use mindflow_spin_tests::runtime::{Application, Component, Spin};
use mindflow_test_support::{TestDatabase, TestPostgres};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

const PROBE: &str = "probe";
const SECRET: &str = "what wraps private keys in stories";
/// As the manifest's `tokens`.
const LIFETIME: Duration = Duration::from_secs(900);

/// The probe with its adapter, on a write database with the host's keys. There it has the role of the service `command`.
struct Stage {
    spin: Spin,
    database: TestDatabase,
    keys: Arc<Keyring>,
    _bridge: Bridge,
}

impl Stage {
    /// May ask for all, and sign.
    async fn new(story: &str) -> Self {
        let grants = json!({
            "sql": { "write": "service" }, "jwt": ["sign", "verify"], "publishes": ["TagCreated"],
            "subscriptions": [{ "name": "command", "events": ["TagCreated"] }],
        });
        Self::granted(story, "sql", grants, |_| {}).await
    }

    /// `name`: of what is composed with the grants; `change` may change what Spin's manifest says of the component.
    async fn granted(story: &str, name: &str, grants: Value, change: impl FnOnce(&mut Component)) -> Self {
        let database = TestPostgres::write(story).await;
        let settings =
            Settings { issuer: "mindflow-auth".into(), audience: "mindflow".into(), access_lifetime: LIFETIME };
        let store = PostgresKeys::new(database.database().clone(), Some(Wrapping::new(SECRET).unwrap()));
        let keys = Keyring::open(Arc::new(store), settings, Clock::system()).await.unwrap();
        let tokens = json!({ "issuer": "mindflow-auth", "audience": "mindflow", "lifetime-s": 900 });
        let manifest = json!({ "component": PROBE, "grants": grants, "tokens": tokens });
        let bridge = Bridge::to_postgres(&database.dsn()).await;
        let mut component = Component {
            source: compose::probe("sql-probe", name, &manifest),
            allowed_outbound_hosts: vec![format!("postgres://{}", bridge.address())],
            ..Component::default()
        };
        let place = database.one::<String>("SELECT current_database()::text").await;
        let variables = &mut component.variables;
        variables.insert("probe_write_dsn".into(), bridge.postgres("mindflow_command", &place));
        variables.insert("keys_dsn".into(), bridge.postgres("mindflow_keys", &place));
        variables.insert("jwt_wrapping_secret".into(), SECRET.into());
        change(&mut component);
        Self { spin: Spin::up(Application::of(PROBE, component)).await, database, keys, _bridge: bridge }
    }

    /// What each step came to.
    async fn run(&self, steps: Value) -> Vec<Value> {
        let answer = self.spin.call(PROBE, "/", steps.to_string()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{answer:?}");
        serde_json::from_slice(answer.body()).expect("a list")
    }

    /// What one step came to.
    async fn step(&self, step: Value) -> Value {
        self.run(json!([step])).await.remove(0)
    }

    /// Signed by the host.
    async fn token(&self, user: Uuid) -> String {
        self.keys.sign(&claims(user).to_string()).await.unwrap()
    }
}

fn claims(user: Uuid) -> Value {
    let now = Clock::system().now_us() / 1_000_000;
    json!({
        "sub": user, "roles": ["user"], "iat": now, "exp": now + 600, "iss": "mindflow-auth", "aud": "mindflow",
        "jti": Uuid::new_v4(),
    })
}
