//! What the operator sets, by the component's variables, read once an instance.

use crate::web::cors;
use mindflow_guest::{config, consent};
use std::sync::OnceLock;

#[derive(Debug, PartialEq, Eq)]
pub struct Settings {
    /// `introspection`: queries about the schema, and `/schema.graphql`. On unless `false`.
    pub introspection: bool,
    /// `graphiql`: the page for trying queries. On unless `false`.
    pub graphiql: bool,
    /// `cors_origins`: a comma-separated list such as `http://localhost:4200`. None by default.
    pub cors_origins: Vec<String>,
    /// `ai_consent`: of users who have not said it. An error where it is another word than it can be.
    pub ai_consent_assumed: Result<bool, String>,
}

static SETTINGS: OnceLock<Settings> = OnceLock::new();

pub async fn load() -> &'static Settings {
    if let Some(settings) = SETTINGS.get() {
        return settings;
    }
    let (introspection, graphiql, origins) =
        (config::text("introspection").await, config::text("graphiql").await, config::text("cors_origins").await);
    let assumed = consent::is_assumed().await;
    SETTINGS.get_or_init(|| read(introspection.as_deref(), graphiql.as_deref(), origins.as_deref(), assumed))
}

fn read(
    introspection: Option<&str>,
    graphiql: Option<&str>,
    origins: Option<&str>,
    ai_consent_assumed: Result<bool, String>,
) -> Settings {
    let on = |value: Option<&str>| !value.is_some_and(|value| value.trim().eq_ignore_ascii_case("false"));
    Settings {
        introspection: on(introspection),
        graphiql: on(graphiql),
        cors_origins: cors::origins(origins.unwrap_or_default()),
        ai_consent_assumed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_variables_the_tools_are_on_and_no_foreign_origin_is_let_in() {
        let settings = read(None, None, None, Ok(true));
        assert!(settings.introspection && settings.graphiql && settings.cors_origins.is_empty());
        assert_eq!(settings.ai_consent_assumed, Ok(true));
    }

    #[test]
    fn variables_switch_the_tools_off_and_name_the_origins() {
        let settings = read(Some("false"), Some("False"), Some("http://a.example/, https://b.example"), Ok(false));
        assert!(!settings.introspection && !settings.graphiql);
        assert_eq!(settings.cors_origins, ["http://a.example", "https://b.example"]);
    }
}
