//! Parsed documents by their text, for as long as this instance lives: clients send the same few again and again.

use super::cost::Cost;
use super::limits;
use super::workarounds::surrogate_pairs;
use crate::failure::Failure;
use async_graphql::ServerError;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, Selection};
use lru::LruCache;
use sha2::{Digest, Sha256};
use std::cell::{Cell, OnceCell, RefCell};
use std::num::NonZeroUsize;
use std::rc::Rc;

/// More than the operations of an application.
const DOCUMENTS_MAX: NonZeroUsize = NonZeroUsize::new(256).unwrap();
/// Of one text: operations of applications are below.
const TEXT_BYTES_MAX: usize = 4 * 1024;
/// Of all that are kept. A token takes up to 400 bytes, so they take 12 MiB at most; 256 usual operations
/// have as many.
const TOKENS_MAX: u32 = 30_000;

/// Operations with variables, of one document, that are known to fit the schema.
const FITS_MAX: NonZeroUsize = NonZeroUsize::new(16).unwrap();
/// Of their variables, as JSON. Longer ones have texts in them that do not come again.
const VARIABLES_BYTES_MAX: usize = 512;

/// What a text means.
pub struct Document {
    pub parsed: ExecutableDocument,
    text: Rc<str>,
    digest: OnceCell<[u8; 32]>,
    /// Whether an answer was one to keep ([`super::kept_answers`]).
    pub kept: Cell<bool>,
    /// Words and marks.
    pub tokens: u32,
    fits: RefCell<LruCache<(Option<String>, String), Cost>>,
}

impl Document {
    fn new(text: Rc<str>, tokens: u32, parsed: ExecutableDocument) -> Self {
        let fits = RefCell::new(LruCache::new(FITS_MAX));
        Self { parsed, text, digest: OnceCell::new(), kept: Cell::new(false), tokens, fits }
    }

    /// SHA-256 of the text.
    pub fn digest(&self) -> &[u8; 32] {
        self.digest.get_or_init(|| Sha256::digest(&*self.text).into())
    }

    /// The cost of the operation, by its name, if it is known to fit the schema with these variables.
    pub fn fits(&self, (name, variables): (Option<&str>, &str)) -> Option<Cost> {
        if variables.len() > VARIABLES_BYTES_MAX {
            return None;
        }
        self.fits.borrow_mut().get(&(name.map(str::to_owned), variables.to_owned())).copied()
    }

    pub fn remember_fit(&self, (name, variables): (Option<&str>, &str), cost: Cost) {
        if variables.len() <= VARIABLES_BYTES_MAX {
            self.fits.borrow_mut().put((name.map(str::to_owned), variables.to_owned()), cost);
        }
    }
}

/// Why a text is no document.
pub enum Unparsed {
    Limit(Failure),
    Syntax(ServerError),
}

/// Those that were used last.
struct Documents {
    by_text: LruCache<Rc<str>, Rc<Document>>,
    /// Of all of them.
    tokens: u32,
}

thread_local! {
    static DOCUMENTS: RefCell<Documents> =
        RefCell::new(Documents { by_text: LruCache::new(DOCUMENTS_MAX), tokens: 0 });
}

impl Documents {
    fn keep(&mut self, text: Rc<str>, document: Rc<Document>) {
        self.tokens += document.tokens;
        // What is replaced, by the same text or because there are too many.
        if let Some((_, old)) = self.by_text.push(text, document) {
            self.tokens = self.tokens.saturating_sub(old.tokens);
        }
        while self.tokens > TOKENS_MAX
            && let Some((_, oldest)) = self.by_text.pop_lru()
        {
            self.tokens = self.tokens.saturating_sub(oldest.tokens);
        }
    }
}

