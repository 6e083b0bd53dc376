//! Reads archives of strangers. The directory is parsed by `rc-zip`; what it says is believed only as far as it is checked: names lead
//! nowhere but into the archive, files do not overlap, and a file unpacks to what it announces and not to more. Nothing is
//! ever written under a name from an archive.

use super::layout::{DEFLATED, ENCRYPTED, LOCAL_HEADER, LOCAL_HEADER_BYTES};
use crate::{Source, Unreadable};
use flate2::{Decompress, FlushDecompress, Status};
use rc_zip::{
    Entry,
    fsm::{ArchiveFsm, FsmResult},
    parse::{Method, Mode},
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

const PIECE_BYTES: usize = 64 << 10;
/// What may be unpacked from little, before its ratio counts: texts with much of the same.
const UNSUSPECTED_BYTES: u64 = 1 << 20;
/// The longest record after a file's data.
const BEHIND_DATA_BYTES: u64 = 24;

/// What is taken of a stranger's archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub files_max: usize,
    /// Of the directory, which is in memory while it is parsed.
    pub directory_bytes_max: u64,
    /// A text that unpacks to more than so many times its size, beyond the first MiB, is refused. JSON reaches 50; DEFLATE 1,032.
    pub ratio_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { files_max: 100_000, directory_bytes_max: 32 << 20, ratio_max: 250 }
    }
}

/// Why an archive, or a file in it, is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadArchive {
    #[error("{0}")]
    Store(#[from] Unreadable),
    #[error("This is no ZIP archive, or it is damaged: {0}.")]
    NoArchive(String),
    #[error("The archive has more than {0} files.")]
    TooManyFiles(usize),
    #[error("The list of the archive's files is longer than {0} bytes.")]
    LongDirectory(u64),
    #[error("The archive has a file whose name leads out of it: {0}.")]
    ClimbsOut(String),
    #[error("The archive has two files in the same place: {0} and {1}.")]
    Overlaps(String, String),
    #[error("{0} unpacks to much more than it announces or takes: this is not read.")]
    Bomb(String),
    #[error("{file} is larger than {max} bytes.")]
    TooLarge { file: String, max: u64 },
    #[error("{0} is encrypted: unpack the archive, and pack it without a password.")]
    Encrypted(String),
    #[error("{0} is packed in a way that is not read: pack the archive with DEFLATE, as most programs do.")]
    Packing(String),
    #[error("{0} is damaged.")]
    Damaged(String),
    #[error("There is no file {0} in the archive.")]
    Missing(String),
}

/// The files of an archive.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    files: BTreeMap<String, File>,
    /// The first file of each name, without its folder.
    bases: HashMap<String, String>,
    links: Vec<String>,
    repeated: Vec<String>,
    limits: Limits,
}

/// A file of an archive, as its directory describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub name: String,
    /// Unpacked.
    pub bytes: u64,
    packed: u64,
    header_offset: u64,
    crc32: u32,
    is_deflated: bool,
}

/// A file that is being unpacked.
pub struct Content<'a, S> {
    source: &'a S,
    file: &'a File,
    decoder: Decoder,
    /// The next packed byte, and how many are left of them.
    offset: u64,
    left: u64,
    checksum: crc32fast::Hasher,
    unpacked: u64,
    bytes_max: u64,
    ratio_max: u64,
    pending: Vec<u8>,
}

enum Decoder {
    Stored,
    Deflated(Box<Decompress>),
}

// === impl BadArchive ===

impl BadArchive {
    /// As `docs/errors.md` calls the rule.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::TooManyFiles(_) => "too-many",
            Self::LongDirectory(_) | Self::TooLarge { .. } => "too-long",
            Self::Bomb(_) => "too-much",
            Self::Encrypted(_) | Self::Packing(_) => "unsupported",
            Self::ClimbsOut(_) => "characters",
            Self::Missing(_) => "not-found",
            Self::Store(_) | Self::NoArchive(_) | Self::Overlaps(..) | Self::Damaged(_) => "damaged",
        }
    }

    /// What the rule's text takes.
    pub fn params(&self) -> Value {
        match self {
            Self::TooManyFiles(max) => json!({ "max": max }),
            Self::LongDirectory(max) | Self::TooLarge { max, .. } => json!({ "max": max, "unit": "bytes" }),
            _ => json!({}),
        }
    }
}

// === impl Directory ===

