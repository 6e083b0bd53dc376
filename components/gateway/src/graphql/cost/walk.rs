//! The cost of an operation: the prices of its fields, each as often as the lists around it have items. What a directive may
//! skip counts too.

use super::Cost;
use super::prices::{self, Items, Size};
use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::registry::{MetaTypeName, Registry};
use async_graphql::{Name, Value, Variables};
use std::collections::HashMap;
use std::convert::Infallible;

/// The operation's. Its depth and its fragments have been checked ([`crate::graphql::limits`]).
pub fn of<'a>(
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    types: &'a Registry,
) -> Cost {
    let root = match operation.ty {
        OperationType::Query => Some(types.query_type.as_str()),
        OperationType::Mutation => types.mutation_type.as_deref(),
        OperationType::Subscription => types.subscription_type.as_deref(),
    };
    let mut walk = Walk { document, operation, variables, types, fragments: HashMap::new() };
    root.map_or_else(Cost::default, |root| walk.selections(root, &operation.selection_set.node, 1))
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    types: &'a Registry,
    /// Reckoned ones, for a number of the page's items; one that is being reckoned stands at nothing, so that a cycle ends.
    fragments: HashMap<(&'a str, u64), Cost>,
}

impl<'a> Walk<'a> {
    /// `page` is how many items the `edges` have that are selected here.
    fn selections(&mut self, kind: &'a str, selections: &'a SelectionSet, page: u64) -> Cost {
        selections.items.iter().fold(Cost::default(), |sum, selection| {
            sum.and(match &selection.node {
                Selection::Field(field) => self.field(kind, &field.node, page),
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map_or(kind, |on| on.node.on.node.as_str());
                    self.selections(on, &fragment.node.selection_set.node, page)
                }
                Selection::FragmentSpread(spread) => self.fragment(spread.node.fragment_name.node.as_str(), page),
            })
        })
    }

    fn fragment(&mut self, name: &'a str, page: u64) -> Cost {
        if let Some(cost) = self.fragments.get(&(name, page)) {
            return *cost;
        }
        let Some(fragment) = self.document.fragments.get(name) else { return Cost::default() };
        self.fragments.insert((name, page), Cost::default());
        let kind = fragment.node.type_condition.node.on.node.as_str();
        let cost = self.selections(kind, &fragment.node.selection_set.node, page);
        self.fragments.insert((name, page), cost);
        cost
    }

    fn field(&mut self, kind: &str, field: &'a Field, page: u64) -> Cost {
        let name = field.name.node.as_str();
        let types = self.types;
        let price = prices::of(kind, name);
        // Items by which prices count, the most there can be, and those of a page below.
        let (items, most, below) = match price.items {
            Items::One => (1, 1, 1),
            Items::Usual { usual, most } => (usual, most, 1),
            Items::OfPage => (page, page, 1),
            Items::Asked(size) => {
                let items = self.size(field, size);
                (items, items, 1)
            }
            Items::Page(size) => (1, 1, self.size(field, size)),
        };
        let inner = types
            .types
            .get(kind)
            .and_then(|kind| kind.field_by_name(name))
            .map(|known| MetaTypeName::concrete_typename(&known.ty))
            .map_or_else(Cost::default, |kind| self.selections(kind, &field.selection_set.node, below));
        let dearer = price.with.filter(|(argument, _)| field.get_argument(argument).is_some());
        let item = match price.items {
            // Each of the page's items.
            Items::Page(_) => price.item.saturating_mul(below),
            _ => price.item.saturating_add(inner.points).saturating_mul(items),
        };
        let selected = if matches!(price.items, Items::Page(_)) { inner.points } else { 0 };
        Cost {
            points: price
                .points
                .saturating_add(dearer.map_or(0, |(_, points)| points))
                .saturating_add(item)
                .saturating_add(selected),
            entries: if price.reads_entries { most.max(below) } else { 0 }.saturating_add(inner.entries),
            contents: inner.contents.saturating_mul(most).saturating_add(u64::from(name == "content")),
            webhook_changes: u64::from(kind == "Mutation" && prices::changes_webhooks(name)),
            written_bytes: 0,
        }
    }

    /// What the argument says, or a variable, or the schema's default. One that is out of bounds counts as the nearest that is
    /// not, so that the client gets the error about the size instead of one about the cost.
    fn size(&self, field: &Field, size: Size) -> u64 {
        let argument = field.get_argument(size.argument).map(|argument| argument.node.clone());
        let asked = argument.and_then(|argument| argument.into_const_with(|name| self.variable(&name)).ok());
        let asked = match asked {
            Some(Value::Number(number)) => Some(number.as_i64().unwrap_or(i64::MAX)),
            _ => None,
        };
        let asked = asked.map_or(size.default, |asked| u64::try_from(asked).unwrap_or(1));
        asked.clamp(1, size.most).saturating_mul(size.times)
    }

    /// Its value, or its default.
    fn variable(&self, name: &Name) -> Result<Value, Infallible> {
        let mut definitions = self.operation.variable_definitions.iter();
        let default = || {
            let definition = definitions.find(|definition| definition.node.name.node == *name)?;
            definition.node.default_value.as_ref().map(|value| &value.node)
        };
        Ok(self.variables.get(name).or_else(default).cloned().unwrap_or_default())
    }
}