/// # Errors
/// It nests too deeply or is too long, or it is not GraphQL.
pub fn parse(query: String) -> Result<Rc<Document>, Unparsed> {
    if let Some(known) = DOCUMENTS.with_borrow_mut(|documents| documents.by_text.get(query.as_str()).cloned()) {
        return Ok(known);
    }
    let text = surrogate_pairs::join(query.clone());
    let tokens = limits::check_text(&text).map_err(Unparsed::Limit)?;
    let parsed = parse_query(&text).map_err(|error| Unparsed::Syntax(error.into()))?;
    let query: Rc<str> = query.into();
    let document = Rc::new(Document::new(Rc::clone(&query), tokens, parsed));
    if query.len() <= TEXT_BYTES_MAX {
        DOCUMENTS.with_borrow_mut(|documents| documents.keep(query, Rc::clone(&document)));
    }
    Ok(document)
}

/// Whether the operation asks for what the schema says alone: `__typename`, `__schema` and `__type`.
pub fn reads_nothing(operation: &OperationDefinition) -> bool {
    operation.selection_set.node.items.iter().all(|selection| match &selection.node {
        Selection::Field(field) => field.node.name.node.starts_with("__"),
        Selection::FragmentSpread(_) | Selection::InlineFragment(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_for_the_schema_alone_reads_nothing() {
        let reads_nothing = |query: &str| {
            let document = parse(query.to_owned()).unwrap_or_else(|_| panic!("{query} is a document"));
            document.parsed.operations.iter().all(|(_, operation)| reads_nothing(&operation.node))
        };
        assert!(reads_nothing("{ __typename }") && reads_nothing("{ a: __typename __schema { types { name } } }"));
        for query in
            ["{ __typename me { id } }", "{ ... { me { id } } }", "query Q { ...F } fragment F on Query { me { id } }"]
        {
            assert!(!reads_nothing(query), "{query}");
        }
    }

    #[test]
    fn the_same_text_is_parsed_once_and_a_long_one_each_time() {
        let parsed = |query: &str| parse(query.to_owned()).unwrap_or_else(|_| panic!("{query} is a document"));
        assert!(Rc::ptr_eq(&parsed("{ me { id } }"), &parsed("{ me { id } }")));
        assert!(!Rc::ptr_eq(&parsed("{ me { id } }"), &parsed("{ me { email } }")));
        let long = format!("{{ me {{ id }} }} # {}", "x".repeat(TEXT_BYTES_MAX));
        assert!(!Rc::ptr_eq(&parsed(&long), &parsed(&long)));
    }

    #[test]
    fn an_operation_is_known_to_fit_with_the_variables_that_were_checked() {
        let Ok(document) = parse("query Q($n: Int) { recentEntries(limit: $n) { id } }".to_owned()) else {
            panic!("a document")
        };
        let cost = Cost { points: 7, ..Cost::default() };
        assert_eq!(document.fits((Some("Q"), "{}")), None);
        document.remember_fit((Some("Q"), "{}"), cost);
        assert_eq!(document.fits((Some("Q"), "{}")), Some(cost));
        assert!(document.fits((None, "{}")).is_none() && document.fits((Some("Q"), r#"{"n":"no number"}"#)).is_none());
        let long = "x".repeat(VARIABLES_BYTES_MAX + 1);
        document.remember_fit((Some("Q"), &long), cost);
        assert_eq!(document.fits((Some("Q"), &long)), None);
    }

    #[test]
    fn documents_that_one_client_fills_the_memory_with_replace_each_other() {
        for number in 0..256 {
            let text = format!("{{ a{number}: b {} }}", "b ".repeat(1_900));
            assert!(parse(text).is_ok());
        }
        let (kept, tokens) = DOCUMENTS.with_borrow(|documents| (documents.by_text.len(), documents.tokens));
        assert!(tokens <= TOKENS_MAX && kept < 20, "{kept} documents of {tokens} tokens");
        let sum = DOCUMENTS.with_borrow(|documents| documents.by_text.iter().map(|(_, one)| one.tokens).sum::<u32>());
        assert_eq!(tokens, sum);
    }

    #[test]
    fn what_is_no_document_is_refused_each_time() {
        for _ in 0..2 {
            assert!(matches!(parse("{ me".to_owned()), Err(Unparsed::Syntax(_))));
            assert!(matches!(parse("{a".repeat(65)), Err(Unparsed::Limit(_))));
        }
    }
}
