//! The service's calls: they write a job down, show what became of jobs, and end them.

use crate::bindings::exports::mindflow::portability::jobs as wit;
use crate::failure::{Failure, Reason};
use crate::report::{Report, Reported};
use crate::store::{self, Job, Kind, NewJob, Status};
use crate::{format, link, upkeep};
use mindflow_formats::{export, import};
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::caller::Caller;
use mindflow_guest::failure::{conflict, invalid};
use mindflow_guest::rules::Rule;
use mindflow_guest::{clock, id};
use serde_json::json;

const PREMIUM: &str = "premium";

pub async fn request_export(context: &CallContext, format: wit::ExportFormat) -> Result<wit::ExportJob, Error> {
    let caller = Caller::prove(context).await?;
    let job = NewJob {
        kind: Kind::Export,
        format: Some(export_name(format)),
        dry_run: false,
        premium: caller.has_role(PREMIUM),
        time_zone: caller.zone_name().to_owned(),
        upload_id: None,
        book_id: None,
    };
    let job = store::begin(&caller, job, clock::now_us()).await?.ok_or_else(|| running("export"))?;
    shown_export(&job).await
}

pub async fn exports(context: &CallContext) -> Result<Vec<wit::ExportJob>, Error> {
    let caller = Caller::prove(context).await?;
    let mut shown = Vec::new();
    for job in store::list(&caller, Kind::Export).await? {
        shown.push(shown_export(&job).await?);
    }
    Ok(shown)
}

pub async fn begin_import(context: &CallContext, input: wit::NewImport) -> Result<wit::ImportJob, Error> {
    let caller = Caller::prove(context).await?;
    let no_upload = || invalid("uploadId", Rule::NotFound, "There is no such upload, or it is older than a day.");
    let upload_id = id::parse(&input.upload_id).ok_or_else(no_upload)?;
    if !store::has_upload(&caller, upload_id).await? {
        return Err(no_upload());
    }
    let no_journal = || invalid("journalId", Rule::NotFound, "You have no such journal: make it first.");
    let book_id = input.journal_id.map(|text| id::parse(&text).ok_or_else(no_journal)).transpose()?;
    let book_id = book_id.filter(|id| *id != caller.user_id);
    if let Some(book_id) = book_id
        && !store::has_book(caller.user_id, book_id).await?
    {
        return Err(no_journal());
    }
    let job = NewJob {
        kind: Kind::Import,
        format: input.format.map(import_name),
        dry_run: input.dry_run,
        premium: caller.has_role(PREMIUM),
        time_zone: caller.zone_name().to_owned(),
        upload_id: Some(upload_id),
        book_id,
    };
    let job = store::begin(&caller, job, clock::now_us()).await?.ok_or_else(|| running("import"))?;
    Ok(shown_import(&job))
}

pub async fn imports(context: &CallContext) -> Result<Vec<wit::ImportJob>, Error> {
    let caller = Caller::prove(context).await?;
    Ok(store::list(&caller, Kind::Import).await?.iter().map(shown_import).collect())
}

/// What is written down of an import stays; an export's file goes.
pub async fn cancel(context: &CallContext, id: &str, kind: Kind) -> Result<(), Error> {
    let not_found = || Error::NotFound("There is no such job, or it is over.".into());
    let caller = Caller::prove(context).await?;
    let id = id::parse(id).ok_or_else(not_found)?;
    let job = store::cancel(&caller, id, kind, clock::now_us()).await?.ok_or_else(not_found)?;
    let done = match kind {
        Kind::Export => upkeep::forget_export(&job).await,
        // The upload may be imported again; it is removed after its day.
        Kind::Import => Ok(()),
    };
    if let Err(error) = done {
        eprintln!("warn correlation_id={} files of the job {id} stay for a day: {error:?}", context.correlation_id);
    }
    Ok(())
}

fn running(what: &str) -> Error {
    conflict("", Rule::InUse, format!("Another {what} of yours is under way: wait for it, or cancel it."))
}

async fn shown_export(job: &Job) -> Result<wit::ExportJob, Error> {
    let url = match (job.status, job.expires_at_us) {
        (Status::Ready, Some(expires_us)) => Some(link::address(link::key().await?, job.id, expires_us)),
        _ => None,
    };
    Ok(wit::ExportJob {
        id: job.id.to_string(),
        format: export_format(job.format.as_deref()),
        status: shown_status(job.status),
        entries_done: count(job.done),
        entries_total: count(job.total),
        media_done: count(job.media_done),
        media_total: count(job.media_total),
        bytes: job.bytes,
        url,
        error: job.error.clone(),
        failure: job.failure.as_ref().map(shown_failure),
        created_at: job.created_at_us,
        completed_at: job.completed_at_us,
        expires_at: job.expires_at_us,
    })
}

