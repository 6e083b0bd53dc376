//! A journal entry as REST shows it: GraphQL's `JournalEntry` in JSON, and its validators.

use crate::names;
use crate::services::reads;
use crate::web::conditional::Validators;
use mindflow_guest::clock;
use serde::Serialize;
use std::hash::{DefaultHasher, Hash, Hasher};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryJson {
    id: String,
    title: String,
    content: String,
    mood: Option<String>,
    tags: Vec<TagJson>,
    attachment_ids: Vec<String>,
    created_at: String,
    updated_at: String,
    entry_date: String,
    pub version: u32,
    word_count: u32,
    analysis: AnalysisJson,
}

#[derive(Debug, Serialize)]
struct TagJson {
    id: String,
    name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AnalysisJson {
    status: &'static str,
    insights: Vec<InsightJson>,
    sentiment: Option<f64>,
    themes: Vec<String>,
    model: Option<String>,
    completed_at: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct InsightJson {
    id: String,
    entry_id: String,
    text: String,
    kind: String,
    created_at: String,
}

impl From<reads::Analysis> for AnalysisJson {
    fn from(analysis: reads::Analysis) -> Self {
        let insight = |insight: reads::Insight| InsightJson {
            id: insight.id,
            entry_id: insight.entry_id,
            text: insight.text,
            kind: insight.kind,
            created_at: clock::rfc3339(insight.created_at),
        };
        Self {
            status: names::analysis_status(analysis.status),
            insights: analysis.insights.into_iter().map(insight).collect(),
            sentiment: analysis.sentiment,
            themes: analysis.themes,
            model: analysis.model,
            completed_at: analysis.completed_at.map(clock::rfc3339),
        }
    }
}

impl From<reads::AnalyzedEntry> for EntryJson {
    fn from(reads::AnalyzedEntry { entry, analysis }: reads::AnalyzedEntry) -> Self {
        Self {
            id: entry.id,
            title: entry.title,
            content: entry.content,
            mood: entry.mood.map(names::mood),
            tags: entry.tags.into_iter().map(|tag| TagJson { id: tag.id, name: tag.name }).collect(),
            attachment_ids: entry.attachment_ids,
            created_at: clock::rfc3339(entry.created_at),
            updated_at: clock::rfc3339(entry.updated_at),
            entry_date: entry.entry_date,
            version: entry.version,
            word_count: entry.word_count,
            analysis: analysis.into(),
        }
    }
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

/// The tag changes with the content's version, with the state of its analysis and with the names of its tags,
/// which are renamed without a new version: all of them are in the body.
pub fn validators(reads::AnalyzedEntry { entry, analysis }: &reads::AnalyzedEntry) -> Validators {
    let modified_us = entry.updated_at.max(analysis.completed_at.unwrap_or(0));
    let status = names::analysis_status(analysis.status).to_ascii_lowercase();
    let mut tag_names = DefaultHasher::new();
    entry.tags.iter().for_each(|tag| tag.name.hash(&mut tag_names));
    let etag = format!("\"v{}-{status}-{modified_us:x}-{:x}\"", entry.version, tag_names.finish());
    Validators { etag, modified_us }
}

/// The version in one of these tags.
pub fn version_of(etag: &str) -> Option<u32> {
    etag.strip_prefix("\"v")?.strip_suffix('"')?.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mindflow_guest::journal;

    fn entry() -> reads::AnalyzedEntry {
        let entry = journal::Entry {
            id: "e".into(),
            user_id: "u".into(),
            title: "Evening".into(),
            content: "Rain.".into(),
            mood: Some(journal::Mood::Calm),
            tags: vec![journal::Tag { id: "t".into(), name: "rain".into(), entry_count: None }],
            attachment_ids: vec![],
            created_at: 1_000_000,
            updated_at: 2_000_000,
            entry_date: "1970-01-01".into(),
            version: 3,
            word_count: 1,
        };
        reads::AnalyzedEntry { entry, analysis: analysis_to_come(true) }
    }

    #[test]
    fn an_entry_is_shown_as_in_graphql() {
        let json = serde_json::to_value(EntryJson::from(entry())).unwrap();
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
        assert_eq!(ready.modified_us, 5_000_000);
        assert_eq!(version_of(&pending.etag), Some(3));
        assert_eq!(version_of(&ready.etag), Some(3));
        assert_eq!(version_of("\"abc\""), None);
        let mut renamed = entry();
        renamed.entry.tags.iter_mut().for_each(|tag| tag.name = "weather".into());
        assert_ne!(validators(&renamed).etag, pending.etag);
    }
}
