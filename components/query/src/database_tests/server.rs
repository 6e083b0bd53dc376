//! A read database of one test's own, used as the component uses it.

use crate::projection::{Plan, plan, tests::Fact};
use crate::statement::Statement;
use mindflow_backends::database::sql::{Error, Identity, Value as Stored};
use mindflow_guest::sql::{Rows, Rowset, Value};
use mindflow_test_support::{TestDatabase, TestPostgres};
use uuid::Uuid;

const COMPONENT: &str = "query";
const VIEWS: [&str; 8] = [
    "users_view",
    "journals_view",
    "entry_tags",
    "entry_creations",
    "analyses_view",
    "moods_view",
    "tags_view",
    "books_view",
];

pub struct Database(TestDatabase);

#[derive(Debug, Clone, Copy)]
pub enum As {
    Service,
    User(Uuid),
    Admin(Uuid),
}

impl As {
    fn identity(self) -> Identity {
        let caller = |user_id, roles: &[&str]| Identity::Caller {
            user_id,
            roles: roles.iter().map(ToString::to_string).collect(),
        };
        match self {
            Self::Service => Identity::Service,
            Self::User(id) => caller(id, &["user"]),
            Self::Admin(id) => caller(id, &["user", "admin"]),
        }
    }
}

impl Database {
    pub async fn create() -> Self {
        Self(TestPostgres::read("query").await)
    }

    /// A read, as reads are: in one round trip, read only.
    pub async fn read(&self, who: As, statement: &Statement) -> Rows {
        let params = stored(statement);
        match self.0.database().query(COMPONENT, &who.identity(), &statement.text, &params).await {
            Ok(set) => rows(set),
            Err(error) => panic!("{error:?}: {}", statement.text),
        }
    }

    /// A statement in a transaction that may write.
    pub async fn write(&self, who: As, statement: &Statement) -> Result<Rows, Error> {
        let transaction = self.0.database().begin(COMPONENT, &who.identity()).await?;
        let answer = transaction.query(&statement.text, &stored(statement)).await?;
        transaction.commit().await?;
        Ok(rows(answer))
    }

    /// Projects the event; whether it is what readers now see.
    pub async fn apply(&self, fact: &Fact) -> bool {
        let Plan { statement, .. } = plan(&fact.event()).unwrap().unwrap();
        let rows =
            self.write(As::Service, &statement).await.unwrap_or_else(|error| panic!("{error:?}: {}", statement.text));
        rows.first().unwrap().get("shown").unwrap()
    }

    /// As a superuser.
    pub async fn script(&self, text: &str) {
        self.0.script(text).await;
    }

    pub async fn clear(&self) {
        for view in VIEWS {
            self.0.script(&format!("TRUNCATE query.{view}")).await;
        }
    }

    /// Everything that the views hold, byte for byte.
    pub async fn contents(&self) -> Vec<String> {
        let mut contents = Vec::new();
        for view in VIEWS {
            let text = format!("SELECT '{view} ' || to_jsonb(v)::text AS line FROM query.{view} v ORDER BY 1");
            let rows = self.read(As::Service, &Statement { text, params: Vec::new() }).await;
            contents.extend(rows.iter().map(|row| row.get::<String>("line").unwrap()));
        }
        contents
    }
}

fn rows(set: mindflow_backends::database::sql::Rowset) -> Rows {
    let rows = set.rows.into_iter().map(|row| row.into_iter().map(shown).collect()).collect();
    Rowset { columns: set.columns, rows }.into()
}

/// The same variants on both sides of the WIT.
macro_rules! translate {
    ($name:ident, $from:ident -> $to:ident) => {
        fn $name(value: $from) -> $to {
            match value {
                $from::Null => $to::Null,
                $from::Boolean(it) => $to::Boolean(it),
                $from::Int32(it) => $to::Int32(it),
                $from::Int64(it) => $to::Int64(it),
                $from::Float64(it) => $to::Float64(it),
                $from::Numeric(it) => $to::Numeric(it),
                $from::Text(it) => $to::Text(it),
                $from::Bytes(it) => $to::Bytes(it),
                $from::Uuid(it) => $to::Uuid(it),
                $from::Json(it) => $to::Json(it),
                $from::Timestamp(it) => $to::Timestamp(it),
                $from::Date(it) => $to::Date(it),
                $from::Int64Array(it) => $to::Int64Array(it),
                $from::TextArray(it) => $to::TextArray(it),
                $from::UuidArray(it) => $to::UuidArray(it),
            }
        }
    };
}

translate!(shown, Stored -> Value);
translate!(given, Value -> Stored);

fn stored(statement: &Statement) -> Vec<Stored> {
    statement.params.iter().cloned().map(given).collect()
}