fn shown_import(job: &Job) -> wit::ImportJob {
    let report = Report::of(&job.report);
    let problem = |Reported { problem, .. }: &Reported| wit::Problem {
        at: problem.record.clone(),
        field: problem.field.clone(),
        rule: problem.rule.clone(),
        params: json!(problem.params).to_string(),
        message: problem.message.clone(),
    };
    wit::ImportJob {
        id: job.id.to_string(),
        format: job.format.as_deref().and_then(import_format),
        dry_run: job.dry_run,
        status: shown_status(job.status),
        records_done: count(job.done),
        records_total: count(job.total),
        report: wit::Report {
            entries: report.entries,
            duplicates: report.duplicates,
            skipped: report.skipped,
            media: report.media,
            missing_media: report.missing_media,
            tags: report.tags,
            moods: report.moods,
            journals: report.journals,
            problems: report.problems.iter().map(problem).collect(),
            problems_total: report.problems_total,
        },
        error: job.error.clone(),
        failure: job.failure.as_ref().map(shown_failure),
        created_at: job.created_at_us,
        completed_at: job.completed_at_us,
    }
}

fn shown_failure(Failure { reason, files, max }: &Failure) -> wit::Failure {
    let reason = match reason {
        Reason::GaveUp => wit::FailureReason::GaveUp,
        Reason::UploadGone => wit::FailureReason::UploadGone,
        Reason::DayFull => wit::FailureReason::DayFull,
        Reason::NoArchive => wit::FailureReason::NoArchive,
        Reason::NoJournal => wit::FailureReason::NoJournal,
        Reason::TooManyFiles => wit::FailureReason::TooManyFiles,
        Reason::LongDirectory => wit::FailureReason::LongDirectory,
        Reason::ClimbsOut => wit::FailureReason::ClimbsOut,
        Reason::Overlaps => wit::FailureReason::Overlaps,
        Reason::Bomb => wit::FailureReason::Bomb,
        Reason::TooLarge => wit::FailureReason::TooLarge,
        Reason::Encrypted => wit::FailureReason::Encrypted,
        Reason::Packing => wit::FailureReason::Packing,
        Reason::Damaged => wit::FailureReason::Damaged,
    };
    wit::Failure { reason, files: files.clone(), max: *max }
}

fn count(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn shown_status(status: Status) -> wit::Status {
    match status {
        Status::Waiting => wit::Status::Waiting,
        Status::Running => wit::Status::Running,
        Status::Ready => wit::Status::Ready,
        Status::Failed => wit::Status::Failed,
        Status::Cancelled => wit::Status::Cancelled,
        Status::Expired => wit::Status::Expired,
    }
}

fn export_name(format: wit::ExportFormat) -> &'static str {
    match format {
        wit::ExportFormat::Mindflow => "MINDFLOW",
        wit::ExportFormat::DayOne => "DAY_ONE",
        wit::ExportFormat::Html => "HTML",
    }
}

fn export_format(name: Option<&str>) -> wit::ExportFormat {
    match format::exported(name) {
        export::Format::Mindflow => wit::ExportFormat::Mindflow,
        export::Format::DayOne => wit::ExportFormat::DayOne,
        export::Format::Html => wit::ExportFormat::Html,
    }
}

fn import_name(format: wit::ImportFormat) -> &'static str {
    format::named(match format {
        wit::ImportFormat::Mindflow => import::Format::Mindflow,
        wit::ImportFormat::DayOne => import::Format::DayOne,
        wit::ImportFormat::Markdown => import::Format::Markdown,
        wit::ImportFormat::Journiv => import::Format::Journiv,
        wit::ImportFormat::Daylio => import::Format::Daylio,
    })
}

fn import_format(name: &str) -> Option<wit::ImportFormat> {
    Some(match format::imported(name)? {
        import::Format::Mindflow => wit::ImportFormat::Mindflow,
        import::Format::DayOne => wit::ImportFormat::DayOne,
        import::Format::Markdown => wit::ImportFormat::Markdown,
        import::Format::Journiv => wit::ImportFormat::Journiv,
        import::Format::Daylio => wit::ImportFormat::Daylio,
    })
}
