//! The shape that the specification requires of a result (§6.4.4, §7.2.2): fields in the order of the query, and a
//! failed field is null, or nulls its parent where it may not be null.
//!
//! async-graphql 7.2 answers fields in the order in which they are resolved, and leaves failed ones out; typed clients
//! fail on both. This corrects its data, by the document and the schema's types.

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationType, Selection, SelectionSet};
use async_graphql::registry::{MetaTypeName, Registry};
use async_graphql::{Name, PathSegment, ServerError, Value};

/// What was asked: enough to know what the answer must look like.
pub struct Asked<'a> {
    document: &'a ExecutableDocument,
    operation_name: Option<&'a str>,
}

/// A value that may not be null is.
struct Nulled;

type Object = IndexMap<Name, Value>;
type Keys<'a> = IndexMap<&'a str, Key<'a>>;

/// The selections of one response key.
struct Key<'a> {
    /// On which the fragment is that asks first; none outside fragments.
    kind: Option<&'a str>,
    /// The field's name.
    field: &'a str,
    /// What is asked of it, from every place that asks.
    asked: Vec<&'a SelectionSet>,
}

impl<'a> Asked<'a> {
    pub fn new(document: &'a ExecutableDocument, operation_name: Option<&'a str>) -> Self {
        Self { document, operation_name }
    }

    /// The engine's data in the right shape.
    pub fn shape(&self, registry: &Registry, data: Value, errors: &[ServerError]) -> Value {
        let operation = match (&self.document.operations, self.operation_name) {
            (DocumentOperations::Single(operation), _) => Some(operation),
            (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
            (DocumentOperations::Multiple(operations), None) => operations.values().next(),
        };
        let Some(operation) = operation else { return data };
        if errors.is_empty() && is_in_shape(&operation.node.selection_set.node, &data) {
            return data;
        }
        let root = match operation.node.ty {
            OperationType::Query => Some(&registry.query_type),
            OperationType::Mutation => registry.mutation_type.as_ref(),
            OperationType::Subscription => registry.subscription_type.as_ref(),
        };
        let Some(root) = root else { return data };
        let mut shaping = Shaping { document: self.document, registry, errors, depth: 0, path: Vec::new() };
        shaping.nullable(root, &[&operation.node.selection_set.node], data)
    }
}

/// Whether a result without errors has its fields in the order of the query, as most have. False also where that is
/// not to be seen by comparing names one after another: fragments, fields asked for twice, objects that are null.
fn is_in_shape(asked: &SelectionSet, value: &Value) -> bool {
    match value {
        Value::List(items) => items.iter().all(|item| is_in_shape(asked, item)),
        Value::Object(object) => {
            let mut given = object.iter().peekable();
            for selection in &asked.items {
                let Selection::Field(field) = &selection.node else { return false };
                let inner = &field.node.selection_set.node;
                // One that is not there was skipped by a directive, or comes later and then is left over.
                if let Some((_, value)) = given.next_if(|(name, _)| **name == field.node.response_key().node)
                    && !(inner.items.is_empty() || is_in_shape(inner, value))
                {
                    return false;
                }
            }
            given.next().is_none()
        }
        _ => false,
    }
}

struct Shaping<'a> {
    document: &'a ExecutableDocument,
    registry: &'a Registry,
    errors: &'a [ServerError],
    depth: usize,
    /// Where it is; kept only when there are errors to compare it with.
    path: Vec<PathSegment>,
}

impl<'a> Shaping<'a> {
    fn enter(&mut self, segment: impl FnOnce() -> PathSegment) {
        self.depth += 1;
        if !self.errors.is_empty() {
            self.path.push(segment());
        }
    }

    fn leave(&mut self) {
        self.depth -= 1;
        self.path.pop();
    }

    fn failed_here_or_below(&self) -> bool {
        self.errors.iter().any(|error| error.path.starts_with(&self.path))
    }

    fn failed_below(&self) -> bool {
        self.errors.iter().any(|error| error.path.len() > self.path.len() && error.path.starts_with(&self.path))
    }

