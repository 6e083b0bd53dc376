//! The capability `blob`.

use crate::Platform;
use crate::bindings::exports::mindflow::platform::blob::{
    Download, Error, Guest, GuestDownload, GuestUpload, Info, Range, Upload,
};

fn later<T>() -> Result<T, Error> {
    Err(Error::Unavailable("to be written".to_owned()))
}

impl Guest for Platform {
    type Upload = Writing;
    type Download = Reading;

    async fn put(_container: String, _key: String, _bytes_max: u64) -> Result<Upload, Error> {
        later()
    }

    async fn get(_container: String, _key: String, _range: Option<Range>) -> Result<(Info, Download), Error> {
        later()
    }

    async fn head(_container: String, _key: String) -> Result<Info, Error> {
        later()
    }

    async fn delete(_container: String, _keys: Vec<String>) -> Result<(), Error> {
        later()
    }

    async fn list(
        _container: String,
        _folder: String,
        _after: Option<String>,
        _limit: u32,
    ) -> Result<Vec<Info>, Error> {
        later()
    }
}

/// A file on its way in.
pub struct Writing;

impl GuestUpload for Writing {
    async fn write(&self, _bytes: Vec<u8>) -> Result<(), Error> {
        later()
    }

    async fn finish(&self) -> Result<u64, Error> {
        later()
    }
}

/// A file on its way out.
pub struct Reading;

impl GuestDownload for Reading {
    async fn next(&self) -> Result<Option<Vec<u8>>, Error> {
        later()
    }
}
