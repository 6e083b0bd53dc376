//! Which input an error of the engine is about, and which rule it breaks. async-graphql 7.2 says both in its sentences only;
//! this reads them, and adds what clients get of every other error of an input. A sentence that is not known here is left as
//! it is.

use crate::graphql::errors;
use crate::names;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::registry::{MetaType, Registry};
use async_graphql::{ErrorExtensionValues, Pos, ServerError};
use mindflow_guest::rules::{Format, Rule};

const DATE_TIME_RULE: &str = "Must be a time as RFC 3339, such as 2025-10-25T20:30:00Z.";

/// Adds the field, its rule and the rule's parameters, if the error is about an input.
pub fn explain(error: &mut ServerError, registry: &Registry) {
    let Some(Broken { field, rule, text }) = read(&error.message, registry) else { return };
    if let Some(text) = text {
        error.message = format!("{}. {text}", error.message.trim_end_matches('.'));
    }
    let broken = rule.broken(field, error.message.as_str());
    errors::extend_alone(error.extensions.get_or_insert_with(ErrorExtensionValues::default), &broken);
}

/// The same for an error of an argument that a resolver could not take. The engine says its place in the document alone.
pub fn explain_argument(error: &mut ServerError, document: &ExecutableDocument) {
    let Some((kind, _)) = error.message.strip_prefix("Failed to parse ").and_then(quoted) else { return };
    let rule = match kind {
        "Int" => Rule::range(i32::MIN, i32::MAX),
        kind => Rule::Type { expected: kind.to_owned().into() },
    };
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    let Some(place) = error.locations.first() else { return };
    if let Some(name) = operations.chain(fragments).find_map(|selections| argument_at(selections, *place)) {
        let broken = rule.broken(name, error.message.as_str());
        errors::extend_alone(error.extensions.get_or_insert_with(ErrorExtensionValues::default), &broken);
    }
}

fn argument_at(selections: &SelectionSet, place: Pos) -> Option<&str> {
    selections.items.iter().find_map(|selection| match &selection.node {
        Selection::Field(field) => {
            let found = field.node.arguments.iter().find(|(_, value)| value.pos == place);
            let found = found.map(|(name, _)| name.node.as_str());
            found.or_else(|| argument_at(&field.node.selection_set.node, place))
        }
        Selection::InlineFragment(fragment) => argument_at(&fragment.node.selection_set.node, place),
        Selection::FragmentSpread(_) => None,
    })
}

struct Broken {
    field: String,
    rule: Rule,
    /// For the user, where the engine does not say it.
    text: Option<String>,
}

fn read(message: &str, registry: &Registry) -> Option<Broken> {
    let unknown =
        |field: &str| Broken { field: field.to_owned(), rule: Rule::UnknownField { known: Vec::new() }, text: None };
    if let Some(rest) = message.strip_prefix("Invalid value for argument ") {
        let (path, reason) = quoted(rest)?;
        return of_value(path, reason.strip_prefix(", ")?, registry);
    }
    if let Some(rest) = message.strip_prefix("Unknown argument ") {
        let (name, rest) = quoted(rest)?;
        return rest.starts_with(" on field ").then(|| unknown(name));
    }
    let (_, rest) = quoted(message.strip_prefix("Field ")?)?;
    let (name, rest) = quoted(rest.strip_prefix(" argument ")?)?;
    let missing = rest.ends_with(" is required but not provided");
    missing.then(|| Broken { field: name.to_owned(), rule: Rule::Required, text: None })
}

fn of_value(path: &str, reason: &str, registry: &Registry) -> Option<Broken> {
    if let Some(rest) = reason.strip_prefix("expected type ") {
        let (kind, _) = quoted(rest)?;
        let (rule, text) = match kind {
            "Date" => (Format::Date.into(), Some(names::DATE_RULE.to_owned())),
            "DateTime" => (Format::DateTime.into(), Some(DATE_TIME_RULE.to_owned())),
            kind => (Rule::Type { expected: kind.to_owned().into() }, None),
        };
        return Some(Broken { field: field_of(path, None), rule, text });
    }
    if let Some(rest) = reason.strip_prefix("enumeration type ") {
        let (kind, _) = quoted(rest)?;
        let MetaType::Enum { enum_values, .. } = registry.types.get(kind)? else { return None };
        let values: Vec<String> = enum_values.keys().cloned().collect();
        let text = format!("Must be one of {}.", values.join(", "));
        return Some(Broken { field: field_of(path, None), rule: Rule::one_of(values), text: Some(text) });
    }
    let (rule, rest) = match (reason.strip_prefix("field "), reason.strip_prefix("unknown field ")) {
        (Some(rest), _) => (Rule::Required, rest),
        (_, Some(rest)) => (Rule::UnknownField { known: Vec::new() }, rest),
        _ => return None,
    };
    let (name, _) = quoted(rest)?;
    Some(Broken { field: field_of(path, Some(name)), rule, text: None })
}

