//! An upload, from the request to the container: given room, checked by its first bytes, bounded while it is received, an image processed
//! by the codec, and then recorded. A failure before that leaves nothing behind.

use crate::caller::Caller;
use crate::kind::{self, FILE_BYTES_MAX, Sound};
use crate::route::Rendition;
use crate::services::images;
use crate::sound::Ends;
use crate::{file_name, files, form, quota, rate, store, view};
use bytes::Bytes;
use futures::future::{Either, select};
use futures::stream;
use http::{StatusCode, request::Parts};
use mindflow_guest::blob::{self, Upload};
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::clock;
use mindflow_guest::rules::Rule;
use mindflow_guest::sql::Identity;
use mindflow_guest::web::failure::{Failure, Kind};
use mindflow_guest::web::{Response, wire};
use send_wrapper::SendWrapper;
use sha2::{Digest, Sha256};
use std::pin::pin;
use uuid::Uuid;
use wasip3::clocks::monotonic_clock;
use wasip3::http::types::ErrorCode;

/// 10 MiB at a megabit a second. Less than the host gives the whole call, so that a slow client fails itself alone.
const RECEIVE_NS_MAX: u64 = 90_000_000_000;

pub async fn take(head: &Parts, mut body: wire::Incoming, caller: &Caller) -> Result<Response, Failure> {
    let boundary = form::boundary(&head.headers)?;
    let now_us = clock::now_us();
    let id = mindflow_guest::id::new(now_us);
    let room = rate::announced(&head.headers).clamp(1, FILE_BYTES_MAX);
    if let Err(full) = quota::take(caller.user_id, &caller.identity(), id, room, now_us).await {
        drain(&mut body).await;
        return Err(full.into());
    }
    let outcome = match receive(&mut body, boundary, id).await {
        Ok(received) => match body.end().await {
            Ok(()) => keep(id, received, room, caller, now_us).await,
            Err(_) => Err(Failure::new(Kind::Malformed, "The request body broke off.")),
        },
        // What the form lacks may be what the host cut off.
        Err(failure) if failure.kind == Kind::Malformed => match body.end().await {
            Err(ErrorCode::HttpRequestBodySize(_)) => Err(too_large()),
            _ => Err(failure),
        },
        Err(failure) => Err(failure),
    };
    if outcome.is_err()
        && let Err(error) = forget(id, caller).await
    {
        eprintln!(
            "warn correlation_id={} the upload {id} was refused and stays: {error:?}",
            caller.context.correlation_id
        );
    }
    outcome
}

/// Removes what there is of the upload, and gives back its room when nothing is left.
async fn forget(id: Uuid, caller: &Caller) -> Result<(), Error> {
    files::forget(id).await?;
    quota::give_back(caller.user_id, &caller.identity(), id).await
}

/// Most clients read no answer before they have sent everything. The host bounds what that can be.
async fn drain(body: &mut wire::Incoming) {
    let draining = pin!(async { while body.next().await.is_some() {} });
    select(draining, pin!(monotonic_clock::wait_for(RECEIVE_NS_MAX))).await;
}

fn too_large() -> Failure {
    Failure::new(Kind::TooLarge, format!("A file may have at most {} MiB.", FILE_BYTES_MAX >> 20))
}

/// What has come.
pub struct Received {
    pub file_name: String,
    pub kind: kind::Upload,
}

/// Brings the file into the container within the time.
async fn receive(body: &mut wire::Incoming, boundary: String, id: Uuid) -> Result<Received, Failure> {
    let receiving = pin!(async {
        let outcome = read(body, boundary, id).await;
        // Most clients read no answer before they have sent everything. The host bounds what that can be.
        while body.next().await.is_some() {}
        outcome
    });
    match select(receiving, pin!(monotonic_clock::wait_for(RECEIVE_NS_MAX))).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(_) => Err(Failure::new(
            Kind::TimedOut,
            format!("The file did not arrive within {} seconds.", RECEIVE_NS_MAX / 1_000_000_000),
        )),
    }
}

async fn read(body: &mut wire::Incoming, boundary: String, id: Uuid) -> Result<Received, Failure> {
    let pieces = stream::unfold(body, async |body| {
        let piece = body.next().await?;
        Some((Bytes::from(piece), body))
    });
    // The parser requires `Send`; a sandbox has one thread, and the wrapper checks that.
    let mut form = form::read(SendWrapper::new(pieces), boundary);
    let mut received = None;
    while let Some(field) = form.next_field().await.map_err(|error| form::refused(&error))? {
        if field.name() != Some(form::FIELD) {
            continue;
        }
        if received.is_some() {
            return Err(form::invalid(Rule::items(1, 0), "Send one file at a time."));
        }
        received = Some(put(field, id).await?);
    }
    received.ok_or_else(|| {
        form::invalid(Rule::Required, format!("There is no file: send it in the field `{}`.", form::FIELD))
    })
}

