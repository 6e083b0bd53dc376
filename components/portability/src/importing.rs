//! An import: a stretch goes on behind the last record that is written down as done. Every thing that it makes has an id that follows
//! from where it comes from, so a record that is read twice, in a stretch that was lost or in an import of the same again, is made once.

use crate::failure::{Failure, Reason};
use crate::files::{self, Uploaded};
use crate::format;
use crate::report::{self, Report};
use crate::services::{imports, intake, journal};
use crate::settings::{self, STRETCH_US, Settings};
use crate::store::{self, Day, Job, Leased, Status};
use mindflow_formats::import::{Format, Import, Item};
use mindflow_formats::zip::BadArchive;
use mindflow_formats::{MoodRecord, Problem, Record};
use mindflow_guest::call::{CallContext, Credential, Error};
use mindflow_guest::{clock, id};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use uuid::{Builder, Uuid};

/// As the command service allows of an entry.
const TAGS_MAX: usize = 20;
const TAG_CHARS_MAX: usize = 50;
const MEDIA_MAX: usize = 10;
/// As the media service takes of a file.
const FILE_BYTES_MAX: u64 = 10 << 20;
/// So often may what came of a record have been removed for good, and be brought back.
const RETURNS_MAX: u8 = 8;

/// Where an import goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct State {
    /// Of the files with records.
    unit: usize,
    /// Of the records in it.
    item: usize,
    /// Files whose records are counted.
    counted: usize,
}

/// Why an import ends before its end.
struct Ended {
    why: String,
    failure: Failure,
}

/// What a stretch works with.
struct Importing<'a> {
    job: &'a Job,
    import: &'a Import<Uploaded>,
    context: CallContext,
    report: Report,
    /// Ids of journals by their names.
    books: HashMap<String, Option<String>>,
    /// Entries and recorded moods that may be made in a day, and that may still be made today.
    day: u64,
    room: u64,
    made: u64,
}

pub async fn stretch(leased: Leased) -> Result<(), Error> {
    let mut job = leased.job.clone();
    let settings = settings::load().await?;
    let (outcome, made) = match go_on(&mut job, settings).await? {
        Ok((is_over, made)) => (Ok(is_over), made),
        Err((ended, made)) => (Err(ended), made),
    };
    let now_us = clock::now_us();
    match outcome {
        Ok(false) => {}
        Ok(true) => (job.status, job.completed_at_us) = (Status::Ready, Some(now_us)),
        Err(Ended { why, failure }) => {
            (job.status, job.completed_at_us) = (Status::Failed, Some(now_us));
            (job.error, job.failure) = (Some(why), Some(failure));
        }
    }
    let user_id = job.user_id;
    let advanced = leased.with(job);
    let day = Day { entries: made, bytes: 0 };
    store::advance(&advanced, async |tx| store::count_day(tx, user_id, day, now_us).await, now_us).await?;
    Ok(())
}

type Went = Result<(bool, u64), (Ended, u64)>;

/// Whether the import is over, and how many entries and moods were made.
async fn go_on(job: &mut Job, settings: Settings) -> Result<Went, Error> {
    let before = job.clone();
    let ended = |failure: Failure, why: &str| Ok(Err((Ended { why: why.to_owned(), failure }, 0)));
    let gone = Failure::of(Reason::UploadGone);
    let Some(upload) = job.upload_id else { return ended(gone, "The import has no upload.") };
    let pieces = store::pieces(upload, job.user_id).await?;
    if pieces.is_empty() {
        return ended(gone, "The upload is gone: send it again.");
    }
    let wanted = job.format.as_deref().and_then(format::imported);
    let import = match Import::open(Uploaded::new(upload, pieces), wanted).await {
        Ok(import) => import,
        Err(BadArchive::Store(error)) => return Err(Error::Unavailable(error.to_string())),
        Err(error) => return ended(Failure::from(&error), &error.to_string()),
    };
    job.format = Some(format::named(import.format()).to_owned());
    let mut state: State = serde_json::from_value(job.state.clone()).unwrap_or_default();
    let used = store::day(job.user_id, clock::now_us()).await?.entries;
    let mut importing = Importing {
        job: &before,
        import: &import,
        context: context(job.id),
        report: Report::of(&job.report),
        books: HashMap::new(),
        day: settings.entries_a_day,
        room: settings.entries_a_day.saturating_sub(used),
        made: 0,
    };
    if state == State::default() {
        import.problems().into_iter().for_each(|problem| importing.report.problem(problem));
    }
    let ended = importing.units(job, &mut state).await?;
    let made = importing.made;
    job.report = serde_json::to_value(&importing.report).map_err(no_json)?;
    job.state = serde_json::to_value(state).map_err(no_json)?;
    Ok(match ended {
        Some(ended) => Err((ended, made)),
        None => Ok((state.unit >= import.units().len(), made)),
    })
}

