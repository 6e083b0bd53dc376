//! What is to be imported comes as the body of a request, as it is: an archive, or a table. The platform takes bodies of some MiB, so a
//! larger one comes in pieces, each of which says where it begins; one that broke off is sent again. Uploads count against the day's
//! bytes, each piece when it is whole: one that broke off, or that the day has no room for, counts for nothing. They are kept for a day,
//! and are read by the jobs that name them.

use crate::store::{Added, Place, UploadedPiece};
use crate::{files, settings, store};
use http::{StatusCode, request::Parts};
use mindflow_guest::call::Error;
use mindflow_guest::rate_limits::{self, Holder};
use mindflow_guest::rules::Rule;
use mindflow_guest::web::failure::{Failure, Kind};
use mindflow_guest::web::{Response, wire};
use mindflow_guest::{blob, clock, failure, id};
use serde_json::json;
use uuid::Uuid;
use wasip3::http::types::ErrorCode;

/// Where a piece begins.
pub const OFFSET: &str = "offset";
/// The limit in the manifest.
const LIMIT: &str = "import-pieces";
/// Less than the host takes of a body.
const PIECE_BYTES_MAX: u64 = 8 << 20;

/// The first piece, which may be all.
pub async fn begin(body: wire::Incoming, user_id: Uuid) -> Result<Response, Failure> {
    let upload_id = id::new(clock::now_us());
    take(body, user_id, upload_id, 0).await
}

/// A further piece, which begins where the others end.
pub async fn go_on(head: &Parts, body: wire::Incoming, user_id: Uuid, upload_id: Uuid) -> Result<Response, Failure> {
    let bytes: u64 = store::pieces(upload_id, user_id).await?.iter().map(|piece| piece.bytes).sum();
    if bytes == 0 {
        return Err(Failure::new(Kind::NotFound, "There is no such upload."));
    }
    let query = head.uri.query().unwrap_or_default();
    let offset = query.split('&').find_map(|pair| pair.strip_prefix(OFFSET)?.strip_prefix('=')?.parse::<u64>().ok());
    if offset != Some(bytes) {
        return Err(elsewhere(bytes).into());
    }
    take(body, user_id, upload_id, bytes).await
}

async fn take(mut body: wire::Incoming, user_id: Uuid, upload_id: Uuid, starts_at: u64) -> Result<Response, Failure> {
    rate_limits::take(LIMIT, Holder::Named(user_id.to_string()), 1).await?;
    let now_us = clock::now_us();
    let limit = settings::load().await?.bytes_a_day;
    let used = store::day(user_id, now_us).await?.bytes;
    if used >= limit {
        return Err(full(used, limit).into());
    }
    let piece_id = id::random();
    let received = receive(&mut body, upload_id, piece_id).await;
    let bytes = match (received, body.end().await) {
        (_, Err(ErrorCode::HttpRequestBodySize(_))) => return Err(too_large()),
        (Ok(bytes), Err(_)) => {
            files::forget_pieces(upload_id, &[UploadedPiece { id: piece_id, bytes }]).await?;
            return Err(Failure::new(Kind::Malformed, "The request body broke off."));
        }
        (received, _) => received?,
    };
    let piece = UploadedPiece { id: piece_id, bytes };
    let place = Place { upload: upload_id, user_id, starts_at };
    let refused = match store::add_piece(place, piece, limit, now_us).await? {
        Added::Kept => None,
        Added::Elsewhere => Some(elsewhere(starts_at.saturating_add(bytes))),
        Added::Full(used) => Some(full(used, limit)),
    };
    if let Some(refusal) = refused {
        files::forget_pieces(upload_id, &[piece]).await?;
        return Err(refusal.into());
    }
    let answer = json!({"uploadId": upload_id, "bytes": starts_at + bytes});
    Ok(Response::json(StatusCode::CREATED, &answer).header("cache-control", "no-store"))
}

async fn receive(body: &mut wire::Incoming, upload_id: Uuid, piece_id: Uuid) -> Result<u64, Failure> {
    let upload = files::put_piece(upload_id, piece_id, PIECE_BYTES_MAX).await?;
    let mut bytes = 0;
    while let Some(piece) = body.next().await {
        bytes += piece.len() as u64;
        match upload.write(piece).await {
            Err(blob::Error::TooLarge(_)) => return Err(too_large()),
            other => other.map_err(Error::from)?,
        }
    }
    if bytes == 0 {
        return Err(Failure::new(Kind::Malformed, "The body is empty: send the archive as it is."));
    }
    upload.finish().await.map_err(Error::from)?;
    Ok(bytes)
}

fn too_large() -> Failure {
    let mib = PIECE_BYTES_MAX >> 20;
    Failure::new(
        Kind::TooLarge,
        format!("A piece of an upload may have at most {mib} MiB: send what is larger in several."),
    )
}

fn elsewhere(bytes: u64) -> Error {
    let range = Rule::Range { min: i64::try_from(bytes).ok(), max: i64::try_from(bytes).ok() };
    failure::invalid(OFFSET, range, format!("The upload has {bytes} bytes: the next piece begins there."))
}

fn full(used: u64, limit: u64) -> Error {
    let message = format!(
        "You have uploaded {used} of {limit} bytes for imports today, and there is no room for this piece: go on tomorrow."
    );
    failure::quota_exceeded("importBytes", used, limit, message)
}
