//! The whole application as `cargo xtask compose` makes it for Spin, in users' hands: what the stories of `tests/flows` show of
//! the host, on the small Spin. Bells ring and drains deliver by themselves.

mod clocks;
mod erasure;
mod errors;
mod grants;
mod host;
mod insights;
mod journal;
mod kills;
mod letters;
mod media;
mod portability;
mod reminders;
mod trash;
mod variables;

use mindflow_backends::stores::objects::Config;
use mindflow_spin_tests::bridge::Bridge;
use mindflow_spin_tests::runtime::{Application, Spin};
use mindflow_test_support::{PrivateRedis, s3};
use mindflow_tests::{Account, Http, Platform, components, compositions, root};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SECRET: &str = "what wraps private keys in stories";

/// Tables for the manifest: of components that only stories start.
const FURTHER: &str = include_str!("../../further.toml");

/// A variable with a connection string, the role that it is for, and the database.
const LOGINS: [(&str, &str, &str); 21] = [
    ("auth_write_dsn", "mindflow_auth", "write"),
    ("command_write_dsn", "mindflow_command", "write"),
    ("query_write_dsn", "mindflow_query", "write"),
    ("query_read_dsn", "mindflow_query", "read"),
    ("ai_write_dsn", "mindflow_ai", "write"),
    ("analytics_analytics_dsn", "mindflow_analytics", "analytics"),
    ("analytics_write_dsn", "mindflow_analytics", "write"),
    ("search_write_dsn", "mindflow_search", "write"),
    ("notification_write_dsn", "mindflow_notification", "write"),
    ("media_write_dsn", "mindflow_media", "write"),
    ("portability_write_dsn", "mindflow_portability", "write"),
    ("delivery_dsn", "mindflow_delivery", "write"),
    ("dead_letters_dsn", "mindflow_dead-letters", "write"),
    ("disclosure_ledger_dsn", "mindflow_disclosure-ledger", "write"),
    ("keys_dsn", "mindflow_keys", "write"),
    ("audit_log_dsn", "mindflow_audit-log", "write"),
    ("web_push_dsn", "mindflow_web-push", "write"),
    ("search_index_dsn", "mindflow_search-index", "read"),
    ("counter_read_dsn", "mindflow_counter", "read"),
    ("greedy_write_dsn", "mindflow_greedy", "write"),
    ("greedy_read_dsn", "mindflow_greedy", "read"),
];

/// Stores of the story's own, as `mindflow migrate` prepares them, and what leads there.
pub struct Bed {
    /// Never started: its stores, and the operator's command line.
    pub platform: Platform,
    manifest: String,
    given: BTreeMap<String, String>,
    bridges: Vec<Bridge>,
}

/// The application on such stores.
pub struct Stage {
    pub spin: Spin,
    pub http: Http,
    pub bed: Bed,
}

// === impl Bed ===