impl Directory {
    /// # Errors
    /// The source is no archive, or one that is made to harm.
    pub async fn read(source: &impl Source, limits: Limits) -> Result<Self, BadArchive> {
        let mut directory = Self { limits, ..Self::default() };
        let mut places = Vec::new();
        for entry in entries(source, limits).await? {
            let name = checked_name(&entry.name)?;
            match entry.mode {
                mode if mode.has(Mode::SYMLINK) => directory.links.push(name),
                mode if mode.has(Mode::DIR) || name.ends_with('/') => {}
                _ => {
                    let file = File::new(name, &entry)?;
                    places.push((file.header_offset, file.packed, file.name.clone()));
                    if let Some(first) = directory.files.insert(file.name.clone(), file) {
                        directory.repeated.push(first.name);
                    }
                }
            }
        }
        reject_overlaps(places, source.bytes())?;
        for name in directory.files.keys() {
            let base = name.rsplit('/').next().unwrap_or(name).to_owned();
            directory.bases.entry(base).or_insert_with(|| name.clone());
        }
        Ok(directory)
    }

    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.files.values()
    }

    pub fn file(&self, name: &str) -> Option<&File> {
        self.files.get(name)
    }

    /// The first one of that name, whatever folder it is in.
    pub fn named(&self, base: &str) -> Option<&File> {
        self.file(self.bases.get(base)?)
    }

    /// The first one whose name begins so.
    pub fn first_of(&self, begins: &str) -> Option<&File> {
        let (name, file) = self.files.range(begins.to_owned()..).next()?;
        name.starts_with(begins).then_some(file)
    }

    /// Links to other files, which are not followed.
    pub fn links(&self) -> &[String] {
        &self.links
    }

    /// Names that more than one file has, of which the last counts.
    pub fn repeated(&self) -> &[String] {
        &self.repeated
    }

    /// # Errors
    /// There is no such file, or it is larger.
    pub async fn open<'a, S: Source>(
        &'a self,
        source: &'a S,
        name: &str,
        bytes_max: u64,
    ) -> Result<Content<'a, S>, BadArchive> {
        let file = self.files.get(name).ok_or_else(|| BadArchive::Missing(name.to_owned()))?;
        Content::open(source, file, bytes_max, self.limits.ratio_max).await
    }

    /// A whole file.
    ///
    /// # Errors
    /// As of [`Directory::open`], and what [`Content::next`] answers.
    pub async fn unpack(&self, source: &impl Source, name: &str, bytes_max: u64) -> Result<Vec<u8>, BadArchive> {
        let mut content = self.open(source, name, bytes_max).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = content.next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}

/// Parses the directory, of which only so much is read.
async fn entries(source: &impl Source, limits: Limits) -> Result<Vec<Entry>, BadArchive> {
    let no_archive = |error: rc_zip::Error| BadArchive::NoArchive(error.to_string());
    if source.bytes() < 22 {
        return Err(BadArchive::NoArchive("it is too short".to_owned()));
    }
    let mut parser = ArchiveFsm::new(source.bytes());
    let mut read = 0;
    loop {
        if let Some(offset) = parser.wants_read() {
            let space = parser.space();
            let piece = source.read(offset, space.len()).await?;
            if piece.is_empty() {
                return Err(BadArchive::NoArchive("it ends in the middle".to_owned()));
            }
            let room =
                space.get_mut(..piece.len()).ok_or_else(|| BadArchive::NoArchive("it is read twice".to_owned()))?;
            room.copy_from_slice(&piece);
            parser.fill(piece.len());
            read += piece.len() as u64;
            if read > limits.directory_bytes_max {
                return Err(BadArchive::LongDirectory(limits.directory_bytes_max));
            }
        }
        match parser.process().map_err(no_archive)? {
            FsmResult::Continue(next) => parser = next,
            FsmResult::Done(archive) => {
                if archive.entries().count() > limits.files_max {
                    return Err(BadArchive::TooManyFiles(limits.files_max));
                }
                return Ok(archive.entries().cloned().collect());
            }
        }
    }
}

/// Some programs of Windows separate folders by backslashes.
fn checked_name(name: &str) -> Result<String, BadArchive> {
    let plain = name.replace('\\', "/");
    let has_drive = plain.split('/').next().is_some_and(|first| first.ends_with(':'));
    let climbs =
        plain.starts_with('/') || has_drive || plain.split('/').any(|part| part == "..") || plain.contains('\0');
    if climbs || plain.is_empty() {
        return Err(BadArchive::ClimbsOut(name.escape_default().take(200).collect()));
    }
    Ok(plain)
}

/// Files that share bytes are how a small archive unpacks to petabytes.
fn reject_overlaps(mut places: Vec<(u64, u64, String)>, archive_bytes: u64) -> Result<(), BadArchive> {
    places.sort();
    let mut before: Option<(u64, String)> = None;
    for (offset, packed, name) in places {
        let end = offset.saturating_add(LOCAL_HEADER_BYTES as u64).saturating_add(packed);
        if end > archive_bytes {
            return Err(BadArchive::Damaged(name));
        }
        if let Some((first_end, first)) = &before
            && *first_end > offset
        {
            return Err(BadArchive::Overlaps(first.clone(), name));
        }
        before = Some((end, name));
    }
    Ok(())
}

// === impl File ===

