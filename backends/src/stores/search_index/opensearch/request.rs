//! What the server is asked.

use super::super::{Filter, Place, Query, SEARCH_TIMEOUT, VECTORS_MAX, highlight};
use mindflow_platform::search_index::Clause;
use serde_json::{Value, json};
use uuid::Uuid;

/// Title most, then labels, then text; the plain words next to the stems, so that exact ones count more.
const FIELDS: [&str; 7] =
    ["title^8", "labels^4", "body", "stems.*.title^8", "stems.*.labels^4", "stems.*.body", "plain"];
const PLAIN_FIELDS: [&str; 4] = ["title", "labels", "body", "plain"];
/// Shorter words resemble half of all words.
const SIMILAR_CHARS_MIN: usize = 4;

pub struct Search<'a> {
    pub owner: Uuid,
    pub query: &'a Query,
    pub filter: &'a Filter,
    pub limit: u32,
}

/// A search by words; `similar`: by such as resemble them too.
pub fn text(search: &Search<'_>, similar: bool) -> Value {
    let must: Vec<Value> = search.query.wanted().iter().map(|wanted| clause(wanted, similar)).collect();
    let unwanted = search.query.unwanted().iter().chain(&search.filter.without);
    let must_not: Vec<Value> = unwanted.map(|unwanted| clause(unwanted, false)).collect();
    // Of the stems, to know which words are forms of those asked for.
    let whole = json!({ "number_of_fragments": 0 });
    // Without words, the latest first.
    let by = if must.is_empty() { "at" } else { "_score" };
    let mut request = json!({
        "query": { "bool": { "filter": filters(search.owner, search.filter), "must": must, "must_not": must_not } },
        "size": search.limit,
        "sort": [{ by: "desc" }, { "id": { "order": "desc", "missing": "_last", "unmapped_type": "keyword" } }],
        "track_scores": true,
        "track_total_hits": true,
        "timeout": timeout(),
        "_source": ["title", "body"],
        "highlight": {
            "pre_tags": [highlight::OPEN.to_string()],
            "post_tags": [highlight::CLOSE.to_string()],
            "fields": { "title": whole, "body": whole, "stems.*.title": whole, "stems.*.body": whole }
        }
    });
    if let (Some(Place { score, id }), Some(fields)) = (&search.filter.beyond, request.as_object_mut()) {
        fields.insert("search_after".to_owned(), json!([score, id]));
    }
    request
}

/// The latest vectors.
pub fn vectors(owner: Uuid, filter: &Filter, except: Option<&str>) -> Value {
    let mut filters = filters(owner, filter);
    filters.push(json!({ "term": { "has_vector": true } }));
    let except: Vec<&str> = except.into_iter().collect();
    let mut must_not: Vec<Value> = filter.without.iter().map(|unwanted| clause(unwanted, false)).collect();
    must_not.push(json!({ "ids": { "values": except } }));
    json!({
        "query": { "bool": { "filter": filters, "must_not": must_not } },
        "size": VECTORS_MAX,
        "timeout": timeout(),
        "sort": [{ "at": "desc" }],
        "_source": ["vector"],
    })
}

fn timeout() -> String {
    format!("{}ms", SEARCH_TIMEOUT.as_millis())
}

fn filters(owner: Uuid, filter: &Filter) -> Vec<Value> {
    let mut filters = vec![json!({ "term": { "owner": owner } }), json!({ "term": { "deleted": false } })];
    filters.extend(filter.keywords.iter().map(|keyword| json!({ "term": { "keywords": keyword.to_lowercase() } })));
    if let Some(after) = filter.after {
        filters.push(json!({ "range": { "at": { "gte": after } } }));
    }
    if let Some(before) = filter.before {
        filters.push(json!({ "range": { "at": { "lt": before } } }));
    }
    if !filter.among.is_empty() {
        filters.push(json!({ "ids": { "values": filter.among } }));
    }
    filters
}

fn clause(clause: &Clause, similar: bool) -> Value {
    match clause {
        Clause::Phrase(words) => {
            json!({ "multi_match": { "query": words.join(" "), "type": "phrase", "fields": FIELDS } })
        }
        Clause::Word { any, prefix } => {
            let mut ways: Vec<Value> =
                any.iter().map(|word| json!({ "multi_match": { "query": word, "fields": FIELDS } })).collect();
            if let Some(word) = any.first() {
                if *prefix {
                    ways.extend(PLAIN_FIELDS.iter().map(|field| json!({ "prefix": { *field: { "value": word } } })));
                }
                if similar && word.chars().count() >= SIMILAR_CHARS_MIN {
                    ways.push(json!({ "multi_match": { "query": word, "fields": PLAIN_FIELDS, "fuzziness": "AUTO" } }));
                }
            }
            json!({ "bool": { "should": ways, "minimum_should_match": 1 } })
        }
    }
}
