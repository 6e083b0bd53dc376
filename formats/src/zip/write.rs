//! Writes an archive front to back. All that the writer knows of an archive that it has begun fits into some bytes of JSON for
//! any size of the archive: it can be kept with what was written, and another process goes on from there, even in the middle of a file.
//! (Libraries that write archives keep the directory in memory until the end, and cannot be continued; this is why this one is
//! here. Its archives are read by two that are not: `rc-zip` in the tests, and Python's `zipfile` in the stories.)
//!
//! A file is packed piece by piece, each on its own: DEFLATE allows to go on after a flush with an encoder that knows nothing of what
//! came before. Sizes and checksum follow the file's data, so nothing has to be known before it is read.

use super::layout::{
    CENTRAL_HEADER, DEFLATED, DESCRIPTOR, END, END_64, END_64_LOCATOR, EXTRA_64, FLAGS, LOCAL_HEADER, MADE_BY, MODE,
    Put, VERSION,
};
use flate2::{Compress, Compression, FlushCompress};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// Beyond it, sizes would need another form of the records before and after the data.
const FILE_BYTES_MAX: u64 = 4_000_000_000;
const NAME_BYTES_MAX: usize = 1_024;
/// The last block, which is empty: of fixed codes, with its end alone.
const LAST_BLOCK: [u8; 2] = [0x03, 0x00];
/// An encoder is given so much room for each turn.
const TURN_BYTES: usize = 64 << 10;

/// An archive that is being written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Writer {
    /// Bytes written so far.
    offset: u64,
    files: u64,
    directory_bytes: u64,
    open: Option<Open>,
}

/// The file that is being written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Open {
    name: String,
    header_offset: u64,
    modified: u32,
    crc32: u32,
    packed: u64,
    bytes: u64,
}

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Packing {
    /// For texts.
    Small,
    /// For what is packed already, such as pictures.
    AsIs,
}

/// The archive's format has no room for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    #[error("a file of an archive may have at most {FILE_BYTES_MAX} bytes")]
    FileBytes,
    #[error("the name of a file in an archive may have 1 to {NAME_BYTES_MAX} bytes")]
    Name,
    #[error("the encoder failed")]
    Encoder,
}

// === impl Writer ===

impl Writer {
    /// Bytes of the archive so far.
    pub fn bytes(&self) -> u64 {
        self.offset
    }

    pub fn files(&self) -> u64 {
        self.files
    }

    /// Whether a file is open, which the next call must go on with.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Begins a file; one that is open is ended.
    ///
    /// # Errors
    /// The name is empty or too long.
    pub fn begin(
        &mut self,
        name: &str,
        modified: Timestamp,
        out: &mut Vec<u8>,
        directory: &mut Vec<u8>,
    ) -> Result<(), TooMuch> {
        self.end(out, directory);
        let name_bytes =
            u16::try_from(name.len()).ok().filter(|bytes| (1..=NAME_BYTES_MAX).contains(&usize::from(*bytes)));
        let name_bytes = name_bytes.ok_or(TooMuch::Name)?;
        let open = Open {
            name: name.to_owned(),
            header_offset: self.offset,
            modified: dos_time(modified),
            crc32: 0,
            packed: 0,
            bytes: 0,
        };
        let before = out.len();
        out.u32(LOCAL_HEADER).u16(VERSION).u16(FLAGS).u16(DEFLATED).u32(open.modified);
        // Checksum and sizes follow the data.
        out.u32(0).u32(0).u32(0).u16(name_bytes).u16(0);
        out.extend_from_slice(name.as_bytes());
        self.offset += (out.len() - before) as u64;
        self.open = Some(open);
        Ok(())
    }

    /// Goes on with the open file; there must be one.
    ///
    /// # Errors
    /// The file becomes larger than an archive can say.
    pub fn write(&mut self, piece: &[u8], packing: Packing, out: &mut Vec<u8>) -> Result<(), TooMuch> {
        let Some(open) = &mut self.open else { return Ok(()) };
        if piece.is_empty() {
            return Ok(());
        }
        if open.bytes + piece.len() as u64 > FILE_BYTES_MAX {
            return Err(TooMuch::FileBytes);
        }
        let before = out.len();
        pack(piece, packing, out)?;
        let packed = (out.len() - before) as u64;
        let mut checksum = crc32fast::Hasher::new_with_initial_len(open.crc32, open.bytes);
        checksum.update(piece);
        open.crc32 = checksum.finalize();
        open.bytes += piece.len() as u64;
        open.packed += packed;
        self.offset += packed;
        Ok(())
    }