impl File {
    fn new(name: String, entry: &Entry) -> Result<Self, BadArchive> {
        if entry.flags & ENCRYPTED != 0 {
            return Err(BadArchive::Encrypted(name));
        }
        let is_deflated = match entry.method {
            Method::Store => false,
            Method::Deflate => true,
            _ => return Err(BadArchive::Packing(name)),
        };
        Ok(Self {
            name,
            bytes: entry.uncompressed_size,
            packed: entry.compressed_size,
            header_offset: entry.header_offset,
            crc32: entry.crc32,
            is_deflated,
        })
    }
}

// === impl Content ===

impl<'a, S: Source> Content<'a, S> {
    async fn open(source: &'a S, file: &'a File, bytes_max: u64, ratio_max: u64) -> Result<Self, BadArchive> {
        let damaged = || BadArchive::Damaged(file.name.clone());
        if file.bytes > bytes_max {
            return Err(BadArchive::TooLarge { file: file.name.clone(), max: bytes_max });
        }
        let header = source.read(file.header_offset, LOCAL_HEADER_BYTES).await?;
        let number = |at: usize| header.get(at..at + 2).and_then(|two| two.try_into().ok()).map(u16::from_le_bytes);
        let is_header = header.get(..4) == Some(&LOCAL_HEADER.to_le_bytes());
        let is_packed_so = number(8).is_some_and(|method| (method == DEFLATED) == file.is_deflated);
        let (Some(name), Some(extra), true) = (number(26), number(28), is_header && is_packed_so) else {
            return Err(damaged());
        };
        let offset = file.header_offset + LOCAL_HEADER_BYTES as u64 + u64::from(name) + u64::from(extra);
        if offset.saturating_add(file.packed) > source.bytes().saturating_add(BEHIND_DATA_BYTES) {
            return Err(damaged());
        }
        let decoder =
            if file.is_deflated { Decoder::Deflated(Box::new(Decompress::new(false))) } else { Decoder::Stored };
        Ok(Self {
            source,
            file,
            decoder,
            offset,
            left: file.packed,
            checksum: crc32fast::Hasher::new(),
            unpacked: 0,
            bytes_max: file.bytes,
            ratio_max,
            pending: Vec::new(),
        })
    }

    /// The next piece, of at most 64 KiB; `None` at the end, when the checksum was right.
    ///
    /// # Errors
    /// The file is damaged, or unpacks to more than it announces.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, BadArchive> {
        loop {
            if self.pending.is_empty() && self.left > 0 {
                let bytes = usize::try_from(self.left).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
                let piece = self.source.read(self.offset, bytes).await?;
                if piece.is_empty() {
                    return Err(self.damaged());
                }
                self.offset += piece.len() as u64;
                self.left = self.left.saturating_sub(piece.len() as u64);
                self.pending = piece;
            }
            let (unpacked, is_end) = self.unpack()?;
            self.unpacked += unpacked.len() as u64;
            self.checksum.update(&unpacked);
            let taken = self.file.packed - self.left;
            let is_suspect = self.unpacked > UNSUSPECTED_BYTES && self.unpacked / taken.max(1) > self.ratio_max;
            if self.unpacked > self.bytes_max || is_suspect {
                return Err(BadArchive::Bomb(self.file.name.clone()));
            }
            if !unpacked.is_empty() {
                return Ok(Some(unpacked));
            }
            if is_end {
                let is_whole = self.unpacked == self.file.bytes && self.checksum.clone().finalize() == self.file.crc32;
                return if is_whole { Ok(None) } else { Err(self.damaged()) };
            }
        }
    }

    /// A piece of what is pending, and whether there is no more.
    fn unpack(&mut self) -> Result<(Vec<u8>, bool), BadArchive> {
        match &mut self.decoder {
            Decoder::Stored => {
                let piece = std::mem::take(&mut self.pending);
                let is_end = piece.is_empty() && self.left == 0;
                Ok((piece, is_end))
            }
            Decoder::Deflated(decoder) => {
                let mut piece = Vec::with_capacity(PIECE_BYTES);
                let before = decoder.total_in();
                let status = decoder.decompress_vec(&self.pending, &mut piece, FlushDecompress::None);
                let taken = usize::try_from(decoder.total_in() - before).unwrap_or(usize::MAX);
                self.pending.drain(..taken.min(self.pending.len()));
                match status {
                    Ok(Status::StreamEnd) => {
                        self.pending.clear();
                        self.left = 0;
                        Ok((piece, true))
                    }
                    Ok(_) if taken > 0 || !piece.is_empty() => Ok((piece, false)),
                    // Nothing goes in and nothing comes out: it needs more, and there may be some.
                    Ok(_) if self.left > 0 && self.pending.is_empty() => Ok((piece, false)),
                    Ok(_) | Err(_) => Err(BadArchive::Damaged(self.file.name.clone())),
                }
            }
        }
    }

    fn damaged(&self) -> BadArchive {
        BadArchive::Damaged(self.file.name.clone())
    }
}
