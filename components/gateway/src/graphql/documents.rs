//! Parsed documents by their text, for as long as this instance lives: clients send the same few again and again.

use super::limits;
use super::workarounds::surrogate_pairs;
use crate::failure::Failure;
use async_graphql::ServerError;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;
use lru::LruCache;
use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// More than the operations of an application.
const DOCUMENTS_MAX: NonZeroUsize = NonZeroUsize::new(256).unwrap();
/// Of one text: operations of applications are below. So all of them stay within some megabytes.
const TEXT_BYTES_MAX: usize = 4 * 1024;

/// A text and what it means.
pub struct Document {
    pub text: String,
    pub parsed: ExecutableDocument,
}

/// Why a text is no document.
pub enum Unparsed {
    Limit(Failure),
    Syntax(ServerError),
}

thread_local! {
    static DOCUMENTS: RefCell<LruCache<String, Arc<Document>>> = RefCell::new(LruCache::new(DOCUMENTS_MAX));
}

/// # Errors
/// It nests too deeply, or it is not GraphQL.
pub fn parse(query: String) -> Result<Arc<Document>, Unparsed> {
    if let Some(known) = DOCUMENTS.with_borrow_mut(|documents| documents.get(&query).cloned()) {
        return Ok(known);
    }
    let text = surrogate_pairs::join(query.clone());
    limits::check_nesting(&text).map_err(Unparsed::Limit)?;
    let parsed = parse_query(&text).map_err(|error| Unparsed::Syntax(error.into()))?;
    let document = Arc::new(Document { text, parsed });
    if query.len() <= TEXT_BYTES_MAX {
        DOCUMENTS.with_borrow_mut(|documents| documents.put(query, Arc::clone(&document)));
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_parsed_once_and_a_long_one_each_time() {
        let parsed = |query: &str| parse(query.to_owned()).unwrap_or_else(|_| panic!("{query} is a document"));
        assert!(Arc::ptr_eq(&parsed("{ me { id } }"), &parsed("{ me { id } }")));
        assert!(!Arc::ptr_eq(&parsed("{ me { id } }"), &parsed("{ me { email } }")));
        let long = format!("{{ me {{ id }} }} # {}", "x".repeat(TEXT_BYTES_MAX));
        assert!(!Arc::ptr_eq(&parsed(&long), &parsed(&long)));
    }

    #[test]
    fn what_is_no_document_is_refused_each_time() {
        for _ in 0..2 {
            assert!(matches!(parse("{ me".to_owned()), Err(Unparsed::Syntax(_))));
            assert!(matches!(parse("{a".repeat(65)), Err(Unparsed::Limit(_))));
        }
    }
}