    /// Ends the open file, if there is one. Its record of the directory is to be kept until the end.
    pub fn end(&mut self, out: &mut Vec<u8>, directory: &mut Vec<u8>) {
        let Some(open) = self.open.take() else { return };
        out.extend_from_slice(&LAST_BLOCK);
        let packed = open.packed + LAST_BLOCK.len() as u64;
        out.u32(DESCRIPTOR).u32(open.crc32).u32(short(packed)).u32(short(open.bytes));
        self.offset += LAST_BLOCK.len() as u64 + 16;
        let before = directory.len();
        record(&open, packed, directory);
        self.directory_bytes += (directory.len() - before) as u64;
        self.files += 1;
    }

    /// What follows the whole directory, which follows the last file.
    pub fn finish(self) -> Vec<u8> {
        let mut out = Vec::new();
        let (begins, bytes) = (self.offset, self.directory_bytes);
        let end_64 = begins + bytes;
        out.u32(END_64).u64(44).u16(MADE_BY).u16(VERSION).u32(0).u32(0);
        out.u64(self.files).u64(self.files).u64(bytes).u64(begins);
        out.u32(END_64_LOCATOR).u32(0).u64(end_64).u32(1);
        let files = u16::try_from(self.files).unwrap_or(u16::MAX);
        out.u32(END).u16(0).u16(0).u16(files).u16(files).u32(short(bytes)).u32(short(begins)).u16(0);
        out
    }
}

/// All bits set say that the number is in a longer field.
fn short(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn record(open: &Open, packed: u64, directory: &mut Vec<u8>) {
    let is_far = open.header_offset >= u64::from(u32::MAX);
    let name_bytes = u16::try_from(open.name.len()).unwrap_or(u16::MAX);
    directory.u32(CENTRAL_HEADER).u16(MADE_BY).u16(VERSION).u16(FLAGS).u16(DEFLATED).u32(open.modified);
    directory.u32(open.crc32).u32(short(packed)).u32(short(open.bytes));
    directory.u16(name_bytes).u16(if is_far { 12 } else { 0 }).u16(0);
    directory.u16(0).u16(0).u32(MODE).u32(short(open.header_offset));
    directory.extend_from_slice(open.name.as_bytes());
    if is_far {
        directory.u16(EXTRA_64).u16(8).u64(open.header_offset);
    }
}

/// Packs a piece so that another can follow: it ends at a whole byte, and is not the last.
fn pack(piece: &[u8], packing: Packing, out: &mut Vec<u8>) -> Result<(), TooMuch> {
    let level = match packing {
        Packing::Small => Compression::default(),
        Packing::AsIs => Compression::none(),
    };
    let mut encoder = Compress::new(level, false);
    loop {
        out.reserve(TURN_BYTES);
        let taken = usize::try_from(encoder.total_in()).map_err(|_| TooMuch::Encoder)?;
        let rest = piece.get(taken..).unwrap_or_default();
        let room = out.capacity();
        encoder.compress_vec(rest, out, FlushCompress::Full).map_err(|_| TooMuch::Encoder)?;
        if encoder.total_in() == piece.len() as u64 && out.len() < room {
            return Ok(());
        }
    }
}

/// Time in the low half, day in the high one, in steps of two seconds from 1980 to 2107. The format has no time zone; this is UTC.
fn dos_time(at: Timestamp) -> u32 {
    let at = TimeZone::UTC.to_datetime(at);
    let Some(years) = u32::try_from(at.year() - 1980).ok().filter(|years| *years < 128) else {
        return 1 << 21 | 1 << 16;
    };
    let part = |part: i8| u32::try_from(part).unwrap_or_default();
    let day = years << 9 | part(at.month()) << 5 | part(at.day());
    let time = (part(at.hour()) << 11) | (part(at.minute()) << 5) | (part(at.second()) / 2);
    day << 16 | time
}
