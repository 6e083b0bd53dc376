//! Requests whole, as everything in this component takes them.

use super::body::{self, BODY_BYTES_MAX, BODY_BYTES_USUAL};
use crate::failure::{Failure, Kind};
use crate::memory::{self, Reservation};
use http::request::Parts;
use mindflow_guest::rules::Rule;
use mindflow_guest::web::wire;
use wasip3::http::types::{ErrorCode, Request as WasiRequest};

/// A request whose head was understood; its body may have been too large or broken off.
pub struct Incoming {
    pub parts: Parts,
    pub body: Result<Vec<u8>, Failure>,
    /// Of a body that is larger than usual: its memory, until the request is answered.
    pub place: Option<Reservation>,
}

/// # Errors
/// A head that is no HTTP; the host answers it.
pub async fn receive(request: WasiRequest) -> Result<Incoming, ErrorCode> {
    let parts = wire::head(&request)?;
    let announced = super::header(&parts.headers, "content-length").and_then(|length| length.parse::<usize>().ok());
    let mut place = None;
    let body = body(request, announced.unwrap_or(0), &mut place).await;
    Ok(Incoming { parts, body, place })
}

async fn body(request: WasiRequest, announced: usize, place: &mut Option<Reservation>) -> Result<Vec<u8>, Failure> {
    if announced > BODY_BYTES_MAX {
        return Err(too_large(announced));
    }
    let mut body = wire::Incoming::new(request);
    let mut bytes = Vec::with_capacity(announced.min(BODY_BYTES_USUAL));
    while let Some(piece) = body.next().await {
        // The host has read so much before the call: who sends the rest slowly keeps a place, and no more than six do.
        if place.is_none() && bytes.len() + piece.len() > BODY_BYTES_USUAL {
            *place = Some(memory::receive().await?);
            bytes.reserve(announced.saturating_sub(bytes.len()));
        }
        bytes.extend_from_slice(&piece);
        if bytes.len() > BODY_BYTES_MAX {
            return Err(too_large(0));
        }
    }
    match body.end().await {
        Ok(()) => body::check(&bytes).map(|()| bytes),
        Err(_) => Err(Failure::broken(Kind::Malformed, "", Rule::Damaged, "The request body broke off.")),
    }
}

/// The refusal of a body of so many bytes: 0 where they were not counted.
pub fn too_large(bytes: usize) -> Failure {
    let text = format!("A request body may have at most {BODY_BYTES_MAX} bytes.");
    Failure::broken(Kind::TooLarge, "", Rule::bytes(BODY_BYTES_MAX, bytes), text)
}
