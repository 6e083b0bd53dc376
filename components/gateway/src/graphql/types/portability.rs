//! Exports and imports.

use super::scalars::{AnyJson, Bytes, DateTime};
use crate::services::jobs;
use async_graphql::{Enum, ID, InputObject, SimpleObject};

/// What a journal is written as.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "crate::services::jobs::ExportFormat")]
pub enum ExportFormat {
    /// A ZIP with JSON, Markdown and all files, which can be imported without loss.
    Mindflow,
    /// A ZIP that Day One imports.
    DayOne,
    /// One HTML file that shows and prints by itself.
    Html,
}

/// Where an import comes from.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "crate::services::jobs::ImportFormat")]
pub enum ImportFormat {
    /// An export of this platform.
    Mindflow,
    /// Day One's JSON export as ZIP.
    DayOne,
    /// A folder of Markdown files with front matter as ZIP.
    Markdown,
    /// Journiv's export as ZIP.
    Journiv,
    /// Daylio's backup, or its table (CSV).
    Daylio,
}

/// How far a job is.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "crate::services::jobs::Status")]
pub enum JobStatus {
    /// It has not begun.
    Waiting,
    /// It is under way.
    Running,
    /// It is done.
    Ready,
    /// It ended before its end; `error` says why.
    Failed,
    /// Its user ended it.
    Cancelled,
    /// Its file was removed.
    Expired,
}

/// What made a job fail.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "crate::services::jobs::FailureReason")]
pub enum JobFailureReason {
    /// The platform failed too often, or a part of it was away for too long. Begin it again.
    GaveUp,
    /// The upload is gone: it is kept for a day.
    UploadGone,
    /// As many entries and moods were imported today as can be (`max`). Import the same again tomorrow.
    DayFull,
    /// What was uploaded is no ZIP archive, or a damaged one.
    NoArchive,
    /// The archive has no file of a known format, or of the one that was named.
    NoJournal,
    /// The archive has more files than `max`.
    TooManyFiles,
    /// The list of the archive's files has more bytes than `max`.
    LongDirectory,
    /// A name leads out of the archive.
    ClimbsOut,
    /// Two files lie in the same place.
    Overlaps,
    /// A file unpacks to much more than it announces or takes.
    Bomb,
    /// A file has more bytes than `max`.
    TooLarge,
    /// A file is encrypted.
    Encrypted,
    /// A file is packed in a way that is not read; DEFLATE is.
    Packing,
    /// A file is damaged.
    Damaged,
}

/// Why a job failed, for clients that say it in a language of their own.
#[derive(SimpleObject)]
pub struct JobFailure {
    /// What made it fail. More can be added: show `error` for one that is not known.
    reason: JobFailureReason,
    /// Files of the upload that it is about.
    files: Vec<String>,
    /// The most that there can be, where there was more.
    max: Option<u64>,
}

/// A journal on its way out.
#[derive(SimpleObject)]
pub struct ExportJob {
    /// A UUID.
    id: ID,
    /// What it is written as.
    format: ExportFormat,
    /// How far it is.
    status: JobStatus,
    /// Entries that are written.
    entries_done: u32,
    /// Entries that there were at its beginning.
    entries_total: u32,
    /// Files that are written.
    media_done: u32,
    /// Files that there were at its beginning.
    media_total: u32,
    /// Of the file so far.
    bytes: Bytes,
    /// Where the file is while the job is `READY`: signed, so it needs no token, and it can be fetched in ranges.
    url: Option<String>,
    /// Why it failed.
    error: Option<String>,
    /// The same for programs; null of one that failed before the platform kept it.
    failure: Option<JobFailure>,
    /// When it was asked for.
    created_at: DateTime,
    /// When it was over.
    completed_at: Option<DateTime>,
    /// When the file is removed.
    expires_at: Option<DateTime>,
}

/// What is wrong with a record of an import, which is left out.
#[derive(SimpleObject)]
pub struct ImportProblem {
    /// Where it is in the upload, such as `Travels.json, entry 2`.
    record: String,
    /// What of the record it is about: a field as inputs have it, or its `name`, `id` or `version`. Null of the record as a whole.
    field: Option<String>,
    /// The rule that it breaks, as in errors of inputs.
    rule: String,
    /// The values of the rule, as in errors of inputs; `value` quotes the record, and `quota` names one that is full.
    params: AnyJson,
    /// The same as a sentence.
    message: String,
}

