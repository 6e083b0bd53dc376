//! From a search box's text to the entries that answer it.

use crate::{
    INDEX,
    bindings::{
        exports::mindflow::search::finder::{Found, Hit, Mode},
        mindflow::query::reads::{self, OwnAnswer, OwnRead},
    },
    cursor::{Cursor, Ranking},
    failure,
    fuse::fuse,
    request::{self, Request},
    sharing::{self, Refusal},
};
use mindflow_guest::{
    call::{CallContext, Credential, Error},
    clock, embeddings,
    search_index::{self, Filter, Place, TextHit, VectorHit},
};
use std::collections::HashMap;

/// How alike an entry must be to count: with the platform's own model, texts that have nothing to do with each
/// other are below 0.2, and related ones from 0.3 on.
const SIMILARITY_MIN: f64 = 0.25;
/// What of each ranking is fused: places beyond add next to nothing.
const FUSED_MAX: u32 = 100;

pub async fn search(
    context: &CallContext,
    query: &str,
    mode: Mode,
    limit: u32,
    after: Option<&str>,
) -> Result<Found, Error> {
    let began_us = clock::now_us();
    let token = token(context)?;
    let limit = request::limit(limit)?;
    let request = with_tags(context, request::read(query)?).await?;
    let page = match request {
        None => Page::default(),
        // Filters, exclusions and emoji alone have no meaning to compare.
        Some(request) if mode == Mode::FullText || request.meaning().is_none() => {
            by_words(token, request, limit, read(after, query, &[Ranking::Words])?).await?
        }
        Some(request) if mode == Mode::Semantic => {
            by_meaning(context, token, &request, limit, read(after, query, &[Ranking::Meaning])?).await?
        }
        Some(request) => {
            let after = read(after, query, &[Ranking::Fused, Ranking::Rest])?;
            by_both(context, token, request, limit, after).await?
        }
    };
    let took_us = u64::try_from(clock::now_us().saturating_sub(began_us)).unwrap_or_default();
    let total_count = page.total;
    let hit = |ranked: Ranked| Hit {
        cursor: Cursor {
            ranking: ranked.ranking,
            total: total_count,
            place: Place { score: ranked.score, id: ranked.id.clone() },
        }
        .write(query),
        entry_id: ranked.id,
        score: ranked.score,
        highlights: ranked.highlights,
    };
    Ok(Found { hits: page.hits.into_iter().map(hit).collect(), total_count, has_next_page: page.more, took_us })
}

/// A hit of some ranking.
#[derive(Debug)]
struct Ranked {
    ranking: Ranking,
    id: String,
    score: f64,
    highlights: Vec<String>,
}

/// Hits of one page.
#[derive(Debug, Default)]
struct Page {
    hits: Vec<Ranked>,
    total: u32,
    more: bool,
}

impl Page {
    /// Of one hit more than are asked for, if there are so many.
    fn cut(mut hits: Vec<Ranked>, limit: u32, total: u32) -> Self {
        let more = hits.len() > limit as usize;
        hits.truncate(limit as usize);
        Self { hits, total, more }
    }
}

fn read(after: Option<&str>, query: &str, rankings: &[Ranking]) -> Result<Option<Cursor>, Error> {
    after.map(|after| Cursor::read(after, query, rankings)).transpose()
}

fn beyond(after: Option<&Cursor>) -> Option<Place> {
    after.map(|cursor| cursor.place.clone())
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
    embeddings::model().await.map_err(|error| failure::of_meaning("", error))?;
    let known = search_index::vector_of(INDEX.into(), token.clone(), id.to_owned());
    let Some(vector) = known.await.map_err(failure::of_search)? else { return Ok(Vec::new()) };
    let near = near(token, vector, request::everything(), limit, Some(id.to_owned()));
    let related =
        |hit: VectorHit| Hit { entry_id: hit.id, score: hit.score, highlights: Vec::new(), cursor: String::new() };
    Ok(near.await.map_err(failure::of_search)?.into_iter().map(related).collect())
}

fn token(context: &CallContext) -> Result<&String, Error> {
    match &context.credential {
        Credential::Token(token) => Ok(token),
        Credential::Anonymous => Err(Error::Unauthenticated("Log in first: this needs an access token.".into())),
    }
}

async fn words(token: &str, words: &str, filter: Filter, limit: u32) -> Result<search_index::TextHits, Error> {
    let asked = search_index::search_text(INDEX.into(), token.to_owned(), words.to_owned(), filter, limit);
    asked.await.map_err(failure::of_search)
}

async fn by_words(token: &str, request: Request, limit: u32, after: Option<Cursor>) -> Result<Page, Error> {
    let filter = Filter { beyond: beyond(after.as_ref()), ..request.filter };
    let found = words(token, &request.words, filter, limit.saturating_add(1)).await?;
    let hits = found.hits.into_iter().map(|hit| worded(Ranking::Words, hit)).collect();
    Ok(Page::cut(hits, limit, found.total))
}

fn worded(ranking: Ranking, hit: TextHit) -> Ranked {
    Ranked { ranking, id: hit.id, score: hit.score, highlights: hit.highlights }
}

