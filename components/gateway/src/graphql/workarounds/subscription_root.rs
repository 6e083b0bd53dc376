//! The one field of a subscription, which may come through fragments (§5.2.3.1 of the specification). async-graphql 7.2 looks for it
//! outside of them alone, and a subscription without one would end with nothing. This collects it for the document that is run.

use crate::failure::{Failure, Kind};
use crate::graphql::errors::QUERY;
use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Value, Variables};
use mindflow_guest::rules::Rule;

/// The selection to run in place of the operation's; none where that has its field outside of fragments.
///
/// # Errors
/// It has another number of fields than one. Its nesting has been checked.
pub fn collected(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
) -> Result<Option<SelectionSet>, Failure> {
    let selections = &operation.selection_set.node;
    if matches!(selections.items.as_slice(), [only] if matches!(only.node, Selection::Field(_))) {
        return Ok(None);
    }
    let mut collecting = Collecting { document, operation, variables, seen: Vec::new(), fields: Vec::new() };
    collecting.collect(selections);
    match <[Positioned<Field>; 1]>::try_from(collecting.fields) {
        Ok([field]) => {
            let pos = field.pos;
            Ok(Some(SelectionSet { items: vec![Positioned::new(Selection::Field(field), pos)] }))
        }
        Err(fields) => {
            let text = format!("A subscription has one field; this one has {}.", fields.len());
            Err(Failure::broken(Kind::Malformed, QUERY, Rule::Schema, text))
        }
    }
}

/// Puts the selection in the place of the operation's.
pub fn replace(document: &mut ExecutableDocument, operation_name: Option<&str>, selections: SelectionSet) {
    let operation = match (&mut document.operations, operation_name) {
        (DocumentOperations::Single(operation), _) => Some(operation),
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get_mut(name),
        (DocumentOperations::Multiple(operations), None) => operations.values_mut().next(),
    };
    if let Some(operation) = operation {
        operation.node.selection_set.node = selections;
    }
}

/// As the specification collects fields (§6.3.2).
struct Collecting<'a> {
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    /// Fragments, of which each counts once.
    seen: Vec<&'a str>,
    /// One for each response key.
    fields: Vec<Positioned<Field>>,
}

impl<'a> Collecting<'a> {
    fn collect(&mut self, selections: &'a SelectionSet) {
        for selection in &selections.items {
            if self.skips(selection.node.directives()) {
                continue;
            }
            match &selection.node {
                Selection::Field(field) => self.add(field),
                Selection::InlineFragment(fragment) => self.collect(&fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    if self.seen.contains(&name) {
                        continue;
                    }
                    self.seen.push(name);
                    if let Some(fragment) = self.document.fragments.get(name) {
                        self.collect(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }

    /// What is asked of one key in several places is one field, with all that is asked of it.
    fn add(&mut self, field: &Positioned<Field>) {
        let key = &field.node.response_key().node;
        match self.fields.iter_mut().find(|known| known.node.response_key().node == *key) {
            Some(known) => {
                let more = field.node.selection_set.node.items.iter().cloned();
                known.node.selection_set.node.items.extend(more);
            }
            None => self.fields.push(field.clone()),
        }
    }

    fn skips(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().any(|directive| {
            let skipped_when = match directive.node.name.node.as_str() {
                "skip" => true,
                "include" => false,
                _ => return false,
            };
            let given = directive.node.get_argument("if").cloned();
            let given = given.and_then(|given| given.node.into_const_with(|name| self.variable(&name).ok_or(())).ok());
            given == Some(Value::Boolean(skipped_when))
        })
    }

    fn variable(&self, name: &Name) -> Option<Value> {
        let mut definitions = self.operation.variable_definitions.iter();
        let default = || {
            let definition = definitions.find(|definition| definition.node.name.node == *name)?;
            definition.node.default_value.as_ref().map(|value| &value.node)
        };
        self.variables.get(name).or_else(default).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;
    use serde_json::json;

    /// The names in the field that is run, or how many fields there are.
    fn run(query: &str) -> Result<Vec<String>, String> {
        let mut document = parse_query(query).unwrap();
        let variables = Variables::from_json(json!({"yes": true}));
        let found = {
            let operation = &document.operations.iter().next().unwrap().1.node;
            collected(&document, operation, &variables).map_err(|failure| failure.public_text().to_owned())?
        };
        if let Some(selections) = found {
            replace(&mut document, None, selections);
        }
        let operation = &document.operations.iter().next().unwrap().1.node;
        let [root] = operation.selection_set.node.items.as_slice() else { panic!("one field") };
        let Selection::Field(root) = &root.node else { panic!("a field") };
        let name = |selection: &Positioned<Selection>| match &selection.node {
            Selection::Field(field) => field.node.name.node.to_string(),
            _ => "...".to_owned(),
        };
        let below = root.node.selection_set.node.items.iter().map(name);
        Ok(std::iter::once(root.node.name.node.to_string()).chain(below).collect())
    }

    #[test]
    fn a_field_is_found_in_fragments_and_what_is_in_it_stays() {
        for query in [
            "subscription { entryChanged { kind } }",
            "subscription { ... on Subscription { entryChanged { kind } } }",
            "subscription { ...A } fragment A on Subscription { ...B } fragment B on Subscription { entryChanged { kind } }",
            "subscription ($yes: Boolean!) { ... @include(if: $yes) { entryChanged { kind } } ... @skip(if: $yes) { entryAnalyzed { id } } }",
            "subscription ($no: Boolean = false) { entryChanged { kind } entryAnalyzed @include(if: $no) { id } }",
        ] {
            assert_eq!(run(query), Ok(vec!["entryChanged".into(), "kind".into()]), "{query}");
        }
        let kept = "subscription { ...A } fragment A on Subscription { entryChanged { ...C } } fragment C on EntryChange { kind }";
        assert_eq!(run(kept), Ok(vec!["entryChanged".into(), "...".into()]));
    }

    #[test]
    fn what_several_places_ask_of_the_field_is_one_field() {
        let query =
            "subscription { ...A entryChanged { entryId } ...A } fragment A on Subscription { entryChanged { kind } }";
        assert_eq!(run(query), Ok(vec!["entryChanged".into(), "kind".into(), "entryId".into()]));
    }

    #[test]
    fn two_fields_and_none_are_refused_and_a_cycle_ends() {
        for (query, count) in [
            ("subscription { entryChanged { kind } ...A } fragment A on Subscription { entryAnalyzed { id } }", 2),
            ("subscription { a: entryChanged { kind } b: entryChanged { kind } }", 2),
            ("subscription { ...A } fragment A on Subscription { ...A }", 0),
            ("subscription { entryChanged @skip(if: true) { kind } ...A } fragment A on Subscription { ...A }", 0),
        ] {
            assert_eq!(run(query), Err(format!("A subscription has one field; this one has {count}.")), "{query}");
        }
    }
}
