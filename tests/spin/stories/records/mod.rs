//! Search indexes, the audit trail and dead letters, through the adapter and under the role that each capability has in the
//! database: what the host's back ends promise, and that the host and Spin have the same data.

mod audit;
mod search_index;

use crate::stores::compose;
use http::StatusCode;
use mindflow_spin_tests::bridge::Bridge;
use mindflow_spin_tests::runtime::{Application, Component, Spin};
use mindflow_test_support::TestDatabase;
use serde_json::{Value, json};

const PROBE: &str = "probe";
/// What data keys are sealed with.
const SEALING_KEY: &str = "what seals data keys in stories of records";

/// The probe with its adapter.
struct Probe {
    spin: Spin,
    _bridges: Vec<Bridge>,
}

/// A variable of the adapter: the connection string of a role in a database.
struct Login<'a> {
    variable: &'static str,
    role: &'a str,
    database: &'a TestDatabase,
}

impl Probe {
    /// `grants` as in the table `tool.mindflow`; `name`: of what is composed with them, once for all stories.
    async fn new(name: &str, grants: Value, logins: &[Login<'_>]) -> Self {
        let tokens = json!({ "issuer": "mindflow-auth", "audience": "mindflow", "lifetime-s": 900 });
        let manifest = json!({ "component": "probe", "grants": grants, "tokens": tokens });
        let mut component =
            Component { source: compose::probe("records-probe", name, &manifest), ..Component::default() };
        component.variables.insert("sealing_key".to_owned(), SEALING_KEY.to_owned());
        let mut bridges = Vec::new();
        for Login { variable, role, database } in logins {
            let bridge = Bridge::to_postgres(&database.dsn()).await;
            let dsn = bridge.postgres(role, &database.one::<String>("SELECT current_database()::text").await);
            component.allowed_outbound_hosts.push(format!("postgres://{}", bridge.address()));
            component.variables.insert((*variable).to_owned(), dsn);
            bridges.push(bridge);
        }
        Self { spin: Spin::up(Application::of(PROBE, component)).await, _bridges: bridges }
    }

    /// What a call answered, or the case and the text of its error.
    async fn call(&self, call: &Value) -> Result<Value, (String, String)> {
        let answer = self.spin.call(PROBE, "/", call.to_string()).await;
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        assert_eq!(answer.status(), StatusCode::OK, "{text}");
        let mut answer: Value = serde_json::from_str(&text).expect("JSON");
        match answer.get_mut("error").map(Value::take) {
            Some(error) => Err(serde_json::from_value(error).expect("a case and a text")),
            None => Ok(answer["ok"].take()),
        }
    }
}
