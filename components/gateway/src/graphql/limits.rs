//! Bounds on the shape of one operation, most of them checked before the engine sees the document. What it may
//! cost is in [`super::cost`].
//!
//! Depth and size are measured here, fragment by fragment, so that a document of fragments that name each other
//! twice (two to the power of n fields) costs nothing to refuse. The engine's own depth counts the `ofType` chain
//! of every introspection query, which can do no harm; what can is nesting introspection's lists, as graphql-js
//! found (its rule MaxIntrospectionDepth).

use crate::failure::{Failure, Kind};
use crate::graphql::workarounds::surrogate_pairs;
use async_graphql::Variables;
use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, Selection, SelectionSet};
use mindflow_guest::rules::Rule;
use serde_json::{Map, Value as Json};
use std::collections::HashMap;

const DEPTH_MAX: u32 = 12;
/// Nested brackets in the text: the engine's parser accepts no deeper selections. It finds that out only after a
/// recursive pass of its grammar, for which a sandbox's stack is too small.
const NESTING_MAX: u32 = 64;
/// Words and marks of the text, of which each takes up to 400 bytes when it is parsed. Apollo's router and graphql-java stop
/// at 15,000; the largest document that the other limits let through has fewer than this.
const TOKENS_MAX: u32 = 10_000;
/// Fields, each as often as its fragment is spread.
const FIELDS_MAX: u32 = 1_000;
/// Selections within selections, with those of fragments: each is a step of a recursion, in a stack of a megabyte.
const SELECTIONS_DEEP_MAX: u32 = 256;
/// Values in the variables and extensions. The longest list of an input has 20.
const VALUES_MAX: usize = 2_000;
/// A fragment that names the next, and so on, is walked as deep as there are fragments. Large applications send dozens.
const FRAGMENTS_MAX: usize = 200;
/// No field of the schema takes more than `@skip` and `@include`.
pub const DIRECTIVES_MAX: usize = 4;
/// As in graphql-js.
const INTROSPECTION_LISTS_MAX: u32 = 2;
const INTROSPECTION_LISTS: [&str; 4] = ["fields", "interfaces", "possibleTypes", "inputFields"];

/// Of one selection set with everything in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Measure {
    depth: u32,
    fields: u32,
    introspection_lists: u32,
}

impl Measure {
    fn add(&mut self, other: Self) {
        self.depth = self.depth.max(other.depth);
        self.fields = self.fields.saturating_add(other.fields);
        self.introspection_lists = self.introspection_lists.max(other.introspection_lists);
    }
}

/// How many tokens the text has.
///
/// # Errors
/// `TooComplex` for a text that is nested too deeply to be parsed, or has too many tokens.
pub fn check_text(query: &str) -> Result<u32, Failure> {
    let (mut depth, mut tokens) = (0_u32, 0_u32);
    let mut rest = query;
    while !rest.is_empty() {
        let (part, after) = rest.split_at_checked(surrogate_pairs::part_bytes(rest)).unwrap_or((rest, ""));
        rest = after;
        if part.starts_with('#') {
            continue;
        }
        if part.starts_with('"') {
            tokens += 1;
        } else {
            let mut within = false;
            for byte in part.bytes() {
                match byte {
                    b'{' | b'(' | b'[' => depth += 1,
                    b'}' | b')' | b']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if depth > NESTING_MAX {
                    return Err(too_complex(format!("The query nests more than {NESTING_MAX} brackets.")));
                }
                let word =
                    matches!(byte, b'_' | b'.' | b'+' | b'-') || byte.is_ascii_alphanumeric() || !byte.is_ascii();
                let mark = !word && !byte.is_ascii_whitespace() && byte != b',';
                tokens += u32::from(mark || (word && !within));
                within = word;
            }
        }
        if tokens > TOKENS_MAX {
            return Err(too_complex(format!("The query has more than {TOKENS_MAX} words and marks.")));
        }
    }
    Ok(tokens)
}

/// # Errors
/// `TooComplex` for more values than any operation has.
pub fn check_values<'a>(objects: impl IntoIterator<Item = &'a Map<String, Json>>) -> Result<(), Failure> {
    let values: usize = objects.into_iter().flat_map(Map::values).map(count).sum();
    if values <= VALUES_MAX {
        return Ok(());
    }
    Err(too_complex(format!("The variables have {values} values; at most {VALUES_MAX} are allowed.")))
}

