//! What an operation takes while it runs: the bytes of what its resolvers take from services, and of the contents that they
//! answer. Prices count usual sizes; this counts what the sizes were, and ends an operation before it takes more memory than
//! it has a place for.

use crate::failure::{Excess, Failure};
use crate::memory::{ANSWER_BYTES_MAX, TAKEN_BYTES_MAX};
use crate::services::devices::{Change, ChangePage, ChangedThing};
use crate::services::reads::{self, AnalyzedEntry};
use crate::services::templates::Template;
use mindflow_guest::call::Error;
use mindflow_guest::failure::invalid;
use mindflow_guest::journal::Entry;
use mindflow_guest::rules::Rule;
use std::cell::Cell;

/// Of a record, besides its texts.
const RECORD_BYTES: usize = 400;
/// Of a small value, and of its place in the tree of the answer.
const VALUE_BYTES: usize = 100;

/// Of each resolver that takes too much. [`Meter::over`] says it once for the whole answer.
pub const TOO_LARGE: &str = "The answer is too large.";

/// Of one operation, or of a batch.
#[derive(Debug, Default)]
pub struct Meter {
    taken: Cell<u64>,
    answered: Cell<u64>,
    over: Cell<Option<Excess>>,
}

impl Meter {
    /// Records that a resolver takes.
    ///
    /// # Errors
    /// It is too much. The whole answer then is [`over`](Self::over), so the text of this error is not shown.
    pub fn take(&self, bytes: usize) -> Result<(), Error> {
        self.count(&self.taken, bytes, TAKEN_BYTES_MAX)
    }

    /// A text that a resolver answers.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn answer(&self, bytes: usize) -> Result<(), Error> {
        self.count(&self.answered, bytes, ANSWER_BYTES_MAX as u64)
    }

    /// As [`take`](Self::take), of the entries.
    pub fn entries<'a>(&self, entries: impl IntoIterator<Item = &'a AnalyzedEntry>) -> Result<(), Error> {
        self.take(entries.into_iter().map(analyzed_bytes).sum())
    }

    /// As [`take`](Self::take), of so many rows of `values` small values.
    pub fn rows(&self, rows: usize, values: usize) -> Result<(), Error> {
        self.take(rows.saturating_mul(values).saturating_mul(VALUE_BYTES))
    }

    fn count(&self, counter: &Cell<u64>, bytes: usize, allowed: u64) -> Result<(), Error> {
        let cost = counter.get().saturating_add(bytes as u64);
        counter.set(cost);
        if cost <= allowed && self.over.get().is_none() {
            return Ok(());
        }
        self.over.set(self.over.get().or(Some(Excess { cost, allowed, unit: "bytes" })));
        Err(invalid("", Rule::unmeasured(), TOO_LARGE))
    }

    /// The failure of the whole answer, if it took too much.
    pub fn over(&self) -> Option<Failure> {
        self.over.get().map(too_large)
    }

    /// For the next answer of a stream.
    pub fn reset(&self) {
        self.taken.set(0);
        self.answered.set(0);
        self.over.set(None);
    }
}

/// An answer that has more bytes than it may have.
pub fn too_large(excess: Excess) -> Failure {
    let text = format!(
        "The answer takes more than {} MiB. Ask for fewer entries, without `content`, or in several requests.",
        excess.allowed >> 20
    );
    Failure::too_complex(text, excess)
}

pub fn entry_bytes(entry: &Entry) -> usize {
    let tags: usize = entry.tags.iter().map(|tag| tag.name.len() + VALUE_BYTES).sum();
    RECORD_BYTES + entry.title.len() + entry.content.len() + tags + entry.attachment_ids.len() * VALUE_BYTES
}

pub fn template_bytes(template: &Template) -> usize {
    let tags: usize = template.tags.iter().map(|tag| tag.len() + VALUE_BYTES).sum();
    RECORD_BYTES + template.title.len() + template.content.len() + tags
}

/// Of what a page of changes says.
pub fn changed_bytes(page: &ChangePage) -> usize {
    let of_change = |change: &Change| match &change.thing {
        ChangedThing::Entry(entry) => entry_bytes(entry),
        ChangedThing::Template(template) => template_bytes(template),
        _ => RECORD_BYTES,
    };
    page.changes.iter().map(of_change).sum()
}

pub fn analyzed_bytes(AnalyzedEntry { entry, analysis, .. }: &AnalyzedEntry) -> usize {
    let quotes =
        |insight: &reads::Insight| insight.quotes.iter().map(|quote| quote.text.len() + VALUE_BYTES).sum::<usize>();
    let insight = |insight: &reads::Insight| insight.text.len() + quotes(insight) + RECORD_BYTES;
    let themes: usize = analysis.themes.iter().map(|theme| theme.len() + VALUE_BYTES).sum();
    entry_bytes(entry) + themes + analysis.insights.iter().map(insight).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    #[test]
    fn what_fits_passes_and_what_does_not_says_how_much_it_was() {
        let meter = Meter::default();
        assert!(meter.take(8 << 20).is_ok() && meter.answer(4 << 20).is_ok());
        assert_eq!(meter.over(), None);
        assert!(meter.answer(1).is_err());
        let failure = meter.over().unwrap();
        assert_eq!(failure.kind, Kind::TooComplex);
        assert_eq!(failure.excess, Some(Excess { cost: (4 << 20) + 1, allowed: 4 << 20, unit: "bytes" }));
        assert!(failure.public_text().starts_with("The answer takes more than 4 MiB."));
        meter.reset();
        assert!(meter.over().is_none() && meter.take(8 << 20).is_ok());
    }

    #[test]
    fn forty_times_the_same_large_entries_are_too_much_for_one_answer() {
        let mut entry: Entry = mindflow_events::fixture_entry().unwrap().into();
        entry.content = "x".repeat(200_000);
        let analysis = crate::rest::entry::analysis_to_come(false);
        let entry = AnalyzedEntry { entry, analysis, shown_since: None };
        let meter = Meter::default();
        let taken = (0..40).take_while(|_| meter.entries(std::iter::repeat_n(&entry, 5)).is_ok()).count();
        assert_eq!(taken, 8);
    }
}
