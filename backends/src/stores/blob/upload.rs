//! A file on its way in.

use super::Error;
use bytes::Bytes;
use mindflow_platform::blob::upload_is_over;
use object_store::{MultipartUpload, WriteMultipart};

/// Parts on their way to the store while the next fills; with it, what is in memory of one upload.
const PARTS_IN_FLIGHT_MAX: usize = 2;

/// Takes a file's contents in pieces. Dropped before it is finished, it leaves nothing.
#[derive(Debug)]
pub struct Upload {
    /// None once it is finished or given up.
    parts: Option<WriteMultipart>,
    bytes: u64,
    bytes_max: u64,
}

impl Upload {
    pub(super) fn new(parts: Box<dyn MultipartUpload>, part_bytes: usize, bytes_max: u64) -> Self {
        Self { parts: Some(WriteMultipart::new_with_chunk_size(parts, part_bytes)), bytes: 0, bytes_max }
    }

    /// Appends a piece; waits while the store is slow.
    ///
    /// # Errors
    /// More bytes than the upload may have, or a store that is away. Either ends the upload.
    pub async fn write(&mut self, piece: Bytes) -> Result<(), Error> {
        self.bytes = self.bytes.saturating_add(piece.len() as u64);
        if self.bytes > self.bytes_max {
            self.discard().await;
            return Err(Error::TooLarge(self.bytes_max));
        }
        let Some(parts) = &mut self.parts else { return Err(upload_is_over().into()) };
        match parts.wait_for_capacity(PARTS_IN_FLIGHT_MAX).await {
            Ok(()) => {
                parts.put(piece);
                Ok(())
            }
            Err(error) => {
                self.discard().await;
                Err(error.into())
            }
        }
    }

    /// Puts the file under its key. Answers its size.
    ///
    /// # Errors
    /// The store is away; then nothing is there.
    pub async fn finish(&mut self) -> Result<u64, Error> {
        let Some(parts) = self.parts.take() else { return Err(upload_is_over().into()) };
        parts.finish().await?;
        Ok(self.bytes)
    }

    /// Gives the upload up and waits until nothing of it is left.
    pub async fn discard(&mut self) {
        if let Some(parts) = self.parts.take() {
            give_up(parts).await;
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // S3 keeps parts until the upload is aborted. Without a runtime, only a folder's file is removed.
        if let (Some(parts), Ok(runtime)) = (self.parts.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(give_up(parts));
        }
    }
}

async fn give_up(parts: WriteMultipart) {
    if let Err(error) = parts.abort().await {
        tracing::warn!(%error, "an upload that was given up may have left parts behind");
    }
}