async fn by_meaning(
    context: &CallContext,
    token: &str,
    request: &Request,
    limit: u32,
    after: Option<Cursor>,
) -> Result<Page, Error> {
    let all = request.filter_of_meaning();
    let filter = Filter { beyond: beyond(after.as_ref()), ..all.clone() };
    let text = request.meaning().unwrap_or_default();
    let vector = embed(context, token, text).await.map_err(failure::of_refusal)?;
    let found = near(token, vector.clone(), filter, FUSED_MAX + 1, None).await.map_err(failure::of_search)?;
    let total = match after {
        Some(cursor) => cursor.total,
        None if found.len() <= FUSED_MAX as usize => size(&found),
        None => {
            let counted = search_index::count_vector(INDEX.into(), token.to_owned(), vector, all, SIMILARITY_MIN);
            counted.await.map_err(failure::of_search)?
        }
    };
    let meant =
        |hit: VectorHit| Ranked { ranking: Ranking::Meaning, id: hit.id, score: hit.score, highlights: Vec::new() };
    Ok(Page::cut(found.into_iter().map(meant).collect(), limit, total))
}

fn size<T>(hits: &[T]) -> u32 {
    u32::try_from(hits.len()).unwrap_or(u32::MAX)
}

/// Which half of a search by meaning failed.
enum Lost {
    Model(Refusal),
    Index(search_index::Error),
}

impl Lost {
    /// Why, for the log; nothing where the platform has no model, or the text may not go to it.
    fn reason(&self) -> Option<String> {
        match self {
            Self::Model(Refusal::Stays | Refusal::Model(embeddings::Error::NotConfigured)) => None,
            Self::Model(error) => Some(format!("{error:?}")),
            Self::Index(error) => Some(format!("{error:?}")),
        }
    }
}

/// What a text is near to.
async fn near_text(
    context: &CallContext,
    token: &str,
    text: String,
    filter: Filter,
    limit: u32,
) -> Result<Vec<VectorHit>, Lost> {
    let vector = embed(context, token, text).await.map_err(Lost::Model)?;
    near(token, vector, filter, limit, None).await.map_err(Lost::Index)
}

async fn embed(context: &CallContext, token: &str, text: String) -> Result<Vec<f32>, Refusal> {
    let subject = sharing::query(context, token).await?;
    let vector = embeddings::embed(subject, vec![text]).await.map_err(Refusal::Model)?.pop();
    vector.ok_or_else(|| Refusal::Model(embeddings::Error::Unavailable("no vector came".into())))
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

/// How many are found by words or by meaning. `fused`: how many of the best. Behind these, which have the words, some may be near too.
async fn of_both(
    token: &str,
    request: &Request,
    found: &search_index::TextHits,
    near: &[VectorHit],
    fused: u32,
) -> Result<u32, Error> {
    if found.total <= FUSED_MAX || near.is_empty() {
        return Ok(found.total.max(fused));
    }
    let among = near.iter().map(|hit| hit.id.clone()).collect();
    let both = words(token, &request.words, Filter { among, ..request.filter.clone() }, 1).await?;
    Ok(found.total.saturating_add(size(near).saturating_sub(both.total)))
}

/// Words and meaning, fused by rank; behind these, what else has the words. Without a model, or while it is unavailable, words alone.
async fn by_both(
    context: &CallContext,
    token: &str,
    request: Request,
    limit: u32,
    after: Option<Cursor>,
) -> Result<Page, Error> {
    let near = async {
        match request.meaning() {
            Some(text) => near_text(context, token, text, request.filter_of_meaning(), FUSED_MAX).await,
            None => Ok(Vec::new()),
        }
    };
    let worded_first = words(token, &request.words, request.filter.clone(), FUSED_MAX);
    let (found, near) = futures::future::join(worded_first, near).await;
    let found = found?;
    let near = near.unwrap_or_else(|lost| {
        if let Some(reason) = lost.reason() {
            eprintln!("warn correlation_id={} words alone are searched: {reason}", context.correlation_id);
        }
        Vec::new()
    });
    let rankings =
        [found.hits.iter().map(|hit| hit.id.as_str()).collect(), near.iter().map(|hit| hit.id.as_str()).collect()];
    let fused = fuse(&rankings);
    let total = match &after {
        Some(cursor) => cursor.total,
        None => of_both(token, &request, &found, &near, size(&fused)).await?,
    };
    let highlights: HashMap<&str, &Vec<String>> =
        found.hits.iter().map(|hit| (hit.id.as_str(), &hit.highlights)).collect();
    let is_left = |(id, score): &(&str, f64)| match &after {
        None => true,
        Some(Cursor { ranking: Ranking::Fused, place, .. }) => (place.score, *id) > (*score, place.id.as_str()),
        Some(_) => false,
    };
    let shown = |(id, score): (&str, f64)| Ranked {
        ranking: Ranking::Fused,
        id: id.to_owned(),
        score,
        highlights: highlights.get(id).map(|marked| (*marked).clone()).unwrap_or_default(),
    };
    let mut hits: Vec<Ranked> = fused.iter().copied().filter(is_left).map(shown).collect();
    let mut place = match &after {
        Some(Cursor { ranking: Ranking::Rest, place, .. }) => Some(place.clone()),
        _ if found.total > FUSED_MAX => found.hits.last().map(|hit| Place { score: hit.score, id: hit.id.clone() }),
        _ => None,
    };
    // Twice at most: no more than the hundred nearest can be left out.
    while hits.len() <= limit as usize
        && let Some(last) = place.take()
    {
        let filter = Filter { beyond: Some(last), ..request.filter.clone() };
        let rest = words(token, &request.words, filter, FUSED_MAX).await?;
        if rest.hits.len() == FUSED_MAX as usize {
            place = rest.hits.last().map(|hit| Place { score: hit.score, id: hit.id.clone() });
        }
        let is_new = |hit: &TextHit| !fused.iter().any(|(id, _)| *id == hit.id);
        hits.extend(rest.hits.into_iter().filter(is_new).map(|hit| worded(Ranking::Rest, hit)));
    }
    Ok(Page::cut(hits, limit, total))
}
