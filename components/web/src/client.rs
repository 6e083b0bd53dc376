//! The client's files, which `build.rs` puts here. Most are kept compressed alone, as nearly every client takes them; who takes neither form
//! gets what is unpacked.

#![allow(dead_code, reason = "before the client is built, none of these is made")]

use flate2::read::GzDecoder;
use mindflow_guest::web::coding::Coding;
use std::io::Read;

/// A client, as its build made it.
pub struct Client {
    /// In the order of their paths.
    pub files: &'static [File],
    /// Sources by directive that its build adds to the policy.
    pub policy: &'static [(&'static str, &'static [&'static str])],
}

pub struct File {
    /// Without a slash before it.
    pub path: &'static str,
    pub content_type: &'static str,
    /// Its name changes with its bytes.
    pub immutable: bool,
    /// Stands for its bytes.
    pub tag: &'static str,
    pub stored: Stored,
}

pub enum Stored {
    Plain(&'static [u8]),
    Packed { brotli: &'static [u8], gzip: &'static [u8] },
}

include!(concat!(env!("OUT_DIR"), "/client.rs"));

// === impl Client ===

impl Client {
    pub fn file(&self, path: &str) -> Option<&File> {
        let found = self.files.binary_search_by(|file| file.path.cmp(path)).ok()?;
        self.files.get(found)
    }
}

// === impl File ===

impl File {
    pub fn is_packed(&self) -> bool {
        matches!(self.stored, Stored::Packed { .. })
    }

    /// The bytes in this form; those of a file that has none are as they are.
    pub fn bytes(&self, coding: Option<Coding>) -> Vec<u8> {
        match (&self.stored, coding) {
            (Stored::Plain(bytes), _) => bytes.to_vec(),
            (Stored::Packed { brotli, .. }, Some(Coding::Brotli)) => brotli.to_vec(),
            (Stored::Packed { gzip, .. }, Some(Coding::Gzip)) => gzip.to_vec(),
            (Stored::Packed { gzip, .. }, None) => {
                let mut bytes = Vec::new();
                // What is in the component was written by a build, and reading from memory does not fail.
                let _whole = GzDecoder::new(*gzip).read_to_end(&mut bytes);
                bytes
            }
        }
    }

    /// The entity tag of this form: each has bytes of its own (RFC 9110 §8.8.3.3).
    pub fn etag(&self, coding: Option<Coding>) -> String {
        match coding.filter(|_| self.is_packed()) {
            Some(coding) => format!("\"{}-{}\"", self.tag, coding.name()),
            None => format!("\"{}\"", self.tag),
        }
    }
}
