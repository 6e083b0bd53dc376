//! Mail into a folder, a file a message: the embedded default. Nothing leaves the machine; any mail program
//! opens the files.

use super::{Error, Mailer, Message, OpenError};
use crate::{clock::Clock, ids};
use async_trait::async_trait;
use lettre::message::Mailbox;
use std::path::PathBuf;

pub(super) struct Directory {
    folder: PathBuf,
    from: Mailbox,
    clock: Clock,
}

impl Directory {
    pub(super) fn open(folder: PathBuf, from: Mailbox, clock: Clock) -> Result<Self, OpenError> {
        std::fs::create_dir_all(&folder)
            .map_err(|source| OpenError::Folder { folder: folder.display().to_string(), source })?;
        Ok(Self { folder, from, clock })
    }
}

#[async_trait]
impl Mailer for Directory {
    /// A message is there whole or not at all, and once however often it is sent.
    async fn send(&self, message: &Message) -> Result<(), Error> {
        let composed = message.compose(&self.from, self.clock.now_us())?.formatted();
        let (final_path, staging) = (
            self.folder.join(format!("{}.eml", message.id)),
            self.folder.join(format!(".{}-{}", message.id, ids::random())),
        );
        let write = async {
            tokio::fs::write(&staging, composed).await?;
            tokio::fs::rename(&staging, &final_path).await
        };
        let written = write.await;
        if written.is_err() {
            let _ = tokio::fs::remove_file(&staging).await;
        }
        written.map_err(|error| Error::Unavailable(format!("{}: {error}", self.folder.display())))
    }
}
