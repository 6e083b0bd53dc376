//! From a search box's text to the entries that answer it.

use crate::{
    INDEX,
    bindings::exports::mindflow::search::finder::{Found, Hit, Mode},
    failure, request,
};
use mindflow_guest::{
    call::{CallContext, Credential, Error},
    clock, search_index,
};

pub async fn search(context: &CallContext, query: &str, mode: Mode, limit: u32) -> Result<Found, Error> {
    let began_us = clock::now_us();
    let Credential::Token(token) = &context.credential else {
        return Err(Error::Unauthenticated("Log in first: this needs an access token.".into()));
    };
    let limit = request::limit(limit)?;
    let request = request::read(query)?;
    if mode == Mode::Semantic {
        return Err(Error::Unavailable("the platform has no model that tells what a text means".into()));
    }
    let asked = search_index::search_text(INDEX.into(), token.clone(), request.words, request.filter, limit);
    let answer = asked.await.map_err(failure::of_search)?;
    let hit = |hit: search_index::TextHit| Hit { entry_id: hit.id, score: hit.score, highlights: hit.highlights };
    Ok(Found {
        hits: answer.hits.into_iter().map(hit).collect(),
        total_count: answer.total,
        took_us: u64::try_from(clock::now_us().saturating_sub(began_us)).unwrap_or_default(),
    })
}
