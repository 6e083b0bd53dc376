//! Parsed documents by their text, for as long as this instance lives: clients send the same few again and again.

use super::limits;
use super::workarounds::surrogate_pairs;
use crate::failure::Failure;
use async_graphql::ServerError;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;
use lru::LruCache;
use sha2::{Digest, Sha256};
use std::cell::{Cell, OnceCell, RefCell};
use std::num::NonZeroUsize;
use std::rc::Rc;

/// More than the operations of an application.
const DOCUMENTS_MAX: NonZeroUsize = NonZeroUsize::new(256).unwrap();
/// Of one text: operations of applications are below. So all of them stay within some megabytes.
const TEXT_BYTES_MAX: usize = 4 * 1024;

/// Operations with variables, of one document, that are known to fit the schema.
const FITS_MAX: NonZeroUsize = NonZeroUsize::new(16).unwrap();
/// Of their variables, as JSON. Longer ones have texts in them that do not come again.
const VARIABLES_BYTES_MAX: usize = 512;

/// What a text means.
pub struct Document {
    pub parsed: ExecutableDocument,
    text: Rc<str>,
    digest: OnceCell<[u8; 32]>,
    /// Whether an answer was one to keep ([`super::answers`]).
    pub kept: Cell<bool>,
    fits: RefCell<LruCache<(Option<String>, String), ()>>,
}

impl Document {
    fn new(text: Rc<str>, parsed: ExecutableDocument) -> Self {
        let fits = RefCell::new(LruCache::new(FITS_MAX));
        Self { parsed, text, digest: OnceCell::new(), kept: Cell::new(false), fits }
    }

    /// SHA-256 of the text.
    pub fn digest(&self) -> &[u8; 32] {
        self.digest.get_or_init(|| Sha256::digest(&*self.text).into())
    }

    /// Whether the operation, by its name, is known to fit the schema with these variables.
    pub fn fits(&self, (name, variables): (Option<&str>, &str)) -> bool {
        self.fits.borrow_mut().get(&(name.map(str::to_owned), variables.to_owned())).is_some()
    }

    pub fn remember_fit(&self, (name, variables): (Option<&str>, &str)) {
        if variables.len() <= VARIABLES_BYTES_MAX {
            self.fits.borrow_mut().put((name.map(str::to_owned), variables.to_owned()), ());
        }
    }
}

/// Why a text is no document.
pub enum Unparsed {
    Limit(Failure),
    Syntax(ServerError),
}

thread_local! {
    static DOCUMENTS: RefCell<LruCache<Rc<str>, Rc<Document>>> = RefCell::new(LruCache::new(DOCUMENTS_MAX));
}

/// # Errors
/// It nests too deeply, or it is not GraphQL.
pub fn parse(query: String) -> Result<Rc<Document>, Unparsed> {
    if let Some(known) = DOCUMENTS.with_borrow_mut(|documents| documents.get(query.as_str()).cloned()) {
        return Ok(known);
    }
    let text = surrogate_pairs::join(query.clone());
    limits::check_nesting(&text).map_err(Unparsed::Limit)?;
    let parsed = parse_query(&text).map_err(|error| Unparsed::Syntax(error.into()))?;
    let query: Rc<str> = query.into();
    let document = Rc::new(Document::new(Rc::clone(&query), parsed));
    if query.len() <= TEXT_BYTES_MAX {
        DOCUMENTS.with_borrow_mut(|documents| documents.put(query, Rc::clone(&document)));
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(!document.fits((Some("Q"), "{}")));
        document.remember_fit((Some("Q"), "{}"));
        assert!(document.fits((Some("Q"), "{}")));
        assert!(!document.fits((None, "{}")) && !document.fits((Some("Q"), r#"{"n":"no number"}"#)));
        let long = "x".repeat(VARIABLES_BYTES_MAX + 1);
        document.remember_fit((Some("Q"), &long));
        assert!(!document.fits((Some("Q"), &long)));
    }

    #[test]
    fn what_is_no_document_is_refused_each_time() {
        for _ in 0..2 {
            assert!(matches!(parse("{ me".to_owned()), Err(Unparsed::Syntax(_))));
            assert!(matches!(parse("{a".repeat(65)), Err(Unparsed::Limit(_))));
        }
    }
}