    fn value(&mut self, kind: &str, asked: &[&'a SelectionSet], value: Value) -> Result<Value, Nulled> {
        let MetaTypeName::NonNull(inner) = MetaTypeName::create(kind) else {
            return Ok(self.nullable(kind, asked, value));
        };
        match self.nullable(inner, asked, value) {
            Value::Null => Err(Nulled),
            value => Ok(value),
        }
    }

    fn nullable(&mut self, kind: &str, asked: &[&'a SelectionSet], value: Value) -> Value {
        match (MetaTypeName::create(kind), value) {
            (MetaTypeName::List(item), Value::List(items)) => self.list(item, asked, items),
            (MetaTypeName::Named(name), Value::Object(object)) if !asked.is_empty() => self.object(name, asked, object),
            // The engine says null for an object of which nothing is left. Below the root that may be a real null.
            (MetaTypeName::Named(name), Value::Null) if self.depth == 0 || self.failed_below() => {
                self.object(name, asked, Object::new())
            }
            (_, value) => value,
        }
    }

    fn list(&mut self, item: &str, asked: &[&'a SelectionSet], items: Vec<Value>) -> Value {
        let mut shaped = Vec::with_capacity(items.len());
        for (index, value) in items.into_iter().enumerate() {
            self.enter(|| PathSegment::Index(index));
            let value = self.value(item, asked, value);
            self.leave();
            match value {
                Ok(value) => shaped.push(value),
                Err(Nulled) => return Value::Null,
            }
        }
        Value::List(shaped)
    }

    fn object(&mut self, type_name: &str, asked: &[&'a SelectionSet], mut object: Object) -> Value {
        let mut keys = Keys::new();
        for selections in asked {
            self.collect(None, selections, &mut keys);
        }
        let mut shaped = Object::with_capacity(object.len());
        for (key, Key { kind, field, asked }) in keys {
            let given = object.swap_remove(key);
            self.enter(|| PathSegment::Field(key.to_owned()));
            // One that is not there and did not fail was skipped by a directive, or is of another type than the object.
            let value = match given {
                None if !self.failed_here_or_below() => None,
                given => Some(self.field(kind.unwrap_or(type_name), field, &asked, given.unwrap_or(Value::Null))),
            };
            self.leave();
            match value {
                None => {}
                Some(Ok(value)) => {
                    shaped.insert(Name::new(key), value);
                }
                Some(Err(Nulled)) => return Value::Null,
            }
        }
        Value::Object(shaped)
    }

    fn field(
        &mut self,
        type_name: &str,
        field: &str,
        asked: &[&'a SelectionSet],
        value: Value,
    ) -> Result<Value, Nulled> {
        let registry = self.registry;
        let kind =
            registry.types.get(type_name).and_then(|kind| kind.field_by_name(field)).map(|field| field.ty.as_str());
        match kind {
            Some(kind) => self.value(kind, asked, value),
            // `__typename`
            None => Ok(value),
        }
    }

    /// The fields in their order, of all fragments: which of them apply to an object of an interface is seen by what the engine
    /// has answered. `kind` is what the fragment is on.
    fn collect(&self, kind: Option<&'a str>, selections: &'a SelectionSet, keys: &mut Keys<'a>) {
        for selection in &selections.items {
            match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    let first = || Key { kind, field: field.name.node.as_str(), asked: Vec::new() };
                    let key = keys.entry(field.response_key().node.as_str()).or_insert_with(first);
                    if !field.selection_set.node.items.is_empty() {
                        key.asked.push(&field.selection_set.node);
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                    self.collect(on.or(kind), &fragment.node.selection_set.node, keys);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) {
                        let on = fragment.node.type_condition.node.on.node.as_str();
                        self.collect(Some(on), &fragment.node.selection_set.node, keys);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
    use async_graphql::parser::parse_query;
    use async_graphql::{EmptyMutation, EmptySubscription, Object, Response, Schema, SimpleObject};
    use futures::executor::block_on;
    use serde_json::{Value as Json, json};
    use std::sync::Arc;

    struct Root;
    #[derive(SimpleObject)]
    #[graphql(complex)]
    struct Leaf {
        #[graphql(owned)]
        name: String,
    }
    #[derive(SimpleObject)]
    struct Stone {
        #[graphql(owned)]
        name: String,
        weight: i32,
    }
    #[derive(async_graphql::Interface)]
    #[graphql(field(name = "name", ty = "String"))]
    enum Thing {
        Leaf(Leaf),
        Stone(Stone),
    }
    #[async_graphql::ComplexObject]
    impl Leaf {
        async fn must(&self) -> async_graphql::Result<i32> {
            if self.name == "b" { Err("broken".into()) } else { Ok(1) }
        }
        async fn may(&self) -> async_graphql::Result<Option<i32>> {
            Err("broken".into())
        }
    }
    #[Object]
    impl Root {
        async fn slow(&self) -> i32 {
            let mut turns = 3;
            futures::future::poll_fn(|cx| {
                turns -= 1;
                cx.waker().wake_by_ref();
                if turns == 0 { std::task::Poll::Ready(1) } else { std::task::Poll::Pending }
            })
            .await
        }
        async fn quick(&self) -> i32 {
            2
        }
        async fn leaf(&self, name: String) -> Option<Leaf> {
            Some(Leaf { name })
        }
        async fn leaves(&self) -> Option<Vec<Leaf>> {
            Some(vec![Leaf { name: "a".into() }, Leaf { name: "b".into() }])
        }
        async fn must_leaf(&self) -> Leaf {
            Leaf { name: "b".into() }
        }
        async fn thing(&self, name: String) -> Option<Thing> {
            match name.as_str() {
                "stone" => Some(Thing::Stone(Stone { name, weight: 2 })),
                _ => Some(Thing::Leaf(Leaf { name })),
            }
        }
        async fn none(&self) -> Option<Leaf> {
            None
        }
    }

    /// Shapes where the engine shows the schema's types.
    struct Shaper;

    impl ExtensionFactory for Shaper {
        fn create(&self) -> Arc<dyn Extension> {
            Arc::new(Self)
        }
    }

    #[async_graphql::async_trait::async_trait]
    impl Extension for Shaper {
        async fn execute(&self, ctx: &ExtensionContext<'_>, name: Option<&str>, next: NextExecute<'_>) -> Response {
            let mut response = next.run(ctx, name).await;
            let document = parse_query(ctx.data_unchecked::<String>()).unwrap();
            let asked = Asked::new(&document, None);
            response.data = asked.shape(&ctx.schema_env.registry, response.data, &response.errors);
            response
        }
    }

    /// Through the engine and the shaping, as a request goes.
    fn text(query: &str) -> String {
        let schema = Schema::build(Root, EmptyMutation, EmptySubscription).extension(Shaper).finish();
        let request = async_graphql::Request::new(query).data(query.to_owned());
        serde_json::to_string(&block_on(schema.execute(request)).data).unwrap()
    }

    fn asked(query: &str) -> Json {
        serde_json::from_str(&text(query)).unwrap()
    }

    #[test]
    fn fields_come_in_the_order_in_which_they_were_asked_for() {
        assert_eq!(text("{ slow quick x: slow }"), r#"{"slow":1,"quick":2,"x":1}"#);
        assert_eq!(text("{ slow ...F } fragment F on Root { quick slow }"), r#"{"slow":1,"quick":2}"#);
        assert_eq!(
            text("{ quick @skip(if: true) leaves { name } slow }"),
            r#"{"leaves":[{"name":"a"},{"name":"b"}],"slow":1}"#
        );
    }

    #[test]
    fn a_failed_field_that_may_be_null_is_null() {
        assert_eq!(asked(r#"{ leaf(name: "a") { name may } }"#), json!({"leaf": {"name": "a", "may": null}}));
        assert_eq!(asked(r#"{ leaf(name: "a") { may } }"#), json!({"leaf": {"may": null}}));
    }

    #[test]
    fn one_that_may_not_be_null_takes_its_parent_along() {
        assert_eq!(asked(r#"{ quick leaf(name: "b") { name must } }"#), json!({"quick": 2, "leaf": null}));
        assert_eq!(asked("{ quick leaves { name must } }"), json!({"quick": 2, "leaves": null}));
        assert_eq!(asked("{ quick mustLeaf { must } }"), Json::Null);
    }

    #[test]
    fn of_an_interface_the_fragments_on_the_objects_own_type_apply() {
        let thing = |name: &str| {
            asked(&format!(
                "{{ thing(name: {name:?}) {{ ... on Stone {{ weight }} ... on Leaf {{ must may }} name ...N }} }} fragment N on Thing {{ again: name }}"
            ))["thing"]
                .clone()
        };
        assert_eq!(thing("stone"), json!({"weight": 2, "name": "stone", "again": "stone"}));
        assert_eq!(thing("a"), json!({"must": 1, "may": null, "name": "a", "again": "a"}));
        assert_eq!(thing("b"), Json::Null);
    }

    #[test]
    fn what_was_skipped_or_is_null_stays_so() {
        assert_eq!(asked("{ quick @skip(if: true) slow none { name } }"), json!({"slow": 1, "none": null}));
        assert_eq!(asked("{ quick @skip(if: true) }"), json!({}));
        assert_eq!(asked("{ __typename quick }"), json!({"__typename": "Root", "quick": 2}));
    }
}
