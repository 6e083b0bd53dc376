//! `mindflow audit`: verifies and exports the trail, by the running host or without one; verifies an export without
//! a platform.

use super::{AppLocation, CliError, commands, output};
use crate::operator::{AuditRequest, OperatorClient, OperatorRequest, parse_head};
use clap::Subcommand;
use jiff::Timestamp;
use mindflow_backends::records::audit::export::Verifier;
use serde_json::{Value, json};
use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Walk the whole trail and name the first record that was altered, removed or reordered.
    Verify {
        /// A head noted earlier, as this command printed it; it must still be there.
        #[arg(long, value_name = "NUMBER:HASH")]
        noted: Option<String>,
        /// Verify an export instead of the trail.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the trail as JSON lines with its hashes, in order.
    Export {
        /// Only records received then or later, such as 2026-11-01T00:00:00Z.
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Only records received before.
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
    },
}

pub async fn audit(location: &AppLocation, command: AuditCommand) -> Result<(), CliError> {
    match command {
        AuditCommand::Verify { noted, file: Some(file), json } => report(&verify_file(&file, noted)?, json),
        AuditCommand::Verify { noted, file: None, json } => {
            let request = OperatorRequest::Audit(AuditRequest::Verify { noted });
            report(&commands::request(location, request).await?, json)
        }
        AuditCommand::Export { from, to } => {
            let (from, to) = (time("from", from)?, time("to", to)?);
            if from.zip(to).is_some_and(|(from, to)| from > to) {
                return Err(CliError::Argument("--from must not be later than --to".into()));
            }
            let client = commands::client(location).await?;
            let outcome = export(&client, from, to).await;
            client.close().await;
            outcome
        }
    }
}

/// Prints the report. A broken chain is an error, so that scripts see it in the exit code.
fn report(report: &Value, json: bool) -> Result<(), CliError> {
    let member = |name: &str| report.get(name).and_then(Value::as_str);
    let records = report.get("records").and_then(Value::as_u64).unwrap_or_default();
    if json {
        commands::print(report, true)?;
    } else if member("broken").is_none() {
        let hash = member("hash").unwrap_or_default();
        output::line(format_args!("intact up to record {records}; head {records}:{hash}"))?;
        if let Some(at) = report.get("supersededAt").and_then(Value::as_u64) {
            output::line(format_args!(
                "the noted head is of the chain before payloads were sealed; record {at} superseded it"
            ))?;
        }
    }
    match member("broken") {
        Some(broken) => {
            Err(CliError::Result(format!("the audit trail is broken at {broken}; records up to {records} are intact")))
        }
        None => Ok(()),
    }
}

fn verify_file(path: &Path, noted: Option<String>) -> Result<Value, CliError> {
    let failed = |source| CliError::File { path: path.to_owned(), source };
    let mut verifier = Verifier::new(noted.as_deref().map(parse_head).transpose()?);
    let file = File::open(path).map_err(failed)?;
    for text in BufReader::new(file).lines() {
        let line = verifier.line(&text.map_err(failed)?);
        line.map_err(|source| CliError::Line { path: path.to_owned(), source })?;
    }
    Ok(json!(verifier.finish()))
}

fn time(name: &str, text: Option<String>) -> Result<Option<Timestamp>, CliError> {
    let parsed = text.map(|text| text.parse::<Timestamp>()).transpose();
    parsed.map_err(|_| CliError::Argument(format!("--{name}: must be a time such as 2026-11-01T00:00:00Z")))
}

async fn export(client: &OperatorClient, from: Option<Timestamp>, to: Option<Timestamp>) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    let mut after = 0;
    loop {
        let lines =
            client.request(OperatorRequest::Audit(AuditRequest::Lines { after }), &commands::print_progress).await?;
        let lines = lines.as_array().cloned().unwrap_or_default();
        let Some(last) = lines.last().and_then(|line| line.get("number")).and_then(Value::as_u64) else {
            return Ok(());
        };
        for line in &lines {
            let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default();
            let received = text("receivedAt").parse::<Timestamp>().map_err(|error| CliError::Answer(error.into()))?;
            if from.is_none_or(|from| received >= from) && to.is_none_or(|to| received < to) {
                writeln!(out, "{}", text("line")).map_err(CliError::Output)?;
            }
        }
        after = last;
    }
}
