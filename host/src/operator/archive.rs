//! Requests about copies of the event archive in object storage.

use super::{OperatorError, Progress};
use crate::platform::Platform;
use mindflow_backends::{
    data_keys::kept::{self, Until},
    delivery::archive::{self, Month, Months},
    stores::objects,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Months are written `2026-11`; both bounds are included.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArchiveRequest {
    Export { from: Option<String>, to: Option<String> },
    Import { from: Option<String>, to: Option<String> },
    Status,
}

pub(super) async fn execute(
    platform: &Platform,
    request: ArchiveRequest,
    progress: Progress<'_>,
) -> Result<Value, OperatorError> {
    let config = {
        let application = platform.application().await;
        let folder = || objects::Config::Directory { path: application.config.data_dir.join("archive") };
        application.config.archive.clone().unwrap_or_else(folder)
    };
    let database = platform.events_database().ok_or(OperatorError::NoArchive)?;
    let store = objects::open(&config).map_err(OperatorError::ArchiveStore)?;
    let on = |verb: &'static str| {
        move |now: archive::Progress| {
            progress(&format!("{}: {} events {verb}, {} bytes", now.month, now.events, now.bytes));
        }
    };
    match request {
        ArchiveRequest::Export { from, to } => {
            let months = months(from, to)?;
            seal(platform, Until::Floor, progress).await?;
            let done = archive::export(database, store, months, &on("exported")).await?;
            Ok(json!({
                "months": done.months, "partsWritten": done.parts_written, "partsKept": done.parts_kept,
                "events": done.events, "bytes": done.bytes,
            }))
        }
        ArchiveRequest::Import { from, to } => {
            let done = archive::import(database, store, months(from, to)?, &on("imported")).await?;
            // A copy from before there were keys has its payloads in clear text.
            seal(platform, Until::End, progress).await?;
            Ok(json!({ "months": done.months, "parts": done.parts, "loaded": done.loaded, "already": done.already }))
        }
        ArchiveRequest::Status => Ok(json!(archive::status::status(database, store).await?)),
    }
}

/// Nothing is copied in clear, nor stays so.
async fn seal(platform: &Platform, until: Until, progress: Progress<'_>) -> Result<(), OperatorError> {
    let keeper = platform.keeper().ok_or(OperatorError::NoArchive)?;
    if !keeper.seals() {
        return Ok(());
    }
    let on = |now: kept::Progress| progress(&format!("{} payloads that were in clear are sealed", now.sealed));
    keeper.seal_kept(until, &on).await?.map(drop).ok_or(OperatorError::BeingSealed)
}

fn months(from: Option<String>, to: Option<String>) -> Result<Months, OperatorError> {
    let month = |argument: &'static str, text: Option<String>| {
        let parsed = text.map(|text| text.parse::<Month>()).transpose();
        parsed.map_err(|source| OperatorError::Month { argument, source })
    };
    Ok(Months { from: month("from", from)?, to: month("to", to)? })
}