/// What became of the records of an import; of a dry run, what would.
#[derive(SimpleObject)]
pub struct ImportReport {
    /// Entries that were made.
    entries: u32,
    /// Entries and moods that were there already.
    duplicates: u32,
    /// Records that were left out.
    skipped: u32,
    /// Files that were taken in.
    media: u32,
    /// Files that the upload names and does not have, or that are not taken.
    missing_media: u32,
    /// Tags that were made without an entry.
    tags: u32,
    /// Recorded moods that were made.
    moods: u32,
    /// Journals that were made.
    journals: u32,
    /// The first 200.
    problems: Vec<ImportProblem>,
    /// How many there are.
    problems_total: u32,
}

/// A journal on its way in.
#[derive(SimpleObject)]
pub struct ImportJob {
    /// A UUID.
    id: ID,
    /// Where it comes from; null until it is found out.
    format: Option<ImportFormat>,
    /// Whether it only reports what it would do.
    dry_run: bool,
    /// How far it is.
    status: JobStatus,
    /// Records that are read.
    records_done: u32,
    /// Records of the files that are opened; rises while the import goes on.
    records_total: u32,
    /// What became of them so far.
    report: ImportReport,
    /// Why it failed. What was imported until then stays.
    error: Option<String>,
    /// The same for programs; null of one that failed before the platform kept it.
    failure: Option<JobFailure>,
    /// When it was begun.
    created_at: DateTime,
    /// When it was over.
    completed_at: Option<DateTime>,
}

/// An import.
#[derive(InputObject)]
pub struct ImportInput {
    /// Of the answer to `POST /portability/uploads`.
    upload_id: ID,
    /// Where it comes from; found out when left out.
    format: Option<ImportFormat>,
    /// Whether it only reports what it would do. No when left out.
    dry_run: Option<bool>,
    /// Where entries go that name no journal; the default one when left out.
    journal_id: Option<ID>,
}

impl From<jobs::ExportJob> for ExportJob {
    fn from(job: jobs::ExportJob) -> Self {
        Self {
            id: job.id.into(),
            format: job.format.into(),
            status: job.status.into(),
            entries_done: job.entries_done,
            entries_total: job.entries_total,
            media_done: job.media_done,
            media_total: job.media_total,
            bytes: Bytes(job.bytes),
            url: job.url,
            error: job.error,
            failure: job.failure.map(Into::into),
            created_at: DateTime(job.created_at),
            completed_at: job.completed_at.map(DateTime),
            expires_at: job.expires_at.map(DateTime),
        }
    }
}

impl From<jobs::Problem> for ImportProblem {
    fn from(problem: jobs::Problem) -> Self {
        let jobs::Problem { at, field, rule, params, message } = problem;
        let params = serde_json::from_str(&params).unwrap_or_else(|_| serde_json::json!({}));
        Self { record: at, field, rule, params: AnyJson(params), message }
    }
}

impl From<jobs::Failure> for JobFailure {
    fn from(failure: jobs::Failure) -> Self {
        let jobs::Failure { reason, files, max } = failure;
        Self { reason: reason.into(), files, max }
    }
}

impl From<jobs::Report> for ImportReport {
    fn from(report: jobs::Report) -> Self {
        Self {
            entries: report.entries,
            duplicates: report.duplicates,
            skipped: report.skipped,
            media: report.media,
            missing_media: report.missing_media,
            tags: report.tags,
            moods: report.moods,
            journals: report.journals,
            problems: report.problems.into_iter().map(Into::into).collect(),
            problems_total: report.problems_total,
        }
    }
}

impl From<jobs::ImportJob> for ImportJob {
    fn from(job: jobs::ImportJob) -> Self {
        Self {
            id: job.id.into(),
            format: job.format.map(Into::into),
            dry_run: job.dry_run,
            status: job.status.into(),
            records_done: job.records_done,
            records_total: job.records_total,
            report: job.report.into(),
            error: job.error,
            failure: job.failure.map(Into::into),
            created_at: DateTime(job.created_at),
            completed_at: job.completed_at.map(DateTime),
        }
    }
}

impl From<ImportInput> for jobs::NewImport {
    fn from(input: ImportInput) -> Self {
        Self {
            upload_id: input.upload_id.into(),
            format: input.format.map(Into::into),
            dry_run: input.dry_run.unwrap_or(false),
            journal_id: input.journal_id.map(Into::into),
        }
    }
}
