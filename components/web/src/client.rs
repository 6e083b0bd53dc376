//! The client's files, which `build.rs` puts here. Most are kept compressed alone, as nearly every client takes them; who takes neither form
//! gets what is unpacked.

#![allow(dead_code, reason = "before the client is built, none of these is made")]

use flate2::read::GzDecoder;
use mindflow_guest::web::coding::{self, Coding};
use std::io::Read;

/// A client, as its build made it.
pub struct Client {
    /// The page of every path that the client knows.
    pub index: &'static str,
    /// What its pages may load and call.
    pub policy: &'static str,
    /// In the order of their paths.
    pub files: &'static [File],
}

pub struct File {
    pub path: &'static str,
    pub content_type: &'static str,
    /// Its name changes with its bytes.
    pub immutable: bool,
    /// Stands for its bytes.
    pub tag: &'static str,
    /// None: it is unpacked from gzip.
    pub plain: Option<&'static [u8]>,
    pub brotli: Option<&'static [u8]>,
    pub gzip: Option<&'static [u8]>,
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
    /// Whether there is a form with fewer bytes.
    pub fn is_packed(&self) -> bool {
        self.brotli.is_some() || self.gzip.is_some()
    }

    /// The form that a client gets which accepts these.
    pub fn coding(&self, accepted: &str) -> Option<Coding> {
        let best = coding::choose(accepted, Coding::Brotli)?;
        let is_liked = |coding: &Coding| *coding == best || coding::wish(accepted, *coding) > 0;
        let by_wish = [best, Coding::Brotli, Coding::Gzip];
        by_wish.into_iter().filter(is_liked).find(|coding| self.packed(*coding).is_some())
    }

    fn packed(&self, coding: Coding) -> Option<&'static [u8]> {
        match coding {
            Coding::Brotli => self.brotli,
            Coding::Gzip => self.gzip,
        }
    }

    /// The bytes in this form, or as they are.
    pub fn bytes(&self, coding: Option<Coding>) -> Vec<u8> {
        if let Some(bytes) = coding.and_then(|coding| self.packed(coding)).or(self.plain) {
            return bytes.to_vec();
        }
        let mut bytes = Vec::new();
        // What is in the component was written by a build, and reading from memory does not fail.
        let _whole = GzDecoder::new(self.gzip.unwrap_or_default()).read_to_end(&mut bytes);
        bytes
    }

    /// The entity tag of this form: each has bytes of its own (RFC 9110 §8.8.3.3).
    pub fn etag(&self, coding: Option<Coding>) -> String {
        match coding {
            Some(coding) => format!("\"{}-{}\"", self.tag, coding.name()),
            None => format!("\"{}\"", self.tag),
        }
    }
}
