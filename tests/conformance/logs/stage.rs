//! A store of one test's own.

use mindflow_backends::{
    logs::{self, Config, LogStore},
    testing::{TestDatabase, TestPostgres},
};
use std::{collections::BTreeMap, sync::Arc};

pub struct Stage {
    pub store: Arc<dyn LogStore>,
    _database: TestDatabase,
}

impl Stage {
    pub async fn postgres() -> Self {
        let database = TestPostgres::write("logs").await;
        let databases = BTreeMap::from([("write".to_owned(), database.database().clone())]);
        Self { store: logs::open(&Config::default(), &databases).unwrap(), _database: database }
    }
}
