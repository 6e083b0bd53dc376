//! The body of a call, as <https://platform.claude.com/docs/en/api/messages> has it.

use super::{Claude, fence::Fence, prompt};
use crate::{analysis::Kind, entry::Entry};
use serde_json::{Value, json};

/// The JSON to post. Neither `temperature` nor `thinking`: current models refuse most values of both, and
/// older ones do not know `effort`.
pub fn body(claude: &Claude, max_tokens: u32, entry: &Entry, nonce: &str) -> serde_json::Result<Vec<u8>> {
    let fence = Fence::new(nonce);
    serde_json::to_vec(&json!({
        "model": claude.model,
        "max_tokens": max_tokens,
        "system": prompt::system(&fence),
        "messages": [{ "role": "user", "content": prompt::user(&fence, entry) }],
        "output_config": { "format": { "type": "json_schema", "schema": schema() } },
    }))
}

/// What the answer's text must be. Structured outputs know no ranges and no lengths (a schema with one is
/// refused), want every property required and no others; `analysis` checks the rest.
fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "sentiment": { "type": "number", "description": "From -1 (negative) to 1 (positive)." },
            "themes": { "type": "array", "items": { "type": "string" } },
            "insights": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "kind": { "type": "string", "enum": Kind::words() },
                        "text": { "type": "string" },
                        "quotes": {
                            "type": "array",
                            "items": { "type": "string" },
                            "description": "Passages of the entry, word for word.",
                        },
                    },
                    "required": ["kind", "text", "quotes"],
                    "additionalProperties": false,
                },
            },
        },
        "required": ["sentiment", "themes", "insights"],
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{claude::tests::claude, entry::tests::entry};

    fn sent(claude: &Claude) -> Value {
        serde_json::from_slice(&body(claude, 512, &entry("A day", "It rained."), "abc").unwrap()).unwrap()
    }

    #[test]
    fn the_request_names_model_limit_and_one_user_message() {
        let sent = sent(&claude());
        assert_eq!(sent["model"], "claude-test");
        assert_eq!(sent["max_tokens"], 512);
        assert_eq!(sent["messages"].as_array().unwrap().len(), 1);
        assert_eq!(sent["messages"][0]["role"], "user");
        assert!(sent["messages"][0]["content"].as_str().unwrap().contains("It rained."));
        assert!(sent["system"].as_str().unwrap().contains("<journal_entry_abc>"));
        assert_eq!(sent["output_config"]["format"]["type"], "json_schema");
        let mut keys: Vec<&String> = sent.as_object().unwrap().keys().collect();
        keys.sort();
        assert_eq!(keys, ["max_tokens", "messages", "model", "output_config", "system"]);
    }

    #[test]
    fn every_object_of_the_schema_is_closed_and_requires_all_it_has_and_nothing_is_bounded() {
        fn walk(schema: &Value) {
            let object = schema.as_object().unwrap();
            for keyword in
                ["minimum", "maximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems", "pattern"]
            {
                assert!(!object.contains_key(keyword), "{keyword}");
            }
            if schema["type"] == "object" {
                assert_eq!(schema["additionalProperties"], false);
                let mut named: Vec<&str> =
                    schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
                let mut required: Vec<&str> =
                    schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
                named.sort_unstable();
                required.sort_unstable();
                assert_eq!(named, required);
                schema["properties"].as_object().unwrap().values().for_each(walk);
            }
            if schema["type"] == "array" {
                walk(&schema["items"]);
            }
        }
        walk(&schema());
    }
}
