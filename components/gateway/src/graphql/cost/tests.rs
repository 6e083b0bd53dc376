//! What requests cost. The examples are those of `docs/security.md`.

use super::prices::{Items, PRICES};
use super::*;
use crate::failure::Kind;
use crate::graphql::validity;
use async_graphql::Variables;
use async_graphql::parser::parse_query;
use async_graphql::registry::{MetaType, MetaTypeName, Registry};
use futures::executor::block_on;
use serde_json::json;

const DOCS: &str = include_str!("../../../../../docs/security.md");

fn types() -> &'static Registry {
    block_on(validity::types()).unwrap()
}

fn cost_with(query: &str, variables: serde_json::Value) -> Cost {
    let document = parse_query(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    let (_, operation) = document.operations.iter().next().unwrap();
    of(&document, &operation.node, &Variables::from_json(variables), types())
}

fn cost(query: &str) -> Cost {
    cost_with(query, json!({}))
}

fn points(query: &str) -> u64 {
    cost(query).points
}

#[test]
fn a_list_counts_as_often_as_it_has_items_by_argument_variable_or_default() {
    let one = points("{ recentEntries(limit: 1) { id title } }");
    let each = points("{ recentEntries(limit: 2) { id title } }") - one;
    assert_eq!(points("{ recentEntries { id title } }"), one + 9 * each);
    let query = "query ($n: Int = 3) { recentEntries(limit: $n) { id title } }";
    assert_eq!(points(query), one + 2 * each);
    assert_eq!(cost_with(query, json!({"n": 100})).points, one + 99 * each);
    assert_eq!(cost_with(query, json!({"n": null})).points, one + 9 * each);
    // What is out of bounds is the field's own error.
    for (wrong, items) in [(0, 1), (-5, 1), (101, 100), (i64::MAX, 100)] {
        assert_eq!(cost_with(query, json!({"n": wrong})).points, one + (items - 1) * each, "{wrong}");
    }
}

#[test]
fn a_page_counts_its_edges_and_not_its_other_fields() {
    let page = |first: u32, rest: &str| points(&format!("{{ journalEntries(first: {first}) {{ {rest} }} }}"));
    assert_eq!(page(100, "totalCount pageInfo { endCursor }") - page(100, "totalCount"), 2);
    let edges = |first| page(first, "edges { node { id } }");
    assert_eq!(edges(100) - edges(50), edges(50) - edges(1) + (edges(50) - edges(1)) / 49);
    let spread = "fragment F on JournalEntryConnection { ... { edges { node { id } } } }";
    assert_eq!(points(&format!("{{ journalEntries(first: 100) {{ ...F }} }} {spread}")), edges(100));
}

#[test]
fn changes_of_webhooks_are_counted_also_in_fragments() {
    let create = r#"createWebhook(url: "https://a.example", events: []) { id }"#;
    let query = format!(
        "mutation {{ a: {create} ...F createTag(name: \"a\") {{ id }} }} fragment F on Mutation {{ deleteWebhook(id: 1) }}"
    );
    assert_eq!(cost(&query).webhook_changes, 2);
    assert_eq!(cost("{ webhooks { id } }").webhook_changes, 0);
}

#[test]
fn what_is_named_twice_or_may_be_skipped_counts_each_time() {
    let once = points("{ tags { id } }");
    assert_eq!(points("{ a: tags { id } b: tags { id } }"), 2 * once);
    assert_eq!(points("{ tags { id } tags { id } }"), 2 * once);
    assert_eq!(points("{ tags @skip(if: true) { id } }"), once);
    let fragments = "{ ...A ...A ...B } fragment A on Query { ...B } fragment B on Query { tags { id } }";
    assert_eq!(points(fragments), 3 * once);
    assert_eq!(points("{ ...A } fragment A on Query { ...A tags { id } }"), once);
}

#[test]
fn entries_and_contents_are_counted_for_the_memory_that_they_take() {
    let cost = cost(
        "{ recentEntries(limit: 5) { content again: content } search(query: \"x\") { hits { entry { content } } } }",
    );
    assert_eq!((cost.entries, cost.contents), (25, 30));
    assert_eq!(self::cost("{ me { displayName } }").entries, 0);
    assert_eq!(self::cost("mutation { createTag(name: \"x\") { id } }").entries, 1);
    let small = self::cost("{ me { displayName } }").memory_bytes();
    assert!(small < 100_000, "{small}");
    assert_eq!(self::cost("{ recentEntries(limit: 10) { id } }").memory_bytes() >> 20, 3);
    let most = self::cost("{ journalEntries(first: 100) { edges { node { content } } } }").memory_bytes();
    assert_eq!(most, 26 << 20);
}

/// Of a list that is neither short by nature nor bounded by the price of its field.
fn is_list_of_objects(types: &Registry, kind: &str) -> bool {
    let named = MetaTypeName::concrete_typename(kind);
    kind.contains('[') && matches!(types.types.get(named), Some(MetaType::Object { .. }))
}

#[test]
fn every_root_and_every_list_of_the_schema_has_a_price_and_no_other_field() {
    let types = types();
    for (name, kind) in &types.types {
        let MetaType::Object { fields, .. } = kind else { continue };
        for (field, meta) in fields {
            let price = prices::of(name, field);
            let rooted = !["Query", "Mutation", "Subscription"].contains(&name.as_str()) || price.points >= 50;
            assert!(rooted, "{name}.{field} has no price");
            let listed = !is_list_of_objects(types, &meta.ty) || !matches!(price.items, Items::One);
            assert!(listed, "{name}.{field} is a list without a number of items");
        }
    }
    for price in PRICES {
        let kind = types.types.get(price.kind).unwrap_or_else(|| panic!("{}", price.kind));
        assert!(kind.field_by_name(price.field).is_some(), "{}.{}", price.kind, price.field);
    }
}

/// A row of the tables of examples: a request, what it costs, and what becomes of it.
struct Example {
    documents: Vec<String>,
    points: u64,
    becomes: &'static str,
    shown: &'static str,
}

/// `10 operations of mutation of 2 × `createTag…``, or a document.
fn documents(request: &str) -> Vec<String> {
    let (operations, rest) = match request.split_once(" operations of ") {
        Some((number, rest)) => (number.parse().unwrap(), rest),
        None => (1, request),
    };
    let (kind, rest) = rest.strip_prefix("mutation of ").map_or(("query", rest), |rest| ("mutation", rest));
    let (aliases, text) = match rest.split_once(" × ") {
        Some((number, text)) => (number.parse::<usize>().unwrap(), text.trim_matches('`')),
        None => return vec![rest.trim_matches('`').to_owned(); operations],
    };
    let fields: String = (0..aliases).map(|alias| format!("a{alias}: {text} ")).collect();
    vec![format!("{kind} {{ {fields} }}"); operations]
}

fn examples() -> Vec<Example> {
    let (_, section) = DOCS.split_once("\n## GraphQL cost\n").expect("the section");
    let section = section.split("\n## ").next().unwrap();
    let row = |line: &'static str| {
        let cells: Vec<&str> = line.trim().trim_matches('|').split(" | ").map(str::trim).collect();
        let [request, points, becomes] = cells.as_slice() else { return None };
        let points = points.replace(',', "").parse().ok()?;
        request.contains('{').then(|| Example { documents: documents(request), points, becomes, shown: line })
    };
    section.lines().filter(|line| line.starts_with("| ")).filter_map(row).collect()
}

