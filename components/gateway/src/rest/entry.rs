//! A journal entry as REST shows it: GraphQL's `JournalEntry` in JSON, and its validators.

use crate::names;
use crate::services::reads;
use crate::web::conditional::Validators;
use mindflow_events::Time;
use mindflow_guest::journal::{Place, Tag};
use serde_json::{Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};

pub fn json(reads::AnalyzedEntry { entry, analysis, .. }: &reads::AnalyzedEntry) -> Value {
    let tag = |tag: &Tag| json!({ "id": tag.id, "name": tag.name });
    json!({
        "id": entry.id,
        "title": entry.title,
        "content": entry.content,
        "mood": entry.mood.map(names::mood),
        "tags": entry.tags.iter().map(tag).collect::<Vec<_>>(),
        "attachmentIds": entry.attachment_ids,
        "createdAt": Time(entry.created_at),
        "updatedAt": Time(entry.updated_at),
        "entryDate": entry.entry_date,
        "version": entry.version,
        "wordCount": entry.word_count,
        "private": entry.private,
        "draft": entry.draft,
        "publishedAt": entry.published_at.map(Time),
        "pinned": entry.pinned,
        "favourite": entry.favourite,
        "journalId": entry.book_id,
        "entryTime": entry.entry_time,
        "place": entry.place.as_ref().map(|Place { name, latitude, longitude }| {
            json!({ "name": name, "latitude": latitude, "longitude": longitude })
        }),
        "analysis": analysis_json(analysis),
    })
}

fn analysis_json(analysis: &reads::Analysis) -> Value {
    let quote = |quote: &reads::Quote| json!({ "text": quote.text, "start": quote.start, "end": quote.end });
    let insight = |insight: &reads::Insight| {
        json!({
            "id": insight.id,
            "entryId": insight.entry_id,
            "text": insight.text,
            "kind": insight.kind,
            "createdAt": Time(insight.created_at),
            "quotes": insight.quotes.iter().map(quote).collect::<Vec<_>>(),
        })
    };
    json!({
        "status": names::analysis_status(analysis.status),
        "insights": analysis.insights.iter().map(insight).collect::<Vec<_>>(),
        "sentiment": analysis.sentiment,
        "themes": analysis.themes,
        "model": analysis.model,
        "completedAt": analysis.completed_at.map(Time),
    })
}

/// The analysis of an entry that was just written, as the read side will have it.
pub fn analysis_to_come(requested: bool) -> reads::Analysis {
    reads::Analysis {
        status: if requested { reads::AnalysisStatus::Pending } else { reads::AnalysisStatus::NotIncluded },
        insights: Vec::new(),
        sentiment: None,
        themes: Vec::new(),
        model: None,
        completed_at: None,
    }
}

/// The tag changes with the content's version, and with all that is in the body and changes without one: the analysis, the names of
/// the tags, and where the entry is kept and how it is marked. An entry that was just written has no time of its last change, which the read side gives it.
pub fn validators(shown: &reads::AnalyzedEntry) -> Validators {
    let reads::AnalyzedEntry { entry, analysis, shown_since } = shown;
    let status = names::analysis_status(analysis.status).to_ascii_lowercase();
    let mut rest = DefaultHasher::new();
    for tag in &entry.tags {
        (&tag.id, &tag.name).hash(&mut rest);
    }
    analysis_json(analysis).to_string().hash(&mut rest);
    (entry.updated_at, entry.draft, entry.pinned, entry.favourite, &entry.book_id).hash(&mut rest);
    let etag = format!("\"v{}-{status}-{:x}\"", entry.version, rest.finish());
    Validators { etag, modified_us: *shown_since }
}

/// The version in one of these tags.
pub fn version_of(etag: &str) -> Option<u32> {
    etag.strip_prefix("\"v")?.strip_suffix('"')?.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mindflow_guest::journal::Entry;

    fn entry() -> reads::AnalyzedEntry {
        let entry = Entry::from(mindflow_events::fixture_entry().unwrap());
        let tags = vec![Tag { id: "t".into(), name: "rain".into(), entry_count: None }];
        let entry = Entry { tags, created_at: 1_000_000, updated_at: 2_000_000, word_count: 1, ..entry };
        reads::AnalyzedEntry { entry, analysis: analysis_to_come(true), shown_since: None }
    }

    #[test]
    fn an_entry_is_shown_as_in_graphql() {
        let json = json(&entry());
        assert_eq!(json["mood"], "CALM");
        assert_eq!(json["createdAt"], "1970-01-01T00:00:01.000000Z");
        assert_eq!(json["analysis"]["status"], "PENDING");
        assert_eq!(json["tags"][0]["name"], "rain");
        assert_eq!(json["wordCount"], 1);
    }

    #[test]
    fn the_tag_changes_when_insights_arrive_and_the_version_stays_readable() {
        let pending = validators(&entry());
        let mut analysed = entry();
        analysed.analysis.status = reads::AnalysisStatus::Ready;
        analysed.analysis.completed_at = Some(5_000_000);
        let ready = validators(&analysed);
        assert_ne!(pending.etag, ready.etag);
        let mut again = analysed.clone();
        again.analysis.themes.push("rain".into());
        assert_ne!(validators(&again).etag, ready.etag);
        let read = reads::AnalyzedEntry { shown_since: Some(5_000_000), ..entry() };
        assert_eq!((validators(&read).etag, validators(&read).modified_us), (pending.etag.clone(), Some(5_000_000)));
        assert_eq!(version_of(&pending.etag), Some(3));
        assert_eq!(version_of(&ready.etag), Some(3));
        assert_eq!(version_of("\"abc\""), None);
        let mut renamed = entry();
        renamed.entry.tags.iter_mut().for_each(|tag| tag.name = "weather".into());
        assert_ne!(validators(&renamed).etag, pending.etag);
    }
}
