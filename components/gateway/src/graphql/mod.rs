//! GraphQL: the public schema over the services, and its transport over HTTP.

pub mod answer;
pub mod apq;
pub mod cost;
mod documents;
pub mod errors;
pub mod execute;
pub mod graphiql;
pub mod http;
mod kept_answers;
pub mod limits;
pub mod meter;
pub mod prepared;
mod roots;
pub mod scope;
pub mod sse;
mod types;
mod validity;
pub mod workarounds;

use async_graphql::{SDLExportOptions, Schema, SchemaBuilder, ValidationMode};
use roots::{Mutation, Query, Subscription};
use std::sync::OnceLock;

pub type MindFlowSchema = Schema<Query, Mutation, Subscription>;

static SCHEMA: OnceLock<MindFlowSchema> = OnceLock::new();

/// The schema that runs operations, which [`validity`] has checked. Built once an instance: that takes milliseconds, a
/// query takes microseconds.
pub fn schema() -> &'static MindFlowSchema {
    SCHEMA.get_or_init(|| builder().validation_mode(ValidationMode::Fast).finish())
}

/// The schema as text, for code generators.
pub fn sdl() -> String {
    schema().sdl_with_options(SDLExportOptions::new().include_specified_by())
}

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription).limit_directives(limits::DIRECTIVES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_the_public_names() {
        let sdl = sdl();
        for line in [
            "scalar DateTime",
            "scalar Date",
            "journalEntry(",
            "): JournalEntryConnection\n",
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
            "entryCount: Int\n",
            "attachments: [Media!]\n",
            "analysis: Analysis\n",
            "quota: Quota\n",
            "entryChanged(",
            "): EntryChange!",
            "entryAnalyzed(",
            "): JournalEntry!",
            "kind: ChangeKind!",
            "): UserConnection\n",
            "NOT_INCLUDED",
            "reanalyzeEntry(",
            "setUserRoles(",
            "scalar Date @specifiedBy(url: ",
            "scalar DateTime @specifiedBy(url: ",
            "scalar Bytes @specifiedBy(url: ",
            "scalar JSON @specifiedBy(url: ",
            "type JournalEntry implements Node {",
            "node(",
        ] {
            assert!(sdl.contains(line), "{line} is not in\n{sdl}");
        }
    }

    #[test]
    fn texts_that_are_one_of_a_few_are_described_with_all_of_them() {
        let sdl = sdl();
        let words = mindflow_events::INSIGHT_KINDS.into_iter();
        for word in words.chain(mindflow_events::WEBHOOK_EVENTS.iter().map(|kind| kind.name())) {
            assert!(sdl.contains(&format!("`{word}`")), "{word}");
        }
    }

    #[test]
    fn only_a_part_that_all_others_depend_on_may_not_be_null() {
        let query = "{ __schema { types { name fields { name type { kind } } } } }";
        let answer = futures::executor::block_on(schema().execute(query)).data.into_json().unwrap();
        let types = answer["__schema"]["types"].as_array().unwrap();
        for root in types.iter().filter(|kind| kind["name"] == "Query" || kind["name"] == "Mutation") {
            for field in root["fields"].as_array().unwrap() {
                assert_eq!(field["type"]["kind"] == "NON_NULL", field["name"] == "me", "{}", field["name"]);
            }
        }
    }

    /// Fields that ask a service of their own, when the object that they are in has been answered.
    const ASKED_APART: [(&str, &[&str]); 5] = [
        ("JournalEntry", &["attachments", "analysis"]),
        ("Platform", &["subscriptions"]),
        ("Tag", &["entryCount"]),
        ("User", &["quota", "storage", "aiConsent", "aiConsentAt", "emailConfirmed", "secondFactor"]),
        ("Storage", &["mediaBytes", "tags", "webhooks", "sessions"]),
    ];

    #[test]
    fn a_field_that_another_service_answers_may_be_null_and_says_so() {
        let query = "{ __schema { types { name fields { name description type { kind } } } } }";
        let answer = futures::executor::block_on(schema().execute(query)).data.into_json().unwrap();
        let types = answer["__schema"]["types"].as_array().unwrap();
        for (name, asked) in ASKED_APART {
            let kind = types.iter().find(|kind| kind["name"] == name).unwrap();
            for field in kind["fields"].as_array().unwrap() {
                if !asked.iter().any(|asked| field["name"] == **asked) {
                    continue;
                }
                assert_ne!(field["type"]["kind"], "NON_NULL", "{name}.{}", field["name"]);
                let description = field["description"].as_str().unwrap().replace('\n', " ");
                assert!(description.contains("with an error, when "), "{name}.{}: {description}", field["name"]);
            }
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
