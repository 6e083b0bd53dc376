//! What the Messages API demands of a request, and an answer as a model might give it.
//!
//! After <https://platform.claude.com/docs/en/api/messages> and its page on structured outputs.

use hyper::{header, http::request::Parts};
use serde_json::{Value, json};

/// The only version there is, apart from the first one (2023-01-01), which nothing new should use.
const VERSION: &str = "2023-06-01";
const FIELDS: [&str; 17] = [
    "cache_control",
    "container",
    "inference_geo",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "output_config",
    "service_tier",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_p",
];
/// Keywords of JSON Schema that structured outputs refuse.
const UNSUPPORTED_KEYWORDS: [&str; 10] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "minProperties",
    "maxProperties",
];

/// What is wrong with a request, as the API would say it.
#[derive(Debug, PartialEq, Eq)]
pub struct Violation {
    pub status: u16,
    pub kind: &'static str,
    pub message: String,
}

impl Violation {
    pub fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into() }
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }
}

/// The body, and what is wrong with the request if anything is.
pub fn check(head: &Parts, body: &[u8]) -> Result<Value, (Value, Violation)> {
    let parsed: Result<Value, _> = serde_json::from_slice(body);
    let value = parsed.as_ref().map_or(Value::Null, Value::clone);
    let verdict = envelope(head).and_then(|()| match &parsed {
        Err(error) => Err(Violation::invalid(format!("The request body is not valid JSON: {error}"))),
        Ok(value) => message(value),
    });
    verdict.map_or_else(|violation| Err((value.clone(), violation)), |()| Ok(value.clone()))
}

fn envelope(head: &Parts) -> Result<(), Violation> {
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    if head.uri.path() != "/v1/messages" {
        return Err(Violation::new(404, "not_found_error", "Not found"));
    }
    if head.method != "POST" {
        return Err(Violation::new(405, "invalid_request_error", "Method Not Allowed"));
    }
    if header("x-api-key").is_none_or(str::is_empty) {
        return Err(Violation::new(401, "authentication_error", "x-api-key header is required"));
    }
    match header("anthropic-version") {
        None => return Err(Violation::invalid("anthropic-version: header is required")),
        Some(VERSION) => {}
        Some(other) => {
            return Err(Violation::invalid(format!("anthropic-version: \"{other}\" is not a valid version")));
        }
    }
    let content_type = header(header::CONTENT_TYPE.as_str()).unwrap_or_default();
    if content_type.split(';').next().map(str::trim) != Some("application/json") {
        return Err(Violation::invalid("Content-Type must be application/json"));
    }
    Ok(())
}

fn message(body: &Value) -> Result<(), Violation> {
    let Some(fields) = body.as_object() else {
        return Err(Violation::invalid("Input should be a valid dictionary"));
    };
    if let Some(unknown) = fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        return Err(Violation::invalid(format!("{unknown}: Extra inputs are not permitted")));
    }
    for required in ["model", "max_tokens", "messages"] {
        if !fields.contains_key(required) {
            return Err(Violation::invalid(format!("{required}: Field required")));
        }
    }
    if body["model"].as_str().is_none_or(str::is_empty) {
        return Err(Violation::invalid("model: Input should be a valid string"));
    }
    if body["max_tokens"].as_u64().is_none_or(|tokens| tokens == 0) {
        return Err(Violation::invalid("max_tokens: Input should be greater than or equal to 1"));
    }
    messages(&body["messages"])?;
    match body.pointer("/output_config/format") {
        None => Ok(()),
        Some(format) if format["type"] == "json_schema" && format["schema"].is_object() => schema(&format["schema"]),
        Some(_) => Err(Violation::invalid("output_config.format: Input should be of type json_schema with a schema")),
    }
}

