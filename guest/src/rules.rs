//! The rules that an input can break: the one list of them. Each error of an input says its rule by id, with what the
//! rule's text takes as parameters, so that a client can say it in the language of its user. An id is never given
//! another meaning. `docs/errors.md` shows the list to clients, and a test compares the two.

use crate::call::FieldError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;

type Text = Cow<'static, str>;

/// A broken rule with its parameters, as JSON: `{"rule":"too-long","params":{"max":200,"unit":"characters"}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", content = "params", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Rule {
    // === what a single value is ===
    /// A value is needed, and there is none.
    Required,
    /// The text has nothing that can be seen.
    Blank,
    /// The value is of another type. `expected`: `text`, `number`, `list`, `object`, `boolean` or the name of a type.
    Type {
        expected: Text,
    },
    /// The value is not written as its kind is.
    Format {
        expected: Format,
    },
    /// The value is none of these.
    OneOf {
        values: Vec<Text>,
    },
    /// The number is outside; both ends are allowed.
    Range {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<i64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<i64>,
    },
    /// The text holds characters that cannot be part of it.
    Characters,
    /// There is no such field here, or no such parameter. `known`: those that there are, where they are few.
    UnknownField {
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        known: Vec<Text>,
    },

    /// The text is no GraphQL.
    Syntax,
    /// The query asks for what the schema does not have, or in another shape.
    Schema,

    // === how much there is ===
    TooShort {
        min: u64,
        actual: u64,
        unit: Unit,
    },
    TooLong {
        max: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        actual: Option<u64>,
        unit: Unit,
    },
    /// Of a list: fewer items.
    TooFew {
        min: u64,
    },
    /// Of a list: more items.
    TooMany {
        max: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        actual: Option<u64>,
    },
    /// What is asked for would take more than one request may. `max`: how much it may, where that can be said.
    TooMuch {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<Unit>,
    },

    // === how it stands to other values, and to what there is ===
    /// The day or time is later than it can be. `latest` is the last one that is allowed.
    TooLate {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        latest: Option<String>,
    },
    /// The day or time is earlier than it can be. `earliest` is the first one that is allowed.
    TooEarly {
        earliest: Text,
    },
    /// The day or time is after that of the field `other`.
    After {
        other: Text,
    },
    /// The value needs one in the field `other` as well.
    Together {
        other: Text,
    },
    /// It names something that there is not.
    NotFound,
    /// It names a place in what came, and what followed it is no longer known.
    Forgotten,
    /// The address is none of the public internet.
    NotPublic,
    /// The file or the value is damaged.
    Damaged,
    /// The platform does not take this kind.
    Unsupported,
    /// The password or the code is not the one that is asked for.
    Wrong,
    /// Many people have this password, and it is guessed first.
    Common,

    // === what does not allow it now; of `CONFLICT` ===
    /// Another one has this value, and only one can.
    Taken,
    /// The thing has moved on from the version that the change was made on.
    Version {
        expected: u32,
        actual: u32,
    },
    /// The same id was sent before, with another content.
    Reused,
    /// What is asked for would leave no user with the right to undo it.
    Locked,
    /// Something else still has it.
    InUse,
    /// It takes an address that is known to be the user's.
    Unconfirmed,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Unicode scalar values.
    Characters,
    /// Of the text in UTF-8, or of a file.
    Bytes,
    Words,
    Pixels,
    Days,
}

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `YYYY-MM-DD`.
    Date,
    /// RFC 3339.
    DateTime,
    /// `HH:MM`, from `00:00` to `23:59`.
    TimeOfDay,
    Uuid,
    /// Of the list that is read.
    Cursor,
    Email,
    /// An absolute one with `https`, without a name, a password or a fragment.
    Url,
    /// Of the IANA database.
    TimeZone,
    /// A query as the search box takes it.
    Search,
    /// RFC 8259.
    Json,
    /// Base64url.
    Key,
    /// SHA-256 in hexadecimal digits.
    Sha256,
}

impl Rule {
    pub fn range(min: impl Into<i64>, max: impl Into<i64>) -> Self {
        Self::Range { min: Some(min.into()), max: Some(max.into()) }
    }