/// A text in quotes, and what comes after it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('"')?.split_once('"')
}

/// As the services name fields: those of an argument that is an object without the argument's name, items by their number.
fn field_of(path: &str, member: Option<&str>) -> String {
    let segments: Vec<&str> = path.split('.').chain(member).collect();
    let is_item = |segment: &str| segment.bytes().all(|byte| byte.is_ascii_digit());
    let within = match segments.as_slice() {
        [_, rest @ ..] if rest.first().is_some_and(|next| !is_item(next)) => rest,
        all => all,
    };
    within.iter().enumerate().fold(String::new(), |field, (index, segment)| match index {
        0 => (*segment).to_owned(),
        _ if is_item(segment) => format!("{field}[{segment}]"),
        _ => format!("{field}.{segment}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::validity;
    use async_graphql::{Request, Variables};
    use futures::executor::block_on;
    use serde_json::{Value as Json, json};

    fn refused(query: &str, variables: Json) -> Json {
        let request = Request::new(query).variables(Variables::from_json(variables));
        let mut errors = block_on(validity::check(request)).unwrap_err();
        let registry = block_on(validity::types()).unwrap();
        for error in &mut errors {
            explain(error, registry);
        }
        serde_json::to_value(&errors[0]).unwrap()
    }

    #[test]
    fn an_input_that_does_not_fit_the_schema_is_named_with_its_rule() {
        let create = "mutation ($input: CreateJournalEntryInput!) { createJournalEntry(input: $input) { id } }";
        let entry = |name: &str, value: Json| {
            let mut input = json!({"title": "T", "content": "c"});
            input[name] = value;
            json!({"input": input})
        };
        for (query, variables, field, rule, params) in [
            (create, entry("entryDate", json!("2026-02-30")), "entryDate", "format", json!({"expected": "date"})),
            (create, entry("tags", json!(["a", 3])), "tags[1]", "type", json!({"expected": "String"})),
            (create, entry("colour", json!("red")), "colour", "unknown-field", json!({})),
            (create, json!({"input": {"title": "T"}}), "content", "required", json!({})),
            ("{ recentEntries(limit: \"x\") { id } }", json!({}), "limit", "type", json!({"expected": "Int"})),
            ("{ recentEntries(limits: 3) { id } }", json!({}), "limits", "unknown-field", json!({})),
            ("{ journalEntry { id } }", json!({}), "id", "required", json!({})),
            (
                "{ journalEntries(filter: { from: \"x\" }) { totalCount } }",
                json!({}),
                "from",
                "format",
                json!({"expected": "date"}),
            ),
            (
                "{ auditLog(from: \"x\") { edges { cursor } } }",
                json!({}),
                "from",
                "format",
                json!({"expected": "date-time"}),
            ),
        ] {
            let error = refused(query, variables);
            let extensions = &error["extensions"];
            assert_eq!(
                (extensions["field"].as_str(), extensions["rule"].as_str()),
                (Some(field), Some(rule)),
                "{error}"
            );
            assert_eq!(extensions["params"], params, "{error}");
        }
    }

    #[test]
    fn a_wrong_word_of_an_enumeration_is_answered_with_the_right_ones() {
        let error = refused("mutation { recordMood(mood: GLAD) { count } }", json!({}));
        assert_eq!(error["extensions"]["field"], "mood");
        let values = error["extensions"]["params"]["values"].as_array().unwrap();
        assert!(values.len() == 10 && values.contains(&json!("HAPPY")), "{error}");
        assert!(error["message"].as_str().unwrap().contains("Must be one of HAPPY, CALM, "), "{error}");
    }

    #[test]
    fn a_number_that_no_resolver_takes_is_found_by_its_place() {
        let query = "query ($n: Int) { me { id } ...F } fragment F on Query { insights(limit: 1) { id } tags: recentEntries(limit: $n) { id } }";
        let document = async_graphql::parser::parse_query(query).unwrap();
        let place = Pos { line: 1, column: query.find("$n)").unwrap() + 1 };
        let mut error = ServerError::new(
            "Failed to parse \"Int\": Only integers from -2147483648 to 2147483647 are accepted.",
            Some(place),
        );
        explain_argument(&mut error, &document);
        let error = serde_json::to_value(&error).unwrap();
        assert_eq!(
            (&error["extensions"]["field"], &error["extensions"]["rule"]),
            (&json!("limit"), &json!("range")),
            "{error}"
        );
    }

    #[test]
    fn an_error_that_is_about_no_input_is_left_as_it_is() {
        let error = refused("{ me { nothing } }", json!({}));
        assert!(error["extensions"].get("field").is_none(), "{error}");
    }
}
