//! The capability `embeddings`: its limits, and the forms of OpenAI's `POST /v1/embeddings`, which most services and servers of
//! models have as well.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Most texts of one call.
pub const TEXTS_MAX: usize = 16;
/// Longest text, in bytes: 100,000 characters of any script. Models read less and leave out the rest.
pub const TEXT_BYTES_MAX: usize = 512 * 1024;
/// Of the whole request. A long text takes the local model two seconds, and others may wait before it.
pub const TIMEOUT: Duration = Duration::from_secs(20);
/// Of an answer: 16 vectors of 4,096 numbers of some 22 digits.
pub const ANSWER_BYTES_MAX: usize = 4 << 20;
/// How much of a refusal is reported.
const REASON_CHARS_MAX: usize = 300;

/// Why there is no vector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It never can be done.
    #[error("{0}")]
    Invalid(String),
    /// Not now.
    #[error("the embeddings are unavailable: {0}")]
    Unavailable(String),
}

#[derive(Serialize)]
struct Asked<'a> {
    model: &'a str,
    input: &'a [String],
    encoding_format: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Embedding>,
}

#[derive(Deserialize)]
struct Embedding {
    index: usize,
    embedding: Vec<f32>,
}

/// # Errors
/// The rule that the texts of a call break.
pub fn check(texts: &[String]) -> Result<(), Error> {
    if texts.is_empty() || texts.len() > TEXTS_MAX {
        return Err(Error::Invalid(format!("a call has 1 to {TEXTS_MAX} texts")));
    }
    if texts.iter().any(|text| text.len() > TEXT_BYTES_MAX) {
        return Err(Error::Invalid(format!("a text has at most {TEXT_BYTES_MAX} bytes")));
    }
    Ok(())
}

/// The body of a request, JSON.
///
/// # Errors
/// It cannot be written.
pub fn request(model: &str, texts: &[String]) -> Result<Vec<u8>, Error> {
    let asked = Asked { model, input: texts, encoding_format: "float" };
    serde_json::to_vec(&asked).map_err(|error| Error::Invalid(error.to_string()))
}

/// The vectors of an answer to `count` texts, in the order asked.
///
/// # Errors
/// A refusal: what is wrong with the request will be wrong again; all else (a key that ran out, a limit, an outage) passes. Or
/// an answer that makes no sense.
pub fn response(status: u16, body: &[u8], count: usize) -> Result<Vec<Vec<f32>>, Error> {
    if (200..300).contains(&status) {
        return vectors(body, count);
    }
    let said: String = String::from_utf8_lossy(body).chars().take(REASON_CHARS_MAX).collect();
    let refused = format!("the service answers {status}: {said}");
    Err(match status {
        400 | 413 | 422 => Error::Invalid(refused),
        _ => Error::Unavailable(refused),
    })
}

/// Of an answer with more than [`ANSWER_BYTES_MAX`].
pub fn too_large() -> Error {
    Error::Unavailable(format!("the answer has more than {ANSWER_BYTES_MAX} bytes"))
}

/// In the order asked, in any order of the answer.
fn vectors(bytes: &[u8], count: usize) -> Result<Vec<Vec<f32>>, Error> {
    let unexpected = |reason: String| Error::Unavailable(format!("the service's answer makes no sense: {reason}"));
    let mut answer: Answer = serde_json::from_slice(bytes).map_err(|error| unexpected(error.to_string()))?;
    answer.data.sort_by_key(|one| one.index);
    let whole = answer.data.iter().enumerate().all(|(index, one)| one.index == index && !one.embedding.is_empty());
    if answer.data.len() != count || !whole {
        return Err(unexpected(format!("{count} vectors were asked for")));
    }
    Ok(answer.data.into_iter().map(|one| one.embedding).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answered(body: serde_json::Value) -> Result<Vec<Vec<f32>>, Error> {
        response(200, body.to_string().as_bytes(), 2)
    }

    #[test]
    fn vectors_come_in_the_order_asked() {
        let body = json!({ "data": [{ "index": 1, "embedding": [2.0] }, { "index": 0, "embedding": [1.0] }] });
        assert_eq!(answered(body), Ok(vec![vec![1.0], vec![2.0]]));
    }

    #[test]
    fn an_answer_that_lacks_a_vector_is_no_answer() {
        for body in [
            json!({ "data": [{ "index": 0, "embedding": [1.0] }] }),
            json!({ "data": [{ "index": 0, "embedding": [1.0] }, { "index": 0, "embedding": [1.0] }] }),
            json!({ "data": [{ "index": 0, "embedding": [1.0] }, { "index": 1, "embedding": [] }] }),
            json!({ "error": "none" }),
        ] {
            assert!(matches!(answered(body.clone()), Err(Error::Unavailable(_))), "{body}");
        }
    }

    #[test]
    fn only_a_request_that_is_wrong_is_given_up() {
        assert!(matches!(response(400, b"", 1), Err(Error::Invalid(_))));
        for status in [401, 429, 502] {
            assert!(matches!(response(status, b"", 1), Err(Error::Unavailable(_))), "{status}");
        }
    }

    #[test]
    fn a_call_has_up_to_sixteen_texts() {
        for count in [0, 17] {
            assert!(matches!(check(&vec![String::new(); count]), Err(Error::Invalid(_))));
        }
        assert_eq!(check(&vec![String::new(); 16]), Ok(()));
    }
}
