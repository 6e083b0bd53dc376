//! The verifier: walks the whole trail of a store and reports the first broken record.

use serde::Serialize;

use super::{AuditError, AuditLog, BATCH_MAX, Broken, ChainDefect, Hash, Head, Record, Walk};

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Records in order.
    pub records: u64,
    /// The hash of the last of them.
    pub hash: Hash,
    /// The first place where the chain is broken; none: it is intact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// The number of the record there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken_at: Option<u64>,
}

/// Walks up to the head that the trail has when it begins; records that come meanwhile are not part of it.
/// `noted`: a head that was noted elsewhere and must still be there. `progress` is called with the number reached.
///
/// # Errors
/// The trail cannot be read. A broken chain is no error but part of the report.
pub async fn verify(
    log: &dyn AuditLog,
    noted: Option<Head>,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<Report, AuditError> {
    let head = log.head().await?;
    let mut walk = Walk::default();
    let broken = match walk_to(log, head, noted, &mut walk, progress).await? {
        Some(broken) => Some(broken),
        None => beyond(log, head).await?,
    };
    Ok(report(&walk, broken))
}

pub(super) fn report(walk: &Walk, broken: Option<Broken>) -> Report {
    Report {
        records: walk.at().number,
        hash: walk.at().hash,
        broken: broken.as_ref().map(ToString::to_string),
        broken_at: broken.map(|broken| broken.number),
    }
}

/// Takes one more record, which must be the noted one where it has that number.
pub(super) fn step(walk: &mut Walk, record: &Record, noted: Option<Head>) -> Option<Broken> {
    if let Err(broken) = walk.step(record) {
        return Some(broken);
    }
    let other = noted.is_some_and(|noted| noted.number == record.number && noted.hash != record.hash);
    other.then_some(Broken { number: record.number, defect: ChainDefect::OtherThanNoted })
}

/// What is wrong with the end of a chain that was walked.
pub(super) fn short_of(walk: &Walk, noted: Option<Head>) -> Option<Broken> {
    let (number, last) = (walk.at().number.saturating_add(1), noted?.number);
    (number <= last).then_some(Broken { number, defect: ChainDefect::Truncated(last) })
}

async fn walk_to(
    log: &dyn AuditLog,
    head: Head,
    noted: Option<Head>,
    walk: &mut Walk,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<Option<Broken>, AuditError> {
    while walk.at().number < head.number {
        let records = log.read(walk.at().number, BATCH_MAX).await?;
        if records.is_empty() {
            break;
        }
        for record in records.iter().take_while(|record| record.number <= head.number) {
            if let Some(broken) = step(walk, record, noted) {
                return Ok(Some(broken));
            }
        }
        // What comes next lies beyond the head: the rest up to it is gone.
        if records.iter().all(|record| record.number > head.number) {
            break;
        }
        progress(walk.at().number);
    }
    if let Some(broken) = short_of(walk, Some(head)).or_else(|| short_of(walk, noted)) {
        return Ok(Some(broken));
    }
    let other = walk.at().hash != head.hash;
    Ok(other.then_some(Broken { number: head.number, defect: ChainDefect::OtherThanNoted }))
}

/// A record beyond the head, unless the head has moved on meanwhile.
async fn beyond(log: &dyn AuditLog, head: Head) -> Result<Option<Broken>, AuditError> {
    let Some(next) = log.read(head.number, 1).await?.into_iter().next() else { return Ok(None) };
    let now = log.head().await?.number;
    Ok((next.number > now).then_some(Broken { number: next.number, defect: ChainDefect::BeyondHead(now) }))
}
