//! `mindflow audit`: the trail verified and exported, by the running host or alone; an export verified without
//! any host.

use super::{Place, commands::Desk};
use crate::{
    audit::{self, AuditOrder},
    control::Order,
};
use clap::Subcommand;
use jiff::Timestamp;
use mindflow_backends::audit::export::Verifier;
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

pub async fn audit(place: &Place, command: AuditCommand) -> Result<(), String> {
    match command {
        AuditCommand::Verify { noted, file: Some(file), json } => tell(&verify_file(&file, noted)?, json),
        AuditCommand::Verify { noted, file: None, json } => {
            let order = Order::Audit(AuditOrder::Verify { noted });
            tell(&super::commands::order(place, order).await?, json)
        }
        AuditCommand::Export { from, to } => {
            let (from, to) = (time("from", from)?, time("to", to)?);
            if from.zip(to).is_some_and(|(from, to)| from > to) {
                return Err("--from must not be later than --to".into());
            }
            let desk = Desk::open(place).await?;
            let outcome = export(&desk, from, to).await;
            desk.close().await;
            outcome
        }
    }
}

/// What was found; a broken chain is the last word, so that scripts can tell by the exit code.
fn tell(report: &Value, json: bool) -> Result<(), String> {
    let member = |name: &str| report.get(name).and_then(Value::as_str);
    let records = report.get("records").and_then(Value::as_u64).unwrap_or_default();
    if json {
        super::commands::print(report, true)?;
    } else if member("broken").is_none() {
        println!("intact up to record {records}; head {records}:{}", member("hash").unwrap_or_default());
    }
    match member("broken") {
        Some(broken) => Err(format!("the audit trail is broken at {broken}; records up to {records} are intact")),
        None => Ok(()),
    }
}

fn verify_file(path: &Path, noted: Option<String>) -> Result<Value, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut verifier = Verifier::new(noted.as_deref().map(audit::head).transpose()?);
    let file = File::open(path).map_err(|error| failed(&error))?;
    for text in BufReader::new(file).lines() {
        let text = text.map_err(|error| failed(&error))?;
        verifier.line(&text).map_err(|error| failed(&error))?;
    }
    Ok(json!(verifier.finish()))
}

fn time(name: &str, text: Option<String>) -> Result<Option<Timestamp>, String> {
    let parsed = text.map(|text| text.parse::<Timestamp>()).transpose();
    parsed.map_err(|_| format!("--{name}: must be a time such as 2026-11-01T00:00:00Z"))
}

async fn export(desk: &Desk, from: Option<Timestamp>, to: Option<Timestamp>) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    let mut after = 0;
    loop {
        let lines = desk.ask(Order::Audit(AuditOrder::Lines { after })).await?;
        let lines = lines.as_array().cloned().unwrap_or_default();
        let Some(last) = lines.last().and_then(|line| line.get("number")).and_then(Value::as_u64) else {
            return Ok(());
        };
        for line in &lines {
            let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default();
            let received = text("receivedAt").parse::<Timestamp>().map_err(|error| error.to_string())?;
            if from.is_none_or(|from| received >= from) && to.is_none_or(|to| received < to) {
                writeln!(out, "{}", text("line")).map_err(|error| format!("standard output: {error}"))?;
            }
        }
        after = last;
    }
}
