//! A store of one test's own.

use mindflow_backends::records::{
    Config,
    logs::{self, LogStore},
};
use mindflow_test_support::MongoServer;
use mindflow_test_support::{TestDatabase, TestPostgres};
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc};

pub struct Stage {
    pub store: Arc<dyn LogStore>,
    _server: Server,
}

#[expect(dead_code, reason = "it is kept until the test ends")]
enum Server {
    Postgres(TestDatabase),
    Mongo(MongoServer),
}

impl Stage {
    pub async fn postgres() -> Self {
        let database = TestPostgres::write("logs").await;
        let databases = BTreeMap::from([("write".to_owned(), database.database().clone())]);
        let store = logs::open(&Config::default(), &databases).await.unwrap();
        Self { store, _server: Server::Postgres(database) }
    }

    pub async fn mongodb() -> Self {
        let server = MongoServer::start().await;
        let config: Config = serde_json::from_value(json!({ "backend": "mongodb", "url": server.url() })).unwrap();
        let store = logs::open(&config, &BTreeMap::new()).await.unwrap();
        Self { store, _server: Server::Mongo(server) }
    }
}
