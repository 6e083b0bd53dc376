//! Day One's format: media first, because entries name them by their MD5, and then a file for each journal, which may go over several
//! parts.

use super::mindflow::{next, no_json};
use super::output::Output;
use super::{Phase, State, close, source};
use crate::files;
use crate::store::Job;
use md5::{Digest, Md5};
use mindflow_formats::export::day_one;
use mindflow_formats::zip::Packing;
use mindflow_guest::call::Error;

/// Of an upload, which is in memory while its name is found out.
const FILE_BYTES_MAX: usize = 64 << 20;

pub async fn step(job: &mut Job, state: &mut State, output: &mut Output) -> Result<(), Error> {
    match state.phase {
        Phase::Head => {
            next(state, Phase::Media);
            Ok(())
        }
        Phase::Media => media(job, state, output).await,
        Phase::Entries => entries(job, state, output).await,
        Phase::Moods | Phase::Directory | Phase::Done => close(job, state, output).await,
    }
}

async fn media(job: &mut Job, state: &mut State, output: &mut Output) -> Result<(), Error> {
    let page = source::media(job.user_id, state.after).await?;
    let Some(medium) = page.first() else {
        next(state, Phase::Entries);
        return Ok(());
    };
    if let Some((info, file)) = files::get_media(medium.id, files::ORIGINAL).await? {
        let bytes = files::whole(file, FILE_BYTES_MAX).await?;
        let digest: String = Md5::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let name = day_one::media_name(&digest, &medium.content_type);
        output.begin_file(&mut state.writer, &name, info.modified_us)?;
        output.write(&mut state.writer, &bytes, Packing::AsIs).await?;
        output.end_file(&mut state.writer);
        output.name(medium.id, name);
    }
    state.after = Some(medium.id);
    job.media_done += 1;
    Ok(())
}

async fn entries(job: &mut Job, state: &mut State, output: &mut Output) -> Result<(), Error> {
    let books = source::books(job.user_id).await?;
    let Some(book) = books.get(state.journal) else {
        next(state, Phase::Directory);
        return Ok(());
    };
    if !state.writer.is_open() {
        output.begin_file(&mut state.writer, &day_one::name(&book.name), job.created_at_us)?;
        output.write(&mut state.writer, day_one::BEFORE.as_bytes(), Packing::Small).await?;
        state.has_entry = false;
    }
    let mut page = source::entries(job.user_id, state.after, Some(book)).await?;
    let Some((last, _)) = page.last() else {
        output.write(&mut state.writer, day_one::BEHIND.as_bytes(), Packing::Small).await?;
        output.end_file(&mut state.writer);
        (state.journal, state.after) = (state.journal + 1, None);
        return Ok(());
    };
    state.after = Some(*last);
    job.done += page.len() as u64;
    // Those of this very part are written down with it.
    let mut names = source::names(job.id, source::media_ids(&page)).await?;
    names.extend(output.names().iter().cloned());
    for (_, record) in &mut page {
        for medium in &mut record.media {
            medium.file = mindflow_guest::id::parse(&medium.id).and_then(|id| names.get(&id).cloned());
        }
        let comma = if state.has_entry { ",\n" } else { "" };
        let text = day_one::write(record, &job.time_zone).map_err(no_json)?;
        output.write(&mut state.writer, format!("{comma}{text}").as_bytes(), Packing::Small).await?;
        state.has_entry = true;
    }
    Ok(())
}