impl Bed {
    /// `tables` are added to the manifest, `variables` to those that lead to the stores.
    pub async fn lay(tables: &'static str, variables: &[(&str, &str)]) -> Self {
        let with_tables = move |text: String| format!("{text}\n{}", absolute(tables));
        let builder = Platform::services()
            .env("MINDFLOW_KEYS__WRAPPING_SECRET", SECRET)
            .env("MINDFLOW_SEALING__KEY", SECRET)
            .manifest(with_tables);
        let platform = builder.prepare().await;
        let prepared = platform.cli(&["migrate"]).await;
        assert_eq!(prepared.code, Some(0), "{prepared:?}");
        let postgres = Bridge::to_postgres(&platform.dsn("write")).await;
        let mut given = BTreeMap::from(LOGINS.map(|(variable, role, database)| {
            let config: tokio_postgres::Config = platform.dsn(database).parse().expect("a connection string");
            (variable.to_owned(), postgres.postgres(role, config.get_dbname().expect("its database")))
        }));
        let keys: tokio_postgres::Config = platform.dsn("keys").parse().expect("a connection string");
        let (user, database) = (keys.get_user().expect("a login"), keys.get_dbname().expect("its database"));
        given.insert("data_keys_dsn".to_owned(), postgres.postgres(user, database));
        let origin = format!("postgres://{}", postgres.address());
        let further = [
            ("write_origin", origin.as_str()),
            ("data_keys_origin", &origin),
            ("read_origin", &origin),
            ("analytics_origin", &origin),
            ("redis_prefix", platform.redis().1),
            ("jwt_wrapping_secret", SECRET),
            ("sealing_key", SECRET),
            ("bcrypt_cost", "4"),
            ("allow_weak_bcrypt", "true"),
            // Stories are many users at one address.
            ("rate_limits", "{\"factor\":1000000}"),
        ];
        given.extend(further.iter().chain(variables).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let manifest = std::fs::read_to_string(root().join("spin.toml")).expect("spin.toml");
        let manifest = absolute(&format!("{manifest}\n{tables}"));
        let mut bed = Self { manifest, given, bridges: vec![postgres], platform };
        let redis = bed.platform.redis().0.to_owned();
        bed.lead_to_redis(&redis).await;
        bed
    }

    async fn lead_to_redis(&mut self, url: &str) {
        let bridge = Bridge::to_redis(url).await;
        for name in ["redis_url", "redis_origin"] {
            self.given.insert(name.to_owned(), bridge.redis());
        }
        self.bridges.push(bridge);
    }

    /// A Redis that no other story uses, in place of the shared one.
    pub async fn own_redis(&mut self) -> PrivateRedis {
        let redis = PrivateRedis::start();
        self.lead_to_redis(&redis.url()).await;
        redis
    }

    /// The repository's manifest with the files that were composed for this run.
    pub fn application(&self) -> Application {
        Application::parse(&self.manifest, &root(), &self.given)
    }
}

/// With the files of this run.
fn absolute(manifest: &str) -> String {
    manifest
        .replace("\"target/spin/", &format!("\"{}/", compositions().display()))
        .replace("\"target/components/", &format!("\"{}/", components().display()))
}

/// What leads to containers of files on a server that speaks the S3 API.
pub fn files_on(server: &s3::Server) -> [(&'static str, String); 5] {
    let Config::S3 { bucket, endpoint: Some(endpoint), .. } = &server.settings else { panic!("a server of one's own") };
    let url = |container| format!("s3://{bucket}/mindflow/{container}?region=us-east-1&endpoint={endpoint}");
    [
        ("blob_media_url", url("media")),
        ("blob_portability_url", url("portability")),
        ("blob_origin", endpoint.clone()),
        ("blob_access_key_id", "test".to_owned()),
        ("blob_secret_access_key", "test".to_owned()),
    ]
}

// === impl Stage ===

impl Stage {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With these variables.
    pub async fn with(variables: &[(&str, &str)]) -> Self {
        let bed = Bed::lay("", variables).await;
        let spin = Spin::up(bed.application()).await;
        Self { http: Http::at(spin.url()), spin, bed }
    }

    /// Runs a schedule, as a clock does that rings when its time has come.
    pub async fn run(&self, component: &str, schedule: &str) {
        let database = self.bed.platform.write_database().await;
        // The first ring of all notes when it is due.
        self.spin.call(component, "/schedules", "").await;
        let due = "UPDATE mindflow.schedule SET next_run = now() WHERE name = $1";
        assert_eq!(database.execute(due, &[&schedule]).await.expect("its time comes"), 1, "{schedule}");
        let rung = self.spin.call(component, "/schedules", "").await;
        let answer: Value = serde_json::from_slice(rung.body()).expect("JSON");
        let ran = answer["ran"].as_array().into_iter().flatten().find(|ran| ran["schedule"] == schedule);
        assert_eq!(ran.map(|ran| &ran["outcome"]), Some(&json!("succeeded")), "{answer}");
    }

    /// A new user, logged in.
    pub async fn register(&self) -> Account {
        Account::register(&self.http).await
    }

    /// A new user with a role, granted on the operator's command line, and logged in with it.
    pub async fn register_as(&self, role: &str) -> Account {
        let account = self.register().await;
        self.bed.platform.grant(&account.email, role).await;
        account.login().await
    }
}
