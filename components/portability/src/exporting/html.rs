//! One HTML file. Pictures are inside, in the size that screens show.

use super::mindflow::next;
use super::output::Output;
use super::{Phase, State, source};
use crate::files;
use crate::store::Job;
use base64::{Engine, engine::general_purpose::STANDARD};
use mindflow_formats::Record;
use mindflow_formats::export::html;
use mindflow_guest::{call::Error, id};
use std::collections::HashMap;

/// Larger pictures are named and not shown.
const PICTURE_BYTES_MAX: u64 = 8 << 20;

pub async fn step(job: &mut Job, state: &mut State, output: &mut Output) -> Result<(), Error> {
    match state.phase {
        Phase::Head => {
            let books = source::books(job.user_id).await?;
            let name = books.first().map_or(mindflow_events::DEFAULT_BOOK, |book| &book.name);
            output.raw(html::before(name)).await?;
            next(state, Phase::Entries);
            Ok(())
        }
        _ => entries(job, state, output).await,
    }
}

async fn entries(job: &mut Job, state: &mut State, output: &mut Output) -> Result<(), Error> {
    let page = source::entries(job.user_id, state.after, None).await?;
    let Some((last, _)) = page.last() else {
        output.raw(html::BEHIND).await?;
        next(state, Phase::Done);
        return Ok(());
    };
    state.after = Some(*last);
    for (_, record) in &page {
        let pictures = pictures(record).await?;
        job.media_done += pictures.len() as u64;
        job.done += 1;
        output.raw(html::entry(record, &pictures)).await?;
    }
    Ok(())
}

/// Addresses with the pictures in them, by their ids.
async fn pictures(record: &Record) -> Result<HashMap<String, String>, Error> {
    let mut pictures = HashMap::new();
    let images = record
        .media
        .iter()
        .filter(|medium| medium.content_type.as_deref().is_some_and(|kind| kind.starts_with("image/")));
    for medium in images {
        let Some(file_id) = id::parse(&medium.id) else { continue };
        let mut found = files::get_media(file_id, files::DISPLAY).await?;
        if found.is_none() {
            found = files::get_media(file_id, files::ORIGINAL).await?;
        }
        let Some((info, file)) = found.filter(|(info, _)| info.bytes <= PICTURE_BYTES_MAX) else { continue };
        let bytes = files::whole(file, usize::try_from(info.bytes).unwrap_or(usize::MAX)).await?;
        // Browsers know a picture by its first bytes.
        pictures.insert(medium.id.clone(), format!("data:image;base64,{}", STANDARD.encode(bytes)));
    }
    Ok(pictures)
}