/// The recursion is bounded by the parser of JSON.
fn count(value: &Json) -> usize {
    match value {
        Json::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Json::Object(fields) => 1 + fields.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

/// # Errors
/// `TooComplex` for an operation that is too deep or has too many fields.
pub fn check(document: &ExecutableDocument, operation: &OperationDefinition) -> Result<(), Failure> {
    if document.fragments.len() > FRAGMENTS_MAX {
        return Err(too_complex(format!("The query has more than {FRAGMENTS_MAX} fragments.")));
    }
    let mut walk = Walk { document, fragments: HashMap::new(), deep: 0, too_deep: false };
    let measure = walk.selections(&operation.selection_set.node);
    if walk.too_deep {
        return Err(too_complex(format!(
            "The query nests more than {SELECTIONS_DEEP_MAX} selections, with those of its fragments."
        )));
    }
    if measure.depth > DEPTH_MAX {
        return Err(too_complex(format!(
            "The query is {} levels deep; at most {DEPTH_MAX} are allowed.",
            measure.depth
        )));
    }
    if measure.fields > FIELDS_MAX {
        return Err(too_complex(format!(
            "The query has {} fields, with those of its fragments; at most {FIELDS_MAX} are allowed.",
            measure.fields
        )));
    }
    if measure.introspection_lists > INTROSPECTION_LISTS_MAX {
        return Err(too_complex("The query nests the schema's own lists too deeply.".to_owned()));
    }
    Ok(())
}

fn too_complex(text: String) -> Failure {
    Failure::new(Kind::TooComplex, text)
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    /// Measured ones; one that is being measured stands at nothing, so that a cycle ends (validation refuses it later).
    fragments: HashMap<&'a str, Measure>,
    deep: u32,
    too_deep: bool,
}

impl<'a> Walk<'a> {
    fn selections(&mut self, selections: &'a SelectionSet) -> Measure {
        let mut sum = Measure::default();
        if self.deep == SELECTIONS_DEEP_MAX {
            self.too_deep = true;
            return sum;
        }
        self.deep += 1;
        for selection in &selections.items {
            let one = match &selection.node {
                Selection::Field(field) => {
                    let name = field.node.name.node.as_str();
                    let mut inner = self.selections(&field.node.selection_set.node);
                    inner.depth += u32::from(name != "ofType");
                    inner.fields = inner.fields.saturating_add(1);
                    inner.introspection_lists += u32::from(INTROSPECTION_LISTS.contains(&name));
                    inner
                }
                Selection::InlineFragment(fragment) => self.selections(&fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => self.fragment(spread.node.fragment_name.node.as_str()),
            };
            sum.add(one);
        }
        self.deep -= 1;
        sum
    }

    fn fragment(&mut self, name: &'a str) -> Measure {
        if let Some(measure) = self.fragments.get(name) {
            return *measure;
        }
        let Some(fragment) = self.document.fragments.get(name) else { return Measure::default() };
        self.fragments.insert(name, Measure::default());
        let measure = self.selections(&fragment.node.selection_set.node);
        self.fragments.insert(name, measure);
        measure
    }
}

/// A variable that must have a value and has none: a request error by the GraphQL specification (§6.1.2), which
/// the engine would only find where the variable is used.
pub fn missing_variable(operation: &OperationDefinition, variables: &Variables) -> Option<Failure> {
    let missing = operation.variable_definitions.iter().find(|definition| {
        let definition = &definition.node;
        let given = variables.get(&definition.name.node);
        !definition.var_type.node.nullable
            && definition.default_value.is_none()
            && given.is_none_or(|value| *value == async_graphql::Value::Null)
    })?;
    let (name, kind) = (&missing.node.name.node, &missing.node.var_type.node);
    let text = format!("The variable ${name} of the type {kind} needs a value.");
    Some(Failure::broken(Kind::Malformed, name.as_str(), Rule::Required, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;

    fn checked(query: &str) -> Result<(), Failure> {
        let document = parse_query(query).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        check(&document, &operation.node)
    }

    fn nested(levels: usize) -> String {
        format!("{{ {} x {} }}", "a {".repeat(levels - 1), "}".repeat(levels - 1))
    }

    #[test]
    fn twelve_levels_are_allowed_and_thirteen_are_not() {
        assert!(checked(&nested(12)).is_ok());
        assert_eq!(checked(&nested(13)).unwrap_err().kind, Kind::TooComplex);
    }

    #[test]
    fn a_text_nested_beyond_all_sense_is_refused_before_it_is_parsed() {
        for nested in ["{a".repeat(65), format!("{{ a(x: {}", "[".repeat(64)), "([{".repeat(30)] {
            assert_eq!(check_text(&nested).unwrap_err().kind, Kind::TooComplex, "{nested}");
        }
        assert!(check_text(&format!("{}{}", "{".repeat(64), "}".repeat(64))).is_ok());
        assert!(check_text(&"{ a(x: [1]) }".repeat(100)).is_ok());
    }

    #[test]
    fn brackets_in_strings_and_comments_are_no_nesting() {
        let many = "[".repeat(100);
        for harmless in [
            format!(r#"{{ a(x: "{many}") }}"#),
            format!(r#"{{ a(x: "\"{many}") }}"#),
            format!(r#"{{ a(x: """ "{many}" \""" {many} """) }}"#),
            format!("# {many}\n{{ a }}"),
            format!("{{ a }} # {many}"),
            format!(r#"{{ a(x: "{many}"#),
            r#"{ a(x: "ü\"#.to_owned(),
        ] {
            assert!(check_text(&harmless).is_ok(), "{harmless}");
        }
        for hidden in [
            format!("# c\n{many}"),
            format!("# c\r{many}"),
            format!(r#"{{ a(x: "", y: {many}"#),
            format!(r#"{{ a(x: "\\" y: {many}"#),
        ] {
            assert!(check_text(&hidden).is_err(), "{hidden}");
        }
    }

    #[test]
    fn levels_hidden_in_fragments_count() {
        let query = format!("{{ a {{ ...F }} }} fragment F on T {}", nested(12));
        assert!(checked(&query).is_err());
    }

    #[test]
    fn doubling_fragments_are_refused_and_cycles_end() {
        let mut query = "{ ...F0 }".to_owned();
        for index in 0..60 {
            query += &format!(" fragment F{index} on Query {{ ...F{next} ...F{next} }}", next = index + 1);
        }
        query += " fragment F60 on Query { a }";
        assert_eq!(checked(&query).unwrap_err().kind, Kind::TooComplex);
        assert!(checked("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A x }").is_ok());
    }

    #[test]
    fn a_chain_of_fragments_is_as_long_as_a_stack_can_take() {
        let chain = |length: usize| {
            let links = (0..length).map(|n| format!(" fragment F{n} on Query {{ ...F{} }}", n + 1));
            format!("{{ ...F0 }}{}", links.collect::<String>())
        };
        assert!(checked(&chain(200)).is_ok());
        assert_eq!(checked(&chain(201)).unwrap_err().kind, Kind::TooComplex);
    }

    #[test]
    fn fragments_full_of_nested_selections_are_refused_before_they_overflow_the_stack() {
        let (open, close) = ("...{".repeat(60), "}".repeat(60));
        let links = (0..20).map(|n| format!(" fragment F{n} on Query {{ {open} ...F{} {close} }}", n + 1));
        let query = format!("{{ ...F0 }}{} fragment F20 on Query {{ a }}", links.collect::<String>());
        assert_eq!(checked(&query).unwrap_err().kind, Kind::TooComplex);
    }

    #[test]
    fn a_text_of_many_words_is_refused_before_it_is_parsed() {
        assert_eq!(check_text("{ a b(c: \"d e f\", g: [1, -2.5]) ...H } # i j"), Ok(16));
        assert_eq!(check_text(&format!("{{ {} }}", "a ".repeat(100_000))).unwrap_err().kind, Kind::TooComplex);
        assert_eq!(
            check_text(&format!("{{ a(x: [{}]) }}", "\"\",".repeat(20_000))).unwrap_err().kind,
            Kind::TooComplex
        );
        assert!(check_text(&format!("{{ a(x: \"{}\") }}", "word ".repeat(20_000))).is_ok());
    }

    #[test]
    fn variables_have_at_most_two_thousand_values() {
        let of = |value: serde_json::Value| value.as_object().cloned().unwrap();
        let input = of(serde_json::json!({"input": {"tags": vec!["a"; 1_990], "content": "x".repeat(100_000)}}));
        assert!(check_values([&input]).is_ok());
        assert_eq!(check_values([&input, &input]).unwrap_err().kind, Kind::TooComplex);
        assert!(check_values([&of(serde_json::json!({"x": [[vec![0; 2_000]]]}))]).is_err());
    }

    #[test]
    fn more_fields_than_a_client_shows_are_refused() {
        let fields: String = (0..1_001).map(|index| format!("a{index}: b ")).collect();
        assert!(checked(&format!("{{ {fields} }}")).is_err());
    }

    #[test]
    fn the_introspection_of_tools_passes_and_a_bomb_does_not() {
        let chain = "ofType { kind name ".repeat(9) + &"}".repeat(9);
        let tools = format!(
            "query {{ __schema {{ types {{ fields {{ args {{ type {{ ...T }} }} type {{ ...T }} }} interfaces {{ ...T }} }} }} }}
             fragment T on __Type {{ kind name {chain} }}"
        );
        assert!(checked(&tools).is_ok());
        let bomb = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
        assert!(checked(bomb).is_err());
    }

    #[test]
    fn a_required_variable_must_have_a_value() {
        let document = parse_query("query A($id: ID!, $n: Int! = 3, $o: Int) { a }").unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let with = |json| missing_variable(&operation.node, &Variables::from_json(json));
        assert!(with(serde_json::json!({})).is_some());
        assert!(with(serde_json::json!({"id": null})).is_some());
        assert!(with(serde_json::json!({"id": "x"})).is_none());
    }
}
