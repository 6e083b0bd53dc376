//! From a search box's text to the entries that answer it.

use crate::{
    INDEX,
    bindings::{
        exports::mindflow::search::finder::{Found, Hit, Mode},
        mindflow::query::reads::{self, OwnAnswer, OwnRead},
    },
    failure,
    fuse::fuse,
    request::{self, Request},
};
use mindflow_guest::{
    call::{CallContext, Credential, Error},
    clock, embeddings,
    search_index::{self, Filter, TextHit, VectorHit},
};
use std::collections::HashMap;

/// How alike an entry must be to count: with the platform's own model, texts that have nothing to do with each
/// other are below 0.2, and related ones from 0.3 on.
const SIMILARITY_MIN: f64 = 0.25;
/// What of each ranking is fused: places beyond add next to nothing.
const FUSED_MAX: u32 = 100;

pub async fn search(context: &CallContext, query: &str, mode: Mode, limit: u32) -> Result<Found, Error> {
    let began_us = clock::now_us();
    let token = token(context)?;
    let limit = request::limit(limit)?;
    let (hits, total_count) = match (with_tags(context, request::read(query)?).await?, mode) {
        (None, _) => (Vec::new(), 0),
        (Some(request), Mode::FullText) => by_words(token, request, limit).await?,
        (Some(request), Mode::Semantic) => {
            let text = request.meaning()?;
            let found = near_text(token, text, request.filter, limit).await.map_err(Lost::into_error)?;
            let total = u32::try_from(found.len()).unwrap_or(u32::MAX);
            (found.into_iter().map(by_meaning).collect(), total)
        }
        (Some(request), Mode::Hybrid) => by_both(context, token, request, limit).await?,
    };
    let took_us = u64::try_from(clock::now_us().saturating_sub(began_us)).unwrap_or_default();
    Ok(Found { hits, total_count, took_us })
}

/// The request with the ids of the tags that it names: entries refer to tags by id, since a tag may be renamed. `None`
/// when the caller has no such tag, and so no such entry.
async fn with_tags(context: &CallContext, request: Request) -> Result<Option<Request>, Error> {
    if request.tags.is_empty() {
        return Ok(Some(request));
    }
    let answer = reads::read_own(context.clone(), vec![OwnRead::Tags]).await?.pop().transpose()?;
    let Some(OwnAnswer::Tags(known)) = answer else {
        return Err(Error::Internal("the read side did not answer which tags there are".into()));
    };
    Ok(request.with_tags(known.iter().map(|tag| (tag.name.as_str(), tag.id.as_str()))))
}

/// The entries nearest to one of the caller's. Empty for one that the model has not processed yet.
pub async fn related(context: &CallContext, id: &str, limit: u32) -> Result<Vec<Hit>, Error> {
    let token = token(context)?;
    let limit = request::limit(limit)?;
    // Without a model there is nothing to wait for.
    embeddings::model().await.map_err(failure::of_meaning)?;
    let known = search_index::vector_of(INDEX.into(), token.clone(), id.to_owned());
    let Some(vector) = known.await.map_err(failure::of_search)? else { return Ok(Vec::new()) };
    let near = near(token, vector, request::everything(), limit, Some(id.to_owned()));
    Ok(near.await.map_err(failure::of_search)?.into_iter().map(by_meaning).collect())
}

fn token(context: &CallContext) -> Result<&String, Error> {
    match &context.credential {
        Credential::Token(token) => Ok(token),
        Credential::Anonymous => Err(Error::Unauthenticated("Log in first: this needs an access token.".into())),
    }
}

async fn words(token: &str, request: Request, limit: u32) -> Result<search_index::TextHits, Error> {
    let asked = search_index::search_text(INDEX.into(), token.to_owned(), request.words, request.filter, limit);
    asked.await.map_err(failure::of_search)
}

async fn by_words(token: &str, request: Request, limit: u32) -> Result<(Vec<Hit>, u32), Error> {
    let found = words(token, request, limit).await?;
    let hit = |hit: TextHit| Hit { entry_id: hit.id, score: hit.score, highlights: hit.highlights };
    Ok((found.hits.into_iter().map(hit).collect(), found.total))
}

/// Which half of a search by meaning failed.
#[derive(Debug)]
enum Lost {
    Model(embeddings::Error),
    Index(search_index::Error),
}

impl Lost {
    fn into_error(self) -> Error {
        match self {
            Self::Model(error) => failure::of_meaning(error),
            Self::Index(error) => failure::of_search(error),
        }
    }
}

/// What a text is near to.
async fn near_text(token: &str, text: String, filter: Filter, limit: u32) -> Result<Vec<VectorHit>, Lost> {
    let vector = embeddings::embed(vec![text]).await.map_err(Lost::Model)?.pop();
    let vector = vector.ok_or_else(|| Lost::Model(embeddings::Error::Unavailable("no vector came".into())))?;
    near(token, vector, filter, limit, None).await.map_err(Lost::Index)
}

async fn near(
    token: &str,
    vector: Vec<f32>,
    filter: Filter,
    limit: u32,
    except: Option<String>,
) -> Result<Vec<VectorHit>, search_index::Error> {
    let found = search_index::search_vector(INDEX.into(), token.to_owned(), vector, filter, limit, except).await?;
    Ok(found.into_iter().take_while(|hit| hit.score >= SIMILARITY_MIN).collect())
}

fn by_meaning(hit: VectorHit) -> Hit {
    Hit { entry_id: hit.id, score: hit.score, highlights: Vec::new() }
}

/// Words and meaning, fused by rank. Without a model, or while it is unavailable, words alone.
async fn by_both(context: &CallContext, token: &str, request: Request, limit: u32) -> Result<(Vec<Hit>, u32), Error> {
    let (meaning, filter) = (request.meaning(), request.filter.clone());
    let near = async {
        match meaning {
            Ok(text) => near_text(token, text, filter, FUSED_MAX).await,
            // Errors of the query are reported by the search for words.
            Err(_) => Ok(Vec::new()),
        }
    };
    let (found, near) = futures::future::join(words(token, request, FUSED_MAX), near).await;
    let found = found?;
    let near = near.unwrap_or_else(|error| {
        if !matches!(error, Lost::Model(embeddings::Error::NotConfigured)) {
            eprintln!("warn correlation_id={} words alone are searched: {error:?}", context.correlation_id);
        }
        Vec::new()
    });
    let rankings =
        [found.hits.iter().map(|hit| hit.id.as_str()).collect(), near.iter().map(|hit| hit.id.as_str()).collect()];
    let fused = fuse(&rankings);
    let total = found.total.max(u32::try_from(fused.len()).unwrap_or(u32::MAX));
    let mut highlights: HashMap<&str, &Vec<String>> =
        found.hits.iter().map(|hit| (hit.id.as_str(), &hit.highlights)).collect();
    let hits = fused.into_iter().take(limit as usize).map(|(id, score)| Hit {
        entry_id: id.to_owned(),
        score,
        highlights: highlights.remove(id).cloned().unwrap_or_default(),
    });
    Ok((hits.collect(), total))
}