    /// Of the characters of a text; `actual` is 0 where it was not counted.
    pub fn characters(max: usize, actual: usize) -> Self {
        Self::TooLong { max: max as u64, actual: some(actual), unit: Unit::Characters }
    }

    pub fn bytes(max: usize, actual: usize) -> Self {
        Self::TooLong { max: max as u64, actual: some(actual), unit: Unit::Bytes }
    }

    /// Of the items of a list; `actual` is 0 where they were not counted.
    pub fn items(max: usize, actual: usize) -> Self {
        Self::TooMany { max: max as u64, actual: some(actual) }
    }

    /// Of what one request asks for.
    pub fn too_much(max: u64, unit: Unit) -> Self {
        Self::TooMuch { max: Some(max), unit: Some(unit) }
    }

    /// What is too much, by a bound that a client cannot count.
    pub fn unmeasured() -> Self {
        Self::TooMuch { max: None, unit: None }
    }

    pub fn one_of(values: impl IntoIterator<Item = impl Into<Text>>) -> Self {
        Self::OneOf { values: values.into_iter().map(Into::into).collect() }
    }

    pub fn unknown_field(known: impl IntoIterator<Item = impl Into<Text>>) -> Self {
        Self::UnknownField { known: known.into_iter().map(Into::into).collect() }
    }

    pub fn of_type(expected: &'static str) -> Self {
        Self::Type { expected: expected.into() }
    }

    /// The error of a field: `message` says the rule as a sentence that a user can act on.
    pub fn broken(&self, field: impl Into<String>, message: impl Into<String>) -> FieldError {
        let tagged = serde_json::to_value(self).unwrap_or_default();
        let rule = tagged.get("rule").and_then(Value::as_str).unwrap_or_default().to_owned();
        let params = tagged.get("params").map_or_else(|| "{}".to_owned(), Value::to_string);
        FieldError { field: field.into(), message: message.into(), rule, params }
    }
}

impl From<Format> for Rule {
    fn from(expected: Format) -> Self {
        Self::Format { expected }
    }
}

fn some(actual: usize) -> Option<u64> {
    (actual > 0).then_some(actual as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_error_says_its_rule_and_what_the_rules_text_takes() {
        let error = Rule::characters(200, 201).broken("title", "Use at most 200 characters; these are 201.");
        assert_eq!((error.rule.as_str(), error.field.as_str()), ("too-long", "title"));
        let params = |error: &FieldError| serde_json::from_str::<Value>(&error.params).unwrap();
        assert_eq!(params(&error), json!({"max": 200, "actual": 201, "unit": "characters"}));
        let error = Rule::Required.broken("title", "Write a title.");
        assert_eq!((error.rule.as_str(), error.params.as_str()), ("required", "{}"));
        for (rule, expected) in [
            (Format::DateTime.into(), json!({"expected": "date-time"})),
            (Rule::range(1, 100), json!({"min": 1, "max": 100})),
            (Rule::items(20, 0), json!({"max": 20})),
            (Rule::too_much(366, Unit::Days), json!({"max": 366, "unit": "days"})),
            (Rule::unmeasured(), json!({})),
            (Rule::one_of(["a", "b"]), json!({"values": ["a", "b"]})),
        ] {
            assert_eq!(params(&rule.broken("first", "No.")), expected);
        }
    }

    #[test]
    fn the_page_for_clients_has_every_rule_and_no_other() {
        let page = include_str!("../../docs/errors.md");
        let unknown = serde_json::from_str::<Rule>(r#"{"rule":"?"}"#).unwrap_err().to_string();
        // Serde names them all: "unknown variant `?`, expected one of `required`, `blank`, …".
        let ids: Vec<_> = unknown.split('`').skip(3).step_by(2).collect();
        assert!(ids.len() > 20 && ids.contains(&"too-long"), "{unknown}");
        let listed: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        for id in &ids {
            assert!(listed.contains(id), "docs/errors.md lacks {id}");
        }
        let table = page.split("## Rules").nth(1).unwrap();
        for line in table.lines().filter_map(|line| line.strip_prefix("| `")) {
            let id = line.split('`').next().unwrap();
            assert!(ids.contains(&id), "there is no rule {id}");
        }
    }
}
