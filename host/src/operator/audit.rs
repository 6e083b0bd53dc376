//! Requests about the audit trail: verify it, or read it in order for an export.

use super::{OperatorError, Progress};
use crate::platform::Platform;
use mindflow_backends::records::audit::{self, Hash, Head, export};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditRequest {
    /// `noted`: a head that must still be there, as `NUMBER:HASH`.
    Verify { noted: Option<String> },
    /// The lines of an export behind the number `after`.
    Lines { after: u64 },
}

pub(super) async fn execute(
    platform: &Platform,
    request: AuditRequest,
    progress: Progress<'_>,
) -> Result<Value, OperatorError> {
    let trail = platform.audit_trail();
    match request {
        AuditRequest::Verify { noted } => {
            let noted = noted.as_deref().map(parse_head).transpose()?;
            let report = audit::verify(trail, noted, &|number| progress(&format!("{number} records"))).await;
            Ok(json!(report?))
        }
        AuditRequest::Lines { after } => {
            let records = trail.read(after, audit::BATCH_MAX).await?;
            let lines = records.iter().map(|record| {
                let unreadable = |source| OperatorError::Record { number: record.number, source };
                let text = export::line(record).map_err(unreadable)?;
                let at = record.content().map_err(unreadable)?.received_at;
                Ok::<_, OperatorError>(json!({ "number": record.number, "receivedAt": at.to_string(), "line": text }))
            });
            Ok(Value::Array(lines.collect::<Result<_, _>>()?))
        }
    }
}

/// A head as the verifier prints it.
///
/// # Errors
/// The text is no head.
pub fn parse_head(text: &str) -> Result<Head, OperatorError> {
    let parts =
        text.split_once(':').and_then(|(number, hash)| Some((number.parse().ok()?, hash.parse::<Hash>().ok()?)));
    parts.map(|(number, hash)| Head { number, hash }).ok_or_else(|| {
        OperatorError::Invalid(format!(
            "--noted {text:?}: must be NUMBER:HASH, as `mindflow audit verify` prints the head"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noted_head_is_a_number_and_a_hash() {
        let text = format!("7:{}", Head::default().hash);
        assert_eq!(parse_head(&text).unwrap(), Head { number: 7, hash: Head::default().hash });
        for wrong in ["", "7", "7:", "x:00", &format!("-1:{}", Head::default().hash)] {
            assert!(parse_head(wrong).is_err_and(|error| error.to_string().contains("NUMBER:HASH")), "{wrong}");
        }
    }
}
