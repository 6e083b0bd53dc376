//! GraphQL: the schema of the contract over the services, and its transport over HTTP.

mod answers;
pub mod apq;
pub mod cost;
mod documents;
pub mod errors;
pub mod execute;
pub mod graphiql;
pub mod http;
pub mod limits;
pub mod meter;
mod roots;
pub mod scope;
pub mod sse;
mod types;
mod validity;
pub mod workarounds;

use async_graphql::{Schema, SchemaBuilder, ValidationMode};
use roots::{Mutation, Query, Subscription};
use std::sync::OnceLock;

pub type MindFlowSchema = Schema<Query, Mutation, Subscription>;

static SCHEMA: OnceLock<MindFlowSchema> = OnceLock::new();

/// The schema that runs operations, which [`validity`] has checked. Built once an instance: that takes milliseconds, a
/// query takes microseconds.
pub fn schema() -> &'static MindFlowSchema {
    SCHEMA.get_or_init(|| builder().validation_mode(ValidationMode::Fast).finish())
}

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription).limit_directives(limits::DIRECTIVES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_the_names_of_the_contract() {
        let sdl = schema().sdl();
        for line in [
            "scalar DateTime",
            "scalar Date",
            "journalEntry(",
            "): JournalEntryConnection!",
            "first: Int = 20",
            "limit: Int = 10",
            "days: Int = 30",
            "input CreateJournalEntryInput",
            "clientMutationId: String",
            "expectedVersion: Int",
            "input JournalFilter",
            "roles: [Role!]!",
            "resetsAt: DateTime",
            "averageSentiment: Float",
            "entryCount: Int!",
            "entryChanged: EntryChange!",
            "entryAnalyzed: JournalEntry!",
            "kind: ChangeKind!",
            "): UserConnection!",
            "NOT_INCLUDED",
            "reanalyzeEntry(",
            "setUserRoles(",
        ] {
            assert!(sdl.contains(line), "{line} is not in\n{sdl}");
        }
    }

    #[test]
    fn everything_in_the_schema_is_described() {
        let query = "{ __schema { types { name description kind
            fields { name description args { name description } }
            inputFields { name description } enumValues { name description } } } }";
        let answer = futures::executor::block_on(schema().execute(query));
        assert!(answer.errors.is_empty(), "{:?}", answer.errors);
        let data = answer.data.into_json().unwrap();
        let mut bare = Vec::new();
        for kind in data["__schema"]["types"].as_array().unwrap() {
            let name = kind["name"].as_str().unwrap();
            if name.starts_with("__") || name == "ID" {
                continue;
            }
            collect_bare(name, kind, &mut bare);
        }
        assert!(bare.is_empty(), "without a description: {bare:?}");
    }

    fn collect_bare(path: &str, value: &serde_json::Value, bare: &mut Vec<String>) {
        if value["description"].as_str().is_none_or(str::is_empty) {
            bare.push(path.to_owned());
        }
        for list in ["fields", "inputFields", "enumValues", "args"] {
            for item in value[list].as_array().into_iter().flatten() {
                collect_bare(&format!("{path}.{}", item["name"].as_str().unwrap()), item, bare);
            }
        }
    }
}