fn no_json(error: serde_json::Error) -> Error {
    Error::Internal(error.to_string())
}

/// No user calls: the job says whose it is.
fn context(job: Uuid) -> CallContext {
    CallContext {
        credential: Credential::Anonymous,
        correlation_id: job.to_string(),
        traceparent: None,
        deadline_ms: None,
    }
}

// === impl Importing ===

impl Importing<'_> {
    /// Records until the stretch's time is over; why the import ends, if it does before its end. The time begins when the first file is
    /// read, so that a large one on a slow machine comes to its records.
    async fn units(&mut self, job: &mut Job, state: &mut State) -> Result<Option<Ended>, Error> {
        let mut until_us = None;
        while let Some(unit) = self.import.units().get(state.unit) {
            let items = self.import.read(unit).await.map_err(|error| Error::Unavailable(error.to_string()))?;
            let until_us = *until_us.get_or_insert_with(|| clock::now_us().saturating_add(STRETCH_US));
            if state.counted <= state.unit {
                state.counted = state.unit + 1;
                job.total += items.len() as u64;
            }
            for (item, number) in items.into_iter().zip(0_usize..).skip(state.item) {
                if clock::now_us() >= until_us {
                    return Ok(None);
                }
                if let Some(ended) = self.item(item, unit, number).await? {
                    return Ok(Some(ended));
                }
                state.item = number + 1;
                job.done += 1;
            }
            (state.unit, state.item) = (state.unit + 1, 0);
        }
        Ok(None)
    }

    async fn item(&mut self, item: Result<Item, Problem>, unit: &str, number: usize) -> Result<Option<Ended>, Error> {
        let at = format!("{unit}, record {}", number + 1);
        match item {
            Err(problem) => {
                self.report.skipped += 1;
                self.report.problem(problem);
            }
            Ok(Item::Journal(name)) => {
                self.book(&name, &at).await?;
            }
            Ok(Item::Tag(name)) => {
                let call = imports::import_tag(self.context.clone(), self.job.id.to_string(), name, self.job.dry_run);
                let outcome = self.kept(call.await, &at)?;
                self.report.tags += u32::from(matches!(outcome, Some(imports::Outcome::Created)));
            }
            Ok(Item::Mood(mood)) => return self.mood(mood, &at).await,
            Ok(Item::Entry(record)) => return self.entry(*record, &at).await,
        }
        Ok(None)
    }

    /// Why the import ends, when as much was made today as may be.
    fn is_full(&self) -> Option<Ended> {
        let text = "As many entries and moods as can be imported in a day are: import the same again tomorrow, and it goes on behind them.";
        (self.room <= self.made && !self.job.dry_run)
            .then(|| Ended { why: text.to_owned(), failure: Failure::of(Reason::DayFull).with_max(self.day) })
    }

    async fn mood(&mut self, mood: MoodRecord, at: &str) -> Result<Option<Ended>, Error> {
        if let Some(ended) = self.is_full() {
            return Ok(Some(ended));
        }
        // What the account itself has exported is there under its own id.
        if let Some(former) = id::parse(&mood.id).filter(|_| self.import.format() == Format::Mindflow) {
            match self.recorded(former, &mood, true, at).await? {
                Some(imports::Outcome::Created) => {}
                Some(_) => {
                    self.report.duplicates += 1;
                    return Ok(None);
                }
                None => return Ok(None),
            }
        }
        let id = self.id("mood", &mood.id, 0, mood.at.0);
        match self.recorded(id, &mood, self.job.dry_run, at).await? {
            Some(imports::Outcome::Created) => {
                self.report.moods += 1;
                self.made += u64::from(!self.job.dry_run);
            }
            Some(_) => self.report.duplicates += 1,
            None => {}
        }
        Ok(None)
    }

    async fn recorded(
        &mut self,
        id: Uuid,
        mood: &MoodRecord,
        dry_run: bool,
        at: &str,
    ) -> Result<Option<imports::Outcome>, Error> {
        let MoodRecord { mood, note, at: felt_at, .. } = mood;
        let (context, job) = (self.context.clone(), self.job.id.to_string());
        let call = imports::import_mood(context, job, id.to_string(), (*mood).into(), note.clone(), felt_at.0, dry_run);
        let outcome = call.await;
        self.kept(outcome, at)
    }

    async fn entry(&mut self, record: Record, at: &str) -> Result<Option<Ended>, Error> {
        if let Some(ended) = self.is_full() {
            return Ok(Some(ended));
        }
        let before = self.report.problems.len();
        let book = match &record.journal {
            Some(name) => self.book(name, at).await?,
            None => self.job.book_id.map(|id| id.to_string()),
        };
        for turn in 0..RETURNS_MAX {
            let entry = self.prepared(&record, book.clone(), turn, at);
            let ids: Vec<Uuid> =
                [&entry.entry.id, &entry.former_id].into_iter().flatten().filter_map(|text| id::parse(text)).collect();
            if self.is_done(&record, entry, at).await? {
                self.report.is_about(before, &ids);
                return Ok(None);
            }
        }
        let text = "What came of this record was removed for good too often.";
        self.skip(Problem::new(at, "not-found", text).about("id"));
        Ok(None)
    }

    /// Whether the record needs no further turn: not when what came of it in this one was removed for good.
    async fn is_done(&mut self, record: &Record, mut entry: imports::ImportedEntry, at: &str) -> Result<bool, Error> {
        // What is there already, or breaks a rule, brings no files.
        if !record.media.is_empty() && !self.job.dry_run {
            match self.written(&entry, true, at).await? {
                Some(imports::Outcome::Created) => self.media(record, &mut entry, at).await?,
                Some(imports::Outcome::Ended) => return Ok(false),
                Some(_) => {
                    self.report.duplicates += 1;
                    return Ok(true);
                }
                None => return Ok(true),
            }
        }
        match self.written(&entry, self.job.dry_run, at).await? {
            Some(imports::Outcome::Created) => {
                self.report.entries += 1;
                self.made += u64::from(!self.job.dry_run);
                if self.job.dry_run {
                    self.foresee(record);
                }
            }
            Some(imports::Outcome::Ended) => return Ok(false),
            Some(_) => self.report.duplicates += 1,
            None => {}
        }
        Ok(true)
    }

    async fn written(
        &mut self,
        entry: &imports::ImportedEntry,
        dry_run: bool,
        at: &str,
    ) -> Result<Option<imports::Outcome>, Error> {
        let call = imports::import_entry(self.context.clone(), self.job.id.to_string(), entry.clone(), dry_run);
        let outcome = call.await;
        self.kept(outcome, at)
    }

    /// What became of a record; `None` when it is reported and left out.
    fn kept(&mut self, outcome: Result<imports::Outcome, Error>, at: &str) -> Result<Option<imports::Outcome>, Error> {
        match outcome {
            Ok(imports::Outcome::Refused(broken)) => {
                for error in broken {
                    self.report.problem(report::broken(at, &error));
                }
                self.report.skipped += 1;
                Ok(None)
            }
            Ok(outcome) => Ok(Some(outcome)),
            Err(Error::QuotaExceeded(full)) => {
                self.skip(report::full(at, full));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn skip(&mut self, problem: Problem) {
        self.report.skipped += 1;
        self.report.problem(problem);
    }

    /// The id of the journal; `None` for the default one.
    async fn book(&mut self, name: &str, at: &str) -> Result<Option<String>, Error> {
        if let Some(known) = self.books.get(name) {
            return Ok(known.clone());
        }
        let short: String = name.chars().take(TAG_CHARS_MAX).collect();
        let call = imports::import_book(self.context.clone(), self.job.id.to_string(), short, self.job.dry_run);
        let (book, is_made) = match call.await {
            Ok(found) => found,
            Err(Error::Invalid(_) | Error::QuotaExceeded(_)) => {
                let text = format!("The journal “{name}” cannot be made: its entries are in the default one.");
                self.report.problem(Problem::new(at, "format", text).about("journalId").with(json!({ "value": name })));
                (None, false)
            }
            Err(error) => return Err(error),
        };
        self.report.journals += u32::from(is_made);
        self.books.insert(name.to_owned(), book.clone());
        Ok(book)
    }

    /// As the command service takes it, with what does not fit cut off and reported.
    fn prepared(&mut self, record: &Record, book: Option<String>, turn: u8, at: &str) -> imports::ImportedEntry {
        if turn == 0
            && let Some(problem) = report::left_out(at, ("tags", "tags"), record.tags.len(), TAGS_MAX)
        {
            self.report.problem(problem);
        }
        let tags = record.tags.iter().take(TAGS_MAX).map(|tag| tag.chars().take(TAG_CHARS_MAX).collect::<String>());
        let made_us = record.created_at.map_or_else(|| clock::midnight_us(record.entry_date.0), |made| made.0);
        let media = record.media.iter().filter(|medium| medium.file.is_some()).take(MEDIA_MAX);
        let is_ours = self.import.format() == Format::Mindflow;
        imports::ImportedEntry {
            entry: journal::NewEntry {
                id: Some(self.id("entry", &record.id, turn, made_us).to_string()),
                title: record.title.clone(),
                content: record.content.clone(),
                mood: record.mood.map(Into::into),
                tags: tags.filter(|tag| !tag.trim().is_empty()).collect(),
                entry_date: Some(record.entry_date.to_string()),
                attachment_ids: media.map(|medium| self.id("media", &medium.id, 0, made_us).to_string()).collect(),
                client_mutation_id: None,
                private: record.private,
                draft: record.draft,
                pinned: record.pinned,
                favourite: record.favourite,
                book_id: book,
                entry_time: record.entry_time.clone(),
                place: record.place.as_ref().map(|place| mindflow_guest::journal::Place {
                    name: place.name.clone(),
                    latitude: place.latitude.map(mindflow_events::Degrees::value),
                    longitude: place.longitude.map(mindflow_events::Degrees::value),
                }),
            },
            created_at: record.created_at.map(|made| made.0),
            updated_at: record.updated_at.map(|changed| changed.0),
            published_at: record.published_at.map(|published| published.0),
            former_id: (is_ours && id::parse(&record.id).is_some()).then(|| record.id.clone()),
        }
    }

    /// Brings the record's files, and lets its text refer to them by their new ids.
    async fn media(&mut self, record: &Record, entry: &mut imports::ImportedEntry, at: &str) -> Result<(), Error> {
        self.foresee(record);
        if let Some(problem) = report::left_out(at, ("attachmentIds", "files"), record.media.len(), MEDIA_MAX) {
            self.report.problem(problem);
        }
        let made_us = record.created_at.map_or_else(|| clock::midnight_us(record.entry_date.0), |made| made.0);
        let mut kept = Vec::new();
        let there = record.media.iter().filter_map(|medium| medium.file.as_ref().map(|file| (medium, file)));
        for (medium, file) in there.take(MEDIA_MAX) {
            let new = self.id("media", &medium.id, 0, made_us);
            match self.medium(new, file, &medium.name).await? {
                Ok(()) => {
                    entry.entry.content = entry.entry.content.replace(&medium.reference(), &format!("media:{new}"));
                    kept.push(new.to_string());
                }
                Err(problem) => {
                    self.report.missing_media += 1;
                    self.report.media = self.report.media.saturating_sub(1);
                    self.report.problem(problem.at(format!("{at}, {file}")));
                }
            }
        }
        entry.entry.attachment_ids = kept;
        Ok(())
    }

    /// Counts a record's files.
    fn foresee(&mut self, record: &Record) {
        for medium in record.media.iter().take(MEDIA_MAX) {
            let count = if medium.file.is_some() { &mut self.report.media } else { &mut self.report.missing_media };
            *count = count.saturating_add(1);
        }
    }

    /// Brings one file to the media service.
    async fn medium(&self, new: Uuid, file: &str, name: &str) -> Result<Result<(), Problem>, Error> {
        let bad = |error: &BadArchive| Ok(Err(Problem::of_archive(file, error)));
        let mut content = match self.import.open_file(file, FILE_BYTES_MAX).await {
            Ok(content) => content,
            Err(BadArchive::Store(error)) => return Err(Error::Unavailable(error.to_string())),
            Err(error) => return bad(&error),
        };
        let upload = files::put_media(new, FILE_BYTES_MAX).await?;
        loop {
            match content.next().await {
                Ok(Some(piece)) => upload.write(piece).await?,
                Ok(None) => break,
                Err(BadArchive::Store(error)) => return Err(Error::Unavailable(error.to_string())),
                // Dropped before its end, the upload leaves nothing.
                Err(error) => return bad(&error),
            }
        }
        let bytes = upload.finish().await?;
        let job = self.job.id.to_string();
        match intake::adopt(self.context.clone(), job, new.to_string(), name.to_owned(), bytes).await {
            Ok(_) => Ok(Ok(())),
            Err(Error::Invalid(broken)) => {
                files::forget_media(new).await?;
                Ok(Err(report::refused(file, &broken)))
            }
            Err(Error::QuotaExceeded(full)) => {
                files::forget_media(new).await?;
                Ok(Err(report::full(file, full)))
            }
            Err(error) => Err(error),
        }
    }

    /// The same for the same thing of the same source, each time that its user imports it.
    fn id(&self, what: &str, source_id: &str, turn: u8, made_us: i64) -> Uuid {
        id_of(self.job.user_id, self.import.format(), what, source_id, turn, made_us)
    }
}

/// A UUID of version 7 whose random bits follow from where the thing comes from.
fn id_of(user_id: Uuid, format: Format, what: &str, source_id: &str, turn: u8, made_us: i64) -> Uuid {
    let mut hash = Sha256::new();
    for text in [format::named(format), what, source_id] {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    hash.update(user_id.as_bytes());
    hash.update([turn]);
    let digest = hash.finalize();
    let mut random = [0; 10];
    random.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
    let now_us = clock::now_us();
    let millis = u64::try_from(made_us.clamp(0, now_us) / 1_000).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
