//! An export: a stretch writes one part of it and the place where the next goes on. What is in memory is a page of entries or a piece of
//! a file, however large the journal is.

mod day_one;
mod html;
mod mindflow;
mod output;
mod source;

use crate::settings::{self, STRETCH_US};
use crate::store::{self, Job, Leased, Part, Status};
use crate::{files, format};
use mindflow_formats::export::Format;
use mindflow_formats::zip::Writer;
use mindflow_guest::{call::Error, clock};
use output::Output;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A part is sent on when it has so many bytes.
const PART_BYTES: u64 = 64 << 20;
/// More is never in one: a part, and the largest file that may follow.
const PART_BYTES_MAX: u64 = 256 << 20;

/// Where an export goes on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct State {
    pub phase: Phase,
    /// The last thing of the phase that is written.
    pub after: Option<Uuid>,
    /// Of the phase's numbered files.
    pub number: u64,
    /// Of journals, while each has a file.
    pub journal: usize,
    /// Whether an entry of the journal is written.
    pub has_entry: bool,
    pub parts: u32,
    pub writer: Writer,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    #[default]
    Head,
    Entries,
    Moods,
    Media,
    Directory,
    Done,
}

/// How many parts are written down.
pub fn parts_of(job: &Job) -> u32 {
    serde_json::from_value::<State>(job.state.clone()).map_or(0, |state| state.parts)
}

pub async fn stretch(leased: Leased) -> Result<(), Error> {
    let mut job = leased.job.clone();
    let mut state: State = serde_json::from_value(job.state.clone()).unwrap_or_default();
    let format = format::exported(job.format.as_deref());
    if state.phase == Phase::Head {
        (job.total, job.media_total) = source::totals(job.user_id).await?;
    }
    let until_us = clock::now_us().saturating_add(STRETCH_US);
    let number = state.parts;
    let mut output = Output::begin(job.id, number, PART_BYTES_MAX).await?;
    while state.phase != Phase::Done && output.bytes() < PART_BYTES && clock::now_us() < until_us {
        match format {
            Format::Mindflow => mindflow::step(&mut job, &mut state, &mut output).await?,
            Format::DayOne => day_one::step(&mut job, &mut state, &mut output).await?,
            Format::Html => html::step(&mut job, &mut state, &mut output).await?,
        }
    }
    if !store::is_held(&leased).await? {
        // The same part may be another run's by now.
        return Ok(());
    }
    let names = output.take_names();
    let (bytes, directory) = output.finish().await?;
    let directory_bytes = directory.len() as u64;
    if directory_bytes > 0 {
        files::put_directory(job.id, number, directory).await?;
    }
    state.parts = number.saturating_add(1);
    job.bytes += bytes;
    let now_us = clock::now_us();
    if state.phase == Phase::Done {
        job.status = Status::Ready;
        job.completed_at_us = Some(now_us);
        job.expires_at_us = Some(now_us.saturating_add(settings::load().await?.export_us));
    }
    job.state = serde_json::to_value(&state).map_err(|error| Error::Internal(error.to_string()))?;
    let (id, user_id) = (job.id, job.user_id);
    let part = Part { number, bytes, directory_bytes };
    let advanced = leased.with(job);
    let is_kept = store::advance(
        &advanced,
        async |tx| {
            source::keep_names(tx, id, user_id, &names).await?;
            store::add_part(tx, id, user_id, part).await
        },
        now_us,
    )
    .await?;
    if !is_kept && !store::is_wanted(id).await? {
        // It was cancelled meanwhile.
        files::forget_export(id, number.saturating_add(1)).await?;
    }
    Ok(())
}

/// Writes the directory of the archive after its last file: first what was kept of it with each part, then what this stretch added.
async fn close(job: &Job, state: &mut State, output: &mut Output) -> Result<(), Error> {
    output.end_file(&mut state.writer);
    for part in store::parts(job.id).await?.iter().filter(|part| part.directory_bytes > 0) {
        let directory = files::get_directory(job.id, part.number).await?;
        while let Some(piece) = directory.next().await? {
            output.raw(piece).await?;
        }
    }
    let own = output.take_directory();
    output.raw(own).await?;
    let end = std::mem::take(&mut state.writer).finish();
    output.raw(end).await?;
    state.phase = Phase::Done;
    Ok(())
}
