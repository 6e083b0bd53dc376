//! What an operator can have done with the audit trail: verified, or read in order for an export.

use crate::{cli::line, control::Progress, platform::Platform};
use mindflow_backends::audit::{self, AuditError, Hash, Head, export};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditOrder {
    /// `noted`: a head that must still be there, as `NUMBER:HASH`.
    Verify { noted: Option<String> },
    /// The lines of an export behind the number `after`.
    Lines { after: u64 },
}

/// Carries it out.
///
/// # Errors
/// One line for the operator.
pub(crate) async fn carry_out(platform: &Platform, order: AuditOrder, progress: Progress<'_>) -> Result<Value, String> {
    let trail = &*platform.stores().audit;
    let failed = |error: AuditError| line(&error);
    match order {
        AuditOrder::Verify { noted } => {
            let noted = noted.as_deref().map(head).transpose()?;
            let report = audit::verify(trail, noted, &|number| progress(&format!("{number} records"))).await;
            Ok(json!(report.map_err(failed)?))
        }
        AuditOrder::Lines { after } => {
            let records = trail.read(after, audit::BATCH_MAX).await.map_err(failed)?;
            let lines = records.iter().map(|record| {
                let text = export::line(record).map_err(|error| format!("record {}: {error}", record.number))?;
                let at = record.content().map_err(|error| format!("record {}: {error}", record.number))?.received_at;
                Ok::<_, String>(json!({ "number": record.number, "receivedAt": at.to_string(), "line": text }))
            });
            Ok(Value::Array(lines.collect::<Result<_, _>>()?))
        }
    }
}

/// A head as the verifier prints it.
pub(crate) fn head(text: &str) -> Result<Head, String> {
    let parts =
        text.split_once(':').and_then(|(number, hash)| Some((number.parse().ok()?, hash.parse::<Hash>().ok()?)));
    parts
        .map(|(number, hash)| Head { number, hash })
        .ok_or_else(|| format!("--noted {text:?}: must be NUMBER:HASH, as `mindflow audit verify` prints the head"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noted_head_is_a_number_and_a_hash() {
        let text = format!("7:{}", Head::default().hash);
        assert_eq!(head(&text), Ok(Head { number: 7, hash: Head::default().hash }));
        for wrong in ["", "7", "7:", "x:00", &format!("-1:{}", Head::default().hash)] {
            assert!(head(wrong).is_err_and(|error| error.contains("NUMBER:HASH")), "{wrong}");
        }
    }
}
