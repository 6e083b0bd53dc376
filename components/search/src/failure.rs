//! How errors of the index become errors of a call.

use crate::sharing::Refusal;
use mindflow_guest::{
    call::Error,
    embeddings,
    failure::{internal, invalid},
    rules::{Format, Rule},
    search_index,
};

/// `invalid` is a rule that the query breaks: everything else that could be wrong was checked before.
pub fn of_search(error: search_index::Error) -> Error {
    match error {
        search_index::Error::Invalid(rule) => invalid("query", Format::Search, rule),
        search_index::Error::Timeout => invalid(
            "query",
            Rule::unmeasured(),
            "This search takes too long. Search for fewer words, or within fewer days.",
        ),
        search_index::Error::Unavailable(reason) => Error::Unavailable(reason),
        search_index::Error::AccessDenied(reason) => internal(format!("search index: access denied: {reason}")),
        search_index::Error::Failed(reason) => internal(reason),
    }
}

/// The text was checked before, so nothing is wrong with it. `input`: what asked for its meaning; where there is no model, another attempt
/// would not help.
pub fn of_meaning(input: &str, error: embeddings::Error) -> Error {
    const NO_MODEL: &str = "This platform has no model of what texts mean. Search by words.";
    match error {
        embeddings::Error::NotConfigured => invalid(input, Rule::Unsupported, NO_MODEL),
        embeddings::Error::Unavailable(reason) => Error::Unavailable(reason),
        embeddings::Error::AccessDenied(reason) | embeddings::Error::Invalid(reason) => internal(reason),
    }
}

/// Of what a user searches for.
pub fn of_refusal(refusal: Refusal) -> Error {
    const STAYS: &str = "What you search for by its meaning would go to a service outside of the platform, and you have not allowed that. Search by words, or allow it in your profile.";
    match refusal {
        Refusal::Stays => Error::Forbidden(STAYS.into()),
        Refusal::Model(error) => of_meaning("mode", error),
        Refusal::Unknown(error) => error,
    }
}

/// While an event is applied, no user's query is to blame.
pub fn of_keeping(error: search_index::Error) -> Error {
    match error {
        search_index::Error::Timeout => Error::Unavailable("the search index took too long".into()),
        search_index::Error::Invalid(rule) => internal(format!("search index: {rule}")),
        other => of_search(other),
    }
}
