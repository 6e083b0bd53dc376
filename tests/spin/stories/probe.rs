//! A component that does with Spin's interfaces what a story says, on databases of the story's own.

use http::StatusCode;
use mindflow_spin_tests::bridge::Bridge;
use mindflow_spin_tests::runtime::{Application, Component, Spin};
use mindflow_test_support::{TestDatabase, TestPostgres, TestRedis};
use serde_json::Value;

pub const PROBE: &str = "probe";

pub struct Stage {
    pub spin: Spin,
    pub postgres: Bridge,
    pub redis: Bridge,
    pub database: TestDatabase,
    _redis: TestRedis,
}

impl Stage {
    pub async fn new(hint: &str) -> Self {
        Self::with(hint, |_| {}).await
    }

    /// `change` may change what the manifest says of the component.
    pub async fn with(hint: &str, change: impl FnOnce(&mut Component)) -> Self {
        let (database, store) = (TestPostgres::empty(hint).await, TestRedis::open());
        let (postgres, redis) = (Bridge::to_postgres(&database.dsn()).await, Bridge::to_redis(&store.url).await);
        let mut component = Component {
            source: mindflow_tests::components().join("test/spin-probe.wasm"),
            allowed_outbound_hosts: vec![format!("postgres://{}", postgres.address()), redis.redis()],
            ..Component::default()
        };
        let private = Component { allowed_outbound_hosts: Vec::new(), ..component.clone() };
        change(&mut component);
        let application = Application::of(PROBE, component).private("private", private);
        Self { spin: Spin::up(application).await, postgres, redis, database, _redis: store }
    }

    /// The address of the story's database for Spin.
    pub async fn address(&self) -> String {
        let name: String = self.database.one("SELECT current_database()::text").await;
        let user: String = self.database.one("SELECT current_user::text").await;
        self.postgres.postgres(&user, &name)
    }

    /// What each step came to.
    pub async fn run(&self, steps: Value) -> Vec<Value> {
        let (status, answer) = self.call(steps).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer.as_array().expect("a list").clone()
    }

    /// What the call was answered; nothing when the component failed.
    pub async fn call(&self, steps: Value) -> (StatusCode, Value) {
        let answer = self.spin.call(PROBE, "/", steps.to_string()).await;
        (answer.status(), serde_json::from_slice(answer.body()).unwrap_or_default())
    }
}

/// The text of what went wrong.
pub fn error(answer: &Value) -> &str {
    answer["error"].as_str().unwrap_or_else(|| panic!("nothing went wrong: {answer}"))
}
