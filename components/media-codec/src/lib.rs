//! The media codec: checks uploaded images and makes renditions of them.
//!
//! This file only wires the component's export. [`picture`] decides what becomes of an image and is pure, as is
//! [`strip`], which takes out what an image says about its owner; `files` reads and writes the container.

mod files;
mod picture;
mod smaller;
mod strip;

mindflow_guest::bindings! {
    world: "mindflow:components/media-codec" in "components/media-codec.wit",
    uses: ["services/media-codec.wit"],
}

use bindings::exports::mindflow::{
    media_codec::images::{Guest, Rendition},
    platform::health,
};
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::failure::invalid;

struct Codec;

impl Guest for Codec {
    async fn prepare(_: CallContext, id: String) -> Result<Vec<Rendition>, Error> {
        let upload = files::read(&id).await?;
        let pictures = picture::prepare(upload).map_err(refused)?;
        let mut renditions = Vec::with_capacity(pictures.len());
        for picture in pictures {
            renditions.push(files::write(&id, picture).await?);
        }
        Ok(renditions)
    }
}

fn refused(refusal: picture::Refusal) -> Error {
    invalid("file", refusal.rule(), format!("{refusal}."))
}

impl health::Guest for Codec {
    /// Able to work: its files can be reached.
    async fn check() -> Result<(), String> {
        files::check().await
    }
}

bindings::export!(Codec with_types_in bindings);
