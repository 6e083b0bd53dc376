//! The analyser that needs no key and no network: a lexicon for feelings and counting for subjects.
//!
//! Its insights are simpler than a model's; each one quotes or counts something in the entry.

mod feelings;
mod insights;
mod language;
mod sentences;
mod themes;

use crate::{analysis::Analysis, entry::Entry};
use feelings::Feelings;
use language::Language;

/// Named after the lexicon and the version of the reference implementation that the scores agree with.
pub const MODEL: &str = "local:vader-3.3.2";

/// Takes time in proportion to the text's length.
pub fn analyse(entry: &Entry) -> Analysis {
    let sentences = sentences::split(&entry.content);
    let language = Language::of(&entry.title, &entry.content);
    let themes = themes::of(&entry.title, &sentences, &language);
    let feelings = language.is_english().then(|| Feelings::of(&entry.title, &sentences));
    Analysis {
        sentiment: feelings.as_ref().map(Feelings::overall),
        insights: insights::of(entry, &sentences, &themes, feelings.as_ref(), &language),
        themes: themes.into_iter().map(|theme| theme.text).collect(),
        model: MODEL.to_owned(),
    }
}

#[cfg(test)]
mod tests;
