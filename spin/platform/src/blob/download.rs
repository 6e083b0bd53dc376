//! A file on its way out.

use std::pin::pin;

use async_lock::Mutex;
use bytes::{Buf, Bytes};
use http_body_util::BodyExt;
use mindflow_platform::blob::PIECE_BYTES;
use wasip3::http_compat::IncomingResponseBody;

use crate::bindings::exports::mindflow::platform::blob::{Error, GuestDownload};
use mindflow_spin_guest::http::Failure;

/// Gives a file's contents in pieces.
pub struct Reading(Mutex<Source>);

struct Source {
    /// None at its end.
    body: Option<IncomingResponseBody>,
    /// Read, but more than fitted the last piece.
    left: Bytes,
}

impl Reading {
    pub fn new(body: IncomingResponseBody) -> Self {
        Self(Mutex::new(Source { body: Some(body), left: Bytes::new() }))
    }
}

impl GuestDownload for Reading {
    async fn next(&self) -> Result<Option<Vec<u8>>, Error> {
        let mut source = self.0.lock().await;
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        loop {
            let room = PIECE_BYTES.saturating_sub(piece.len());
            let fits = room.min(source.left.remaining());
            piece.extend_from_slice(&source.left.split_to(fits));
            if piece.len() == PIECE_BYTES {
                break;
            }
            match source.read().await? {
                Some(bytes) => source.left = bytes,
                None => break,
            }
        }
        Ok((!piece.is_empty()).then_some(piece))
    }
}

impl Source {
    async fn read(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(body) = &mut self.body else { return Ok(None) };
        let frame = pin!(body.frame()).await;
        match frame.transpose() {
            Ok(Some(frame)) => Ok(Some(frame.into_data().unwrap_or_default())),
            Ok(None) => {
                self.body = None;
                Ok(None)
            }
            Err(code) => {
                self.body = None;
                Err(Failure::from(code).into())
            }
        }
    }
}
