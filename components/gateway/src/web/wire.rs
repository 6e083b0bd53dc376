//! Requests whole, as everything in this component takes them.

use super::body::BODY_BYTES_MAX;
use crate::failure::{Failure, Kind};
use http::request::Parts;
use mindflow_guest::web::wire;
use wasip3::http::types::{ErrorCode, Request as WasiRequest};

/// A request whose head was understood; its body may have been too large or broken off.
pub struct Incoming {
    pub parts: Parts,
    pub body: Result<Vec<u8>, Failure>,
}

/// # Errors
/// A head that is no HTTP; the host answers it.
pub async fn receive(request: WasiRequest) -> Result<Incoming, ErrorCode> {
    let parts = wire::head(&request)?;
    let announced = super::header(&parts.headers, "content-length").and_then(|length| length.parse::<usize>().ok());
    let body = body(request, announced.unwrap_or(0)).await;
    Ok(Incoming { parts, body })
}

async fn body(request: WasiRequest, announced: usize) -> Result<Vec<u8>, Failure> {
    let too_large = || Failure::new(Kind::TooLarge, format!("A request body may have at most {BODY_BYTES_MAX} bytes."));
    if announced > BODY_BYTES_MAX {
        return Err(too_large());
    }
    let mut body = wire::Incoming::new(request);
    let mut bytes = Vec::with_capacity(announced);
    while let Some(piece) = body.next().await {
        bytes.extend_from_slice(&piece);
        if bytes.len() > BODY_BYTES_MAX {
            return Err(too_large());
        }
    }
    match body.end().await {
        Ok(()) => Ok(bytes),
        Err(_) => Err(Failure::new(Kind::Malformed, "The request body broke off.")),
    }
}
