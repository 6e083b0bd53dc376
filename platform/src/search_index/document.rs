//! A document as it comes in: checked once, before any back end.

use super::nearest::VECTOR_DIMENSIONS_MAX;
use super::{highlight, nearest};
use uuid::Uuid;

/// Longest id, in bytes: a UUID with a prefix fits well.
const ID_BYTES_MAX: usize = 64;
/// Longest title and body, in bytes: 100,000 characters of any script fit.
const TEXT_BYTES_MAX: usize = 512 * 1024;
const KEYWORDS_MAX: usize = 100;

/// What is found.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    pub id: String,
    pub owner: Uuid,
    pub version: u64,
    pub title: String,
    pub body: String,
    /// For filters, in lower case.
    pub keywords: Vec<String>,
    /// Found as words.
    pub labels: Vec<String>,
    /// ISO 639-1.
    pub language: Option<String>,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub at: i64,
    /// Of length 1.
    pub vector: Option<Vec<f32>>,
}

/// Which rule a document breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    #[error("a document's id has 1 to {ID_BYTES_MAX} bytes")]
    Id,
    #[error("a document's version is at most 2^63 - 1")]
    Version,
    #[error("a document's {0} has at most {TEXT_BYTES_MAX} bytes")]
    Text(&'static str),
    #[error("a document has at most {KEYWORDS_MAX} {0}")]
    Many(&'static str),
    #[error("a vector has 1 to {VECTOR_DIMENSIONS_MAX} finite numbers, not all of them 0")]
    Vector,
}

impl Document {
    /// Brings it into the form in which every back end keeps it.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn prepared(mut self) -> Result<Self, DocumentError> {
        if self.id.is_empty() || self.id.len() > ID_BYTES_MAX {
            return Err(DocumentError::Id);
        }
        if i64::try_from(self.version).is_err() {
            return Err(DocumentError::Version);
        }
        for (name, text) in [("title", &self.title), ("body", &self.body)] {
            if text.len() > TEXT_BYTES_MAX {
                return Err(DocumentError::Text(name));
            }
        }
        for (name, words) in [("keywords", &self.keywords), ("labels", &self.labels)] {
            if words.len() > KEYWORDS_MAX {
                return Err(DocumentError::Many(name));
            }
        }
        self.title = highlight::without_marks(&self.title);
        self.body = highlight::without_marks(&self.body);
        self.keywords = self.keywords.iter().map(|keyword| keyword.to_lowercase()).collect();
        self.labels = self.labels.iter().map(|label| highlight::without_marks(label)).collect();
        self.vector = match self.vector {
            Some(vector) => Some(nearest::unit(&vector).ok_or(DocumentError::Vector)?),
            None => None,
        };
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        Document {
            id: "1".into(),
            owner: Uuid::nil(),
            version: 1,
            title: "A walk".into(),
            body: "Rain, then sun.".into(),
            keywords: vec!["Nature".into()],
            labels: vec!["Nature".into()],
            language: Some("en".into()),
            at: 0,
            vector: Some(vec![3.0, 4.0]),
        }
    }

    #[test]
    fn a_vector_is_brought_to_length_one_and_keywords_to_lower_case() {
        let prepared = document().prepared().unwrap();
        assert_eq!(prepared.vector, Some(vec![0.6, 0.8]));
        assert_eq!(prepared.keywords, ["nature"]);
    }

    #[test]
    fn a_document_that_breaks_a_rule_is_refused() {
        let cases = [
            (Document { id: String::new(), ..document() }, DocumentError::Id),
            (Document { version: u64::MAX, ..document() }, DocumentError::Version),
            (Document { body: "x".repeat(TEXT_BYTES_MAX + 1), ..document() }, DocumentError::Text("body")),
            (Document { keywords: vec![String::new(); 101], ..document() }, DocumentError::Many("keywords")),
            (Document { vector: Some(vec![0.0; 3]), ..document() }, DocumentError::Vector),
            (Document { vector: Some(vec![f32::NAN]), ..document() }, DocumentError::Vector),
            (Document { vector: Some(Vec::new()), ..document() }, DocumentError::Vector),
        ];
        for (bad, error) in cases {
            assert_eq!(bad.prepared().unwrap_err(), error);
        }
    }
}
