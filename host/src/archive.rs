//! What an operator can have done with the archive of events: copies in object storage, made and read back.

use crate::{cli::line, control::Progress, platform::Platform};
use mindflow_backends::archive::{self, ArchiveError, Month, MonthError, Months, store};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Months are written `2026-11`; both bounds are included.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArchiveOrder {
    Export { from: Option<String>, to: Option<String> },
    Import { from: Option<String>, to: Option<String> },
    Status,
}

/// Carries it out.
///
/// # Errors
/// One line for the operator.
pub(crate) async fn carry_out(
    platform: &Platform,
    order: ArchiveOrder,
    progress: Progress<'_>,
) -> Result<Value, String> {
    let config = {
        let application = platform.application().await;
        let place = || store::Config::Directory { path: application.config.data_dir.join("archive") };
        (application.config.events.database.clone(), application.config.archive.clone().unwrap_or_else(place))
    };
    let database = platform.stores().databases.get(&config.0).ok_or("this platform keeps no events")?;
    let store = store::open(&config.1).map_err(|error| format!("[archive]: {}", line(&error)))?;
    let failed = |error: ArchiveError| line(&error);
    let on = |verb: &'static str| {
        move |now: archive::Progress| {
            progress(&format!("{}: {} events {verb}, {} bytes", now.month, now.events, now.bytes));
        }
    };
    match order {
        ArchiveOrder::Export { from, to } => {
            let done = archive::export(database, store, months(from, to)?, &on("exported")).await.map_err(failed)?;
            Ok(json!({
                "months": done.months, "partsWritten": done.parts_written, "partsKept": done.parts_kept,
                "events": done.events, "bytes": done.bytes,
            }))
        }
        ArchiveOrder::Import { from, to } => {
            let done = archive::import(database, store, months(from, to)?, &on("imported")).await.map_err(failed)?;
            Ok(json!({ "months": done.months, "parts": done.parts, "loaded": done.loaded, "already": done.already }))
        }
        ArchiveOrder::Status => Ok(json!(archive::status::status(database, store).await.map_err(failed)?)),
    }
}

fn months(from: Option<String>, to: Option<String>) -> Result<Months, String> {
    let month = |name: &str, text: Option<String>| {
        let parsed = text.map(|text| text.parse::<Month>()).transpose();
        parsed.map_err(|error: MonthError| format!("--{name}: {error}"))
    };
    Ok(Months { from: month("from", from)?, to: month("to", to)? })
}