fn messages(messages: &Value) -> Result<(), Violation> {
    let Some(messages) = messages.as_array().filter(|messages| !messages.is_empty()) else {
        return Err(Violation::invalid("messages: at least one message is required"));
    };
    for (index, message) in messages.iter().enumerate() {
        if !matches!(message["role"].as_str(), Some("user" | "assistant")) {
            return Err(Violation::invalid(format!("messages.{index}.role: Input should be 'user' or 'assistant'")));
        }
        let empty = match &message["content"] {
            Value::String(text) => text.is_empty(),
            Value::Array(blocks) => blocks.is_empty(),
            _ => true,
        };
        if empty {
            return Err(Violation::invalid(format!("messages.{index}.content: Field required")));
        }
    }
    match messages.last().and_then(|message| message["role"].as_str()) {
        Some("user") => Ok(()),
        _ => Err(Violation::invalid(
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        )),
    }
}

fn schema(schema: &Value) -> Result<(), Violation> {
    let refused = |what: String| Err(Violation::invalid(format!("output_config.format.schema: {what}")));
    let Some(keywords) = schema.as_object() else { return refused("Invalid schema".to_owned()) };
    if let Some(keyword) = UNSUPPORTED_KEYWORDS.iter().find(|keyword| keywords.contains_key(**keyword)) {
        return refused(format!(
            "For '{}' type, property '{keyword}' is not supported",
            schema["type"].as_str().unwrap_or_default()
        ));
    }
    if schema["type"] == "object" && schema["additionalProperties"] != false {
        return refused("For 'object' type, 'additionalProperties' must be explicitly set to false".to_owned());
    }
    let properties = schema["properties"].as_object().into_iter().flat_map(|properties| properties.values());
    properties.chain(keywords.get("items")).try_for_each(self::schema)
}

/// What a model might say about the entry: different for different entries, and within every bound.
pub fn plausible_analysis(request: &Value) -> Value {
    let message = request.pointer("/messages/0/content").and_then(Value::as_str).unwrap_or_default();
    let words: Vec<String> = entry(message)
        .split(|char: char| !char.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let count = |list: &[&str]| words.iter().filter(|word| list.contains(&word.as_str())).count();
    let glad =
        count(&["happy", "good", "great", "love", "loved", "calm", "grateful", "wonderful", "peaceful", "laughed"]);
    let sad = count(&["sad", "bad", "hate", "awful", "angry", "anxious", "terrible", "tired", "lonely", "afraid"]);
    let sentiment = if glad + sad == 0 { 0.0 } else { (glad as f64 - sad as f64) / (glad + sad) as f64 };
    let mut themes: Vec<&str> =
        words.iter().map(String::as_str).filter(|word| (6..=30).contains(&word.chars().count())).collect();
    themes.sort_unstable();
    themes.dedup();
    themes.truncate(3);
    if themes.is_empty() {
        themes.push("everyday life");
    }
    json!({
        "sentiment": sentiment,
        "themes": themes,
        "insights": [
            {
                "kind": "observation", "text": format!("You wrote {} words about {}.", words.len(), themes.join(", ")),
                "quotes": [first_sentence(entry(message)), INVENTED_QUOTE],
            },
            {
                "kind": if sentiment < 0.0 { "suggestion" } else { "encouragement" },
                "text": format!("{glad} bright and {sad} heavy words stand out."), "quotes": [],
            },
        ],
    })
}

/// As models do now and then: it is in no entry.
pub const INVENTED_QUOTE: &str = "These words were never written.";

/// Of the text below the lines that name the title and the day.
fn first_sentence(entry: &str) -> &str {
    let content = entry.split_once("\n\n").map_or(entry, |(_, content)| content);
    content.split_inclusive(['.', '!', '?', '\n']).next().unwrap_or_default().trim()
}

/// What stands between the tags that the message begins with; all of it when it begins with none.
pub fn entry(message: &str) -> &str {
    let inside = message.strip_prefix('<').and_then(|rest| {
        let (name, rest) = rest.split_once('>')?;
        rest.split_once(&format!("</{name}>"))
    });
    inside.map_or(message, |(inside, _)| inside.trim())
}
