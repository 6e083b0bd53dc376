//! The platform's own format.

use super::output::Output;
use super::{Phase, State, close, source};
use crate::files;
use crate::store::Job;
use mindflow_events::Time;
use mindflow_formats::export;
use mindflow_formats::zip::Packing;
use mindflow_guest::call::Error;

pub async fn step(job: &mut Job, state: &mut State, output: &mut Output) -> Result<(), Error> {
    match state.phase {
        Phase::Head => head(job, state, output).await,
        Phase::Entries => entries(job, state, output).await,
        Phase::Moods => moods(job, state, output).await,
        Phase::Media => media(job, state, output).await,
        Phase::Directory | Phase::Done => close(job, state, output).await,
    }
}

async fn head(job: &Job, state: &mut State, output: &mut Output) -> Result<(), Error> {
    let journals = source::journals(&source::books(job.user_id).await?);
    let head = export::head(Time(job.created_at_us), journals, source::tags(job.user_id).await?);
    let bytes = export::lines(&head).map_err(no_json)?;
    output.file(&mut state.writer, export::HEAD, job.created_at_us, &bytes).await?;
    next(state, Phase::Entries);
    Ok(())
}

/// A page of entries: as JSON, and each as Markdown.
async fn entries(job: &mut Job, state: &mut State, output: &mut Output) -> Result<(), Error> {
    let page = source::entries(job.user_id, state.after, None).await?;
    let Some((last, _)) = page.last() else {
        next(state, Phase::Moods);
        return Ok(());
    };
    state.after = Some(*last);
    state.number += 1;
    job.done += page.len() as u64;
    let mut records: Vec<_> = page.into_iter().map(|(_, record)| record).collect();
    for medium in records.iter_mut().flat_map(|record| &mut record.media) {
        let content_type = medium.content_type.as_deref().unwrap_or_default();
        medium.file = Some(export::media_name(&medium.id, content_type));
    }
    let name = export::numbered(export::ENTRIES, state.number);
    let bytes = export::entries(&records).map_err(no_json)?;
    output.file(&mut state.writer, &name, job.created_at_us, &bytes).await?;
    for record in &records {
        let changed_us = record.updated_at.map_or(job.created_at_us, |at| at.0);
        let text = export::markdown(record);
        output.file(&mut state.writer, &export::markdown_name(record), changed_us, text.as_bytes()).await?;
    }
    Ok(())
}

async fn moods(job: &Job, state: &mut State, output: &mut Output) -> Result<(), Error> {
    let page = source::moods(job.user_id, state.after).await?;
    let Some((last, _)) = page.last() else {
        next(state, Phase::Media);
        return Ok(());
    };
    state.after = Some(*last);
    state.number += 1;
    let moods: Vec<_> = page.into_iter().map(|(_, mood)| mood).collect();
    let name = export::numbered(export::MOODS, state.number);
    let bytes = export::moods(&moods).map_err(no_json)?;
    output.file(&mut state.writer, &name, job.created_at_us, &bytes).await
}

/// One file, in pieces. One that was removed meanwhile is left out.
async fn media(job: &mut Job, state: &mut State, output: &mut Output) -> Result<(), Error> {
    let page = source::media(job.user_id, state.after).await?;
    let Some(medium) = page.first() else {
        next(state, Phase::Directory);
        return Ok(());
    };
    if let Some((info, file)) = files::get_media(medium.id, files::ORIGINAL).await? {
        let name = export::media_name(&medium.id.to_string(), &medium.content_type);
        output.begin_file(&mut state.writer, &name, info.modified_us)?;
        while let Some(piece) = file.next().await? {
            output.write(&mut state.writer, &piece, Packing::AsIs).await?;
        }
        output.end_file(&mut state.writer);
    }
    state.after = Some(medium.id);
    job.media_done += 1;
    Ok(())
}

pub fn next(state: &mut State, phase: Phase) {
    (state.phase, state.after, state.number) = (phase, None, 0);
}

pub fn no_json(error: serde_json::Error) -> Error {
    Error::Internal(format!("what is exported is no JSON: {error}"))
}
