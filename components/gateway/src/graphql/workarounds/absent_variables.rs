//! A variable that is declared and has no value counts as if what it stands in were left out: the argument, or the field of an input
//! (§6.4.1 and §3.10 of the specification). async-graphql 7.2 takes it for null, so that a client which sends the variables that the
//! user has changed would empty the other fields. This takes them out of the document that is run.

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Value, Variables};
use std::convert::Infallible;

/// In place of a value that there is not. No document and no JSON has such a name.
const ABSENT: &str = "\0absent";

/// Takes out what stands for variables without a value; `document` has been checked.
pub fn leave_out(document: &mut ExecutableDocument, operation_name: Option<&str>, variables: &Variables) {
    let operation = match (&document.operations, operation_name) {
        (DocumentOperations::Single(operation), _) => Some(operation),
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
        (DocumentOperations::Multiple(operations), None) => operations.values().next(),
    };
    let Some(known) = operation.and_then(|operation| Known::of(&operation.node, variables)) else { return };
    // Of the other operations nothing is run.
    match &mut document.operations {
        DocumentOperations::Single(operation) => known.prune(&mut operation.node.selection_set.node),
        DocumentOperations::Multiple(operations) => {
            operations.values_mut().for_each(|operation| known.prune(&mut operation.node.selection_set.node));
        }
    }
    document.fragments.values_mut().for_each(|fragment| known.prune(&mut fragment.node.selection_set.node));
}

/// The variables of an operation, of which some have no value.
struct Known {
    values: Vec<(Name, Option<Value>)>,
}

impl Known {
    /// None when all have a value.
    fn of(operation: &OperationDefinition, variables: &Variables) -> Option<Self> {
        let definitions = || operation.variable_definitions.iter().map(|definition| &definition.node);
        let is_absent = |name: &Name| !variables.contains_key(name);
        if !definitions().any(|variable| variable.default_value.is_none() && is_absent(&variable.name.node)) {
            return None;
        }
        let value = |name: &Name, default: Option<&Value>| variables.get(name).or(default).cloned();
        let values = definitions().map(|variable| {
            let (name, default) = (&variable.name.node, variable.default_value.as_ref().map(|value| &value.node));
            (name.clone(), value(name, default))
        });
        Some(Self { values: values.collect() })
    }

    fn get(&self, name: &Name) -> Option<&Value> {
        self.values.iter().find(|(known, _)| known == name)?.1.as_ref()
    }

    /// The document's nesting has been checked.
    fn prune(&self, selections: &mut SelectionSet) {
        for selection in &mut selections.items {
            match &mut selection.node {
                Selection::Field(field) => {
                    let field = &mut field.node;
                    field.arguments.retain_mut(|(_, argument)| {
                        let mut lacks = false;
                        let Ok(_) = argument.node.clone().into_const_with(|name| {
                            lacks |= self.get(&name).is_none();
                            Ok::<_, Infallible>(Value::Null)
                        });
                        if !lacks {
                            return true;
                        }
                        let value = |name: Name| {
                            let absent = || Value::Enum(Name::new(ABSENT));
                            Ok::<_, Infallible>(self.get(&name).cloned().unwrap_or_else(absent))
                        };
                        let Ok(value) = argument.node.clone().into_const_with(value);
                        let Some(value) = present(value) else { return false };
                        argument.node = value.into_value();
                        true
                    });
                    self.prune(&mut field.selection_set.node);
                }
                Selection::InlineFragment(fragment) => self.prune(&mut fragment.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
}

/// The value without the fields that have none; an item of a list that has none is null.
fn present(value: Value) -> Option<Value> {
    match value {
        Value::Enum(name) if name.as_str() == ABSENT => None,
        Value::Object(fields) => {
            let fields = fields.into_iter().filter_map(|(name, value)| Some((name, present(value)?)));
            Some(Value::Object(fields.collect()))
        }
        Value::List(items) => {
            Some(Value::List(items.into_iter().map(|item| present(item).unwrap_or_default()).collect()))
        }
        value => Some(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;
    use serde_json::{Value as Json, json};

    /// The arguments of the first field, and of the first fragment's first field, as they are run.
    fn run(query: &str, variables: Json) -> Vec<String> {
        let mut document = parse_query(query).unwrap();
        leave_out(&mut document, None, &Variables::from_json(variables));
        let operation = document.operations.iter().next().unwrap().1;
        let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
        let sets = std::iter::once(&operation.node.selection_set.node).chain(fragments);
        let firsts = sets.filter_map(|set| match &set.items.first()?.node {
            Selection::Field(field) => Some(&field.node.arguments),
            _ => None,
        });
        firsts.flatten().map(|(name, value)| format!("{}: {}", name.node, value.node)).collect()
    }

    #[test]
    fn an_argument_whose_variable_has_no_value_is_left_out_and_null_stays_null() {
        let query = "mutation ($d: String, $t: String) { updateProfile(displayName: $d, timezone: $t) { id } }";
        assert_eq!(run(query, json!({"t": "UTC"})), ["timezone: $t"]);
        assert_eq!(run(query, json!({"d": null, "t": "UTC"})), ["displayName: $d", "timezone: $t"]);
        assert!(run(query, json!({})).is_empty());
    }

    #[test]
    fn a_field_of_an_input_is_left_out_while_others_keep_their_values() {
        let query = "mutation ($id: ID!, $t: String, $m: Mood, $tags: [String!], $one: String, $n: Int = 3) {
            updateJournalEntry(input: {id: $id, title: $t, mood: $m, tags: $tags, in: [{x: $one}, $one, $n]}) { id } }";
        assert_eq!(
            run(query, json!({"id": "e", "tags": ["a"]})),
            [r#"input: {id: "e", tags: ["a"], in: [{}, null, 3]}"#]
        );
        let whole = json!({"id": "e", "t": "T", "m": "CALM", "tags": null, "one": "1"});
        assert!(run(query, whole)[0].contains("title: $t, mood: $m, tags: $tags"));
    }

    #[test]
    fn fragments_lack_what_their_operation_lacks() {
        let query = "query ($n: Int) { ...F } fragment F on Query { recentEntries(limit: $n) { id } }";
        assert!(run(query, json!({})).is_empty());
        assert_eq!(run(query, json!({"n": 3})), ["limit: $n"]);
        let literal = "query ($n: Int) { recentEntries(limit: 3) { id } tags { id } }";
        assert_eq!(run(literal, json!({})), ["limit: 3"]);
    }
}
