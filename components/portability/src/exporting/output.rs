//! A part as it is written: pieces go on to the container as soon as there are enough of them.

use crate::files;
use jiff::Timestamp;
use mindflow_formats::zip::{Packing, TooMuch, Writer};
use mindflow_guest::blob::Upload;
use mindflow_guest::call::Error;
use uuid::Uuid;

/// What is kept before it is sent on.
const PIECE_BYTES: usize = 256 << 10;
/// What is packed in one go: a library's buffers are as large again.
const PACKED_BYTES: usize = 64 << 10;

pub struct Output {
    upload: Upload,
    buffer: Vec<u8>,
    directory: Vec<u8>,
    /// Names of media in the archive, to be kept with the part.
    names: Vec<(Uuid, String)>,
    sent: u64,
}

impl Output {
    pub async fn begin(job: Uuid, number: u32, bytes_max: u64) -> Result<Self, Error> {
        let upload = files::put_part(job, number, bytes_max).await?;
        Ok(Self { upload, buffer: Vec::new(), directory: Vec::new(), names: Vec::new(), sent: 0 })
    }

    /// Of the part so far.
    pub fn bytes(&self) -> u64 {
        self.sent + self.buffer.len() as u64
    }

    /// As they are.
    pub async fn raw(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
        self.buffer.extend_from_slice(bytes.as_ref());
        self.flush(PIECE_BYTES).await
    }

    /// Begins a file of the archive.
    pub fn begin_file(&mut self, writer: &mut Writer, name: &str, modified_us: i64) -> Result<(), Error> {
        let modified = Timestamp::from_microsecond(modified_us).unwrap_or_default();
        writer.begin(name, modified, &mut self.buffer, &mut self.directory).map_err(too_much)
    }

    /// Goes on with it.
    pub async fn write(&mut self, writer: &mut Writer, bytes: &[u8], packing: Packing) -> Result<(), Error> {
        for piece in bytes.chunks(PACKED_BYTES) {
            writer.write(piece, packing, &mut self.buffer).map_err(too_much)?;
            self.flush(PIECE_BYTES).await?;
        }
        Ok(())
    }

    /// A whole file.
    pub async fn file(&mut self, writer: &mut Writer, name: &str, modified_us: i64, bytes: &[u8]) -> Result<(), Error> {
        self.begin_file(writer, name, modified_us)?;
        self.write(writer, bytes, Packing::Small).await?;
        self.end_file(writer);
        Ok(())
    }

    pub fn end_file(&mut self, writer: &mut Writer) {
        writer.end(&mut self.buffer, &mut self.directory);
    }

    pub fn name(&mut self, id: Uuid, name: String) {
        self.names.push((id, name));
    }

    pub fn names(&self) -> &[(Uuid, String)] {
        &self.names
    }

    pub fn take_names(&mut self) -> Vec<(Uuid, String)> {
        std::mem::take(&mut self.names)
    }

    pub fn take_directory(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.directory)
    }

    /// The bytes of the part, and what is to be kept of the archive's directory.
    pub async fn finish(mut self) -> Result<(u64, Vec<u8>), Error> {
        self.flush(1).await?;
        let bytes = self.upload.finish().await?;
        Ok((bytes, self.directory))
    }

    async fn flush(&mut self, bytes_min: usize) -> Result<(), Error> {
        if self.buffer.len() < bytes_min {
            return Ok(());
        }
        for piece in std::mem::take(&mut self.buffer).chunks(PACKED_BYTES) {
            self.upload.write(piece.to_vec()).await?;
            self.sent += piece.len() as u64;
        }
        Ok(())
    }
}

fn too_much(error: TooMuch) -> Error {
    Error::Internal(error.to_string())
}
