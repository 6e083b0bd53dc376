//! The commands about the archive of events: copies and replays.

use super::{AppLocation, CliError, commands};
use crate::operator::{ArchiveRequest, OperatorRequest, ReplayRequest};
use clap::{Args, Subcommand};
use serde_json::Value;

#[derive(Debug, Subcommand)]
pub enum ArchiveCommand {
    /// Bring the copies up to date: compressed JSON lines, a folder a month, where [archive] says.
    Export(MonthArguments),
    /// Load what the archive lacks from the copies; no consumer gets these events by this.
    Import(MonthArguments),
    /// List the months with what is there and what is copied.
    Status {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub struct MonthArguments {
    /// The first month, such as 2026-11.
    #[arg(long, value_name = "YYYY-MM")]
    from: Option<String>,
    /// The last month.
    #[arg(long, value_name = "YYYY-MM")]
    to: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct ReplayArguments {
    /// The consumer's subscription, such as `query`.
    #[arg(long, value_name = "NAME")]
    consumer: String,
    /// Only events archived then or later, such as 2026-11-01T00:00:00Z.
    #[arg(long, value_name = "TIME", conflicts_with = "shadow")]
    from: Option<String>,
    /// Only events archived before; entities are then not brought back to an earlier state.
    #[arg(long, value_name = "TIME", conflicts_with = "shadow")]
    to: Option<String>,
    /// Only one entity's events, by partition key, such as `entry:018f…`.
    #[arg(long, value_name = "KEY", conflicts_with = "shadow")]
    entity: Option<String>,
    /// Build what the consumer stores in scratch databases, without side effects, and compare.
    #[arg(long)]
    shadow: bool,
    /// Then make the live one equal to it.
    #[arg(long, requires = "shadow")]
    apply: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub async fn archive(location: &AppLocation, command: ArchiveCommand) -> Result<(), CliError> {
    let (request, json) = match command {
        ArchiveCommand::Export(MonthArguments { from, to, json }) => (ArchiveRequest::Export { from, to }, json),
        ArchiveCommand::Import(MonthArguments { from, to, json }) => (ArchiveRequest::Import { from, to }, json),
        ArchiveCommand::Status { json } => (ArchiveRequest::Status, json),
    };
    commands::print(&commands::request(location, OperatorRequest::Archive(request)).await?, json)
}

pub async fn replay(location: &AppLocation, arguments: ReplayArguments) -> Result<(), CliError> {
    let ReplayArguments { consumer, from, to, entity, shadow, apply, json } = arguments;
    let request = if shadow {
        ReplayRequest::Shadow { consumer, apply }
    } else {
        ReplayRequest::Live { consumer, from, to, entity }
    };
    let answer = commands::request(location, OperatorRequest::Replay(request)).await?;
    if json {
        commands::print(&answer, true)?;
    } else {
        print_for_people(&answer)?;
    }
    // A difference is an error, so that scripts see it in the exit code.
    match answer.get("wrong").and_then(Value::as_str) {
        Some(wrong) => Err(CliError::Result(wrong.to_owned())),
        None => Ok(()),
    }
}

fn print_for_people(answer: &Value) -> Result<(), CliError> {
    let mut rest = answer.as_object().cloned().unwrap_or_default();
    rest.remove("wrong");
    for list in ["tables", "failed"] {
        if let Some(rows) = rest.remove(list).filter(|rows| rows.as_array().is_some_and(|rows| !rows.is_empty())) {
            commands::print(&flat(&rows), false)?;
        }
    }
    commands::print(&Value::Object(rest), false)
}

/// Differences as counts with the first few keys.
fn flat(rows: &Value) -> Value {
    let cell = |value: &Value| match (value.get("count"), value.get("keys").and_then(Value::as_array)) {
        (Some(count), Some(keys)) => {
            let keys: Vec<_> = keys.iter().filter_map(Value::as_str).collect();
            Value::String(if keys.is_empty() { count.to_string() } else { format!("{count} {}", keys.join(" ")) })
        }
        _ => value.clone(),
    };
    let row = |row: &Value| {
        let fields = row.as_object().into_iter().flatten();
        Value::Object(fields.map(|(name, value)| (name.clone(), cell(value))).collect())
    };
    Value::Array(rows.as_array().into_iter().flatten().map(row).collect())
}