async fn put(mut field: multer::Field<'_>, id: Uuid) -> Result<Received, Failure> {
    let file_name = file_name::plain(file_name::sent(field.headers()).as_deref());
    let mut head = Vec::with_capacity(kind::HEAD_BYTES);
    while head.len() < kind::HEAD_BYTES {
        let Some(piece) = next(&mut field).await? else { break };
        head.extend_from_slice(&piece);
    }
    if head.is_empty() {
        return Err(form::invalid(Rule::Blank, "The file is empty."));
    }
    let kind = kind::of(&head)?;
    let upload = files::put(id, FILE_BYTES_MAX).await?;
    write(&upload, head).await?;
    while let Some(piece) = next(&mut field).await? {
        write(&upload, piece.into()).await?;
    }
    upload.finish().await.map_err(Error::from)?;
    Ok(Received { file_name, kind })
}

async fn next(field: &mut multer::Field<'_>) -> Result<Option<Bytes>, Failure> {
    field.chunk().await.map_err(|error| form::refused(&error))
}

async fn write(upload: &Upload, piece: Vec<u8>) -> Result<(), Failure> {
    match upload.write(piece).await {
        Err(blob::Error::TooLarge(_)) => Err(too_large()),
        other => Ok(other.map_err(Error::from)?),
    }
}

/// Records the upload, and answers how it is seen.
async fn keep(id: Uuid, received: Received, room: u64, caller: &Caller, now_us: i64) -> Result<Response, Failure> {
    let owner = Owner { user_id: caller.user_id, identity: caller.identity(), context: &caller.context };
    let (file, renditions) = record(&owner, id, received, room, now_us).await?;
    let addresses = view::Addresses::now().await?;
    let shown = view::FileView::new(&file, &renditions, &addresses)
        .ok_or_else(|| Error::Internal("the codec answered no original".to_owned()))?;
    Ok(Response::json(StatusCode::CREATED, &shown)
        .header("location", view::path(id))
        .header("cache-control", "no-store"))
}

/// Whose an upload is, and as whom it is recorded.
pub struct Owner<'a> {
    pub user_id: Uuid,
    pub identity: Identity,
    pub context: &'a CallContext,
}

/// Makes the renditions of the upload, takes the room that they need above what was taken, and records it.
pub async fn record(
    owner: &Owner<'_>,
    id: Uuid,
    received: Received,
    room: u64,
    now_us: i64,
) -> Result<(store::NewFile, Vec<store::Rendition>), Error> {
    let Received { file_name, kind } = received;
    let (renditions, duration_ms): (Vec<store::Rendition>, _) = match kind {
        kind::Upload::Image => {
            let prepared = images::prepare(owner.context.clone(), id.to_string()).await?;
            (prepared.into_iter().map(Into::into).collect(), None)
        }
        kind::Upload::Sound(sound) => keep_sound(id, sound).await?,
    };
    let file = store::NewFile { id, file_name, kind, duration_ms, created_at_us: now_us };
    let bytes = renditions.iter().map(|rendition| rendition.bytes).sum();
    if bytes > room {
        quota::take(owner.user_id, &owner.identity, id, bytes, now_us).await?;
    }
    store::add(owner.user_id, &owner.identity, &file, &renditions).await?;
    if let Err(error) = files::forget_upload(id).await {
        eprintln!("warn correlation_id={} what was uploaded as {id} stays: {error:?}", owner.context.correlation_id);
    }
    Ok((file, renditions))
}

/// A sound is its own only rendition. Answers it, and how long it plays.
async fn keep_sound(id: Uuid, sound: Sound) -> Result<(Vec<store::Rendition>, Option<u64>), Error> {
    let (mut ends, mut digest) = (Ends::default(), Sha256::new());
    let bytes = files::keep_upload(id, FILE_BYTES_MAX, |piece| {
        ends.push(piece);
        digest.update(piece);
    })
    .await?;
    let rendition = store::Rendition {
        name: Rendition::Original.name().to_owned(),
        content_type: sound.content_type().to_owned(),
        bytes,
        size: None,
        sha256: digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    Ok((vec![rendition], ends.duration_ms(sound)))
}
