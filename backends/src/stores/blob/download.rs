//! A file on its way out.

use super::Error;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream::BoxStream};
use mindflow_platform::blob::PIECE_BYTES;
use std::fmt;

/// Gives a file's contents in pieces.
pub struct Download {
    source: BoxStream<'static, object_store::Result<Bytes>>,
    /// Read, but more than fitted the last piece.
    left: Bytes,
}

impl Download {
    pub(super) fn new(source: BoxStream<'static, object_store::Result<Bytes>>) -> Self {
        Self { source, left: Bytes::new() }
    }

    /// The next piece of at most 64 KiB; none at the end.
    ///
    /// # Errors
    /// The store broke off.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let mut piece = BytesMut::new();
        loop {
            let room = PIECE_BYTES - piece.len();
            piece.extend_from_slice(&self.left.split_to(room.min(self.left.len())));
            if piece.len() == PIECE_BYTES {
                break;
            }
            match self.source.next().await {
                Some(bytes) => self.left = bytes?,
                None => break,
            }
        }
        Ok((!piece.is_empty()).then(|| piece.freeze()))
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Download")
    }
}