#[test]
fn the_examples_of_the_documentation_cost_what_it_says_and_are_answered_as_it_says() {
    let examples = examples();
    for Example { documents, points, becomes, shown } in &examples {
        let cost = documents.iter().fold(Cost::default(), |sum, document| sum.and(cost(document)));
        assert_eq!(cost.points, *points, "{shown}");
        assert_eq!(cost.check().is_err(), *becomes == "refused", "{shown}");
    }
    let count = |wanted: &str| examples.iter().filter(|example| example.becomes == wanted).count();
    assert!(count("passes") >= 5 && count("refused") >= 5, "{} examples", examples.len());
}

#[test]
fn the_documentation_names_the_largest_cost_and_every_price() {
    let number = |number: u64| {
        let digits = number.to_string();
        if digits.len() > 3 {
            format!("{},{}", &digits[..digits.len() - 3], &digits[digits.len() - 3..])
        } else {
            digits
        }
    };
    assert!(DOCS.contains(&format!("at most **{} points**", number(POINTS_MAX))));
    let dear = PRICES.iter().filter(|price| price.points > 1 && !price.kind.starts_with("__"));
    for price in dear {
        let row = format!("| `{}.{}` | {} |", price.kind, price.field, number(price.points));
        assert!(DOCS.contains(&row), "docs/security.md lacks {row}");
    }
    assert!(DOCS.contains(&format!("| any mutation | {} |", number(prices::MUTATION))));
}

#[test]
fn the_failure_says_what_it_costs_and_what_is_allowed() {
    let failure = cost(&format!(
        "{{ {} }}",
        (0..8).map(|n| format!("s{n}: search(query: \"x\") {{ totalCount }} ")).collect::<String>()
    ))
    .check()
    .unwrap_err();
    assert_eq!(failure.kind, Kind::TooComplex);
    let excess = failure.excess.unwrap();
    assert!(excess.cost > POINTS_MAX && excess.allowed == POINTS_MAX && excess.unit == "points");
    assert!(failure.public_text().contains(&excess.cost.to_string()));
}
