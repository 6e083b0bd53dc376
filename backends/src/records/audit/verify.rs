//! The verifier: walks the whole trail of a store and reports the first broken record.

use mindflow_platform::audit::Rechained;
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
    /// The record at which the noted head was superseded, because the trail was chained again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded_at: Option<u64>,
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
    let (mut walk, mut noted) = (Walk::default(), Noted::new(noted));
    let broken = match walk_to(log, head, &mut noted, &mut walk, progress).await? {
        Some(broken) => Some(broken),
        None => beyond(log, head).await?,
    };
    Ok(noted.report(&walk, broken))
}

/// A head that was noted elsewhere, and what became of it. That it is another may follow from a chain that was made again, which a
/// later record says.
#[derive(Debug, Default)]
pub(super) struct Noted {
    head: Option<Head>,
    is_other: bool,
    superseded_at: Option<u64>,
}

// === impl Noted ===

impl Noted {
    pub(super) fn new(head: Option<Head>) -> Self {
        Self { head, ..Self::default() }
    }

    /// Takes one more record.
    pub(super) fn step(&mut self, walk: &mut Walk, record: &Record) -> Option<Broken> {
        if let Err(broken) = walk.step(record) {
            return Some(broken);
        }
        let noted = self.head?;
        self.is_other |= noted.number == record.number && noted.hash != record.hash;
        if let Some(Rechained { former, .. }) = Rechained::read(record)
            && noted.number <= former.number
            && (noted.number < former.number || noted.hash == former.hash)
        {
            self.is_other = false;
            self.superseded_at = Some(record.number);
        }
        None
    }

    pub(super) fn report(&self, walk: &Walk, broken: Option<Broken>) -> Report {
        let other = self.head.filter(|_| self.is_other);
        let other = other.map(|head| Broken { number: head.number, defect: ChainDefect::OtherThanNoted });
        let broken = broken.or_else(|| short_of(walk, self.head)).or(other);
        Report {
            records: walk.at().number,
            hash: walk.at().hash,
            superseded_at: self.superseded_at,
            broken: broken.as_ref().map(ToString::to_string),
            broken_at: broken.map(|broken| broken.number),
        }
    }
}

/// What is wrong with the end of a chain that was walked.
fn short_of(walk: &Walk, noted: Option<Head>) -> Option<Broken> {
    let (number, last) = (walk.at().number.saturating_add(1), noted?.number);
    (number <= last).then_some(Broken { number, defect: ChainDefect::Truncated(last) })
}

async fn walk_to(
    log: &dyn AuditLog,
    head: Head,
    noted: &mut Noted,
    walk: &mut Walk,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<Option<Broken>, AuditError> {
    while walk.at().number < head.number {
        let records = log.read(walk.at().number, BATCH_MAX).await?;
        if records.is_empty() {
            break;
        }
        for record in records.iter().take_while(|record| record.number <= head.number) {
            if let Some(broken) = noted.step(walk, record) {
                return Ok(Some(broken));
            }
        }
        // What comes next lies beyond the head: the rest up to it is gone.
        if records.iter().all(|record| record.number > head.number) {
            break;
        }
        progress(walk.at().number);
    }
    if let Some(broken) = short_of(walk, Some(head)).or_else(|| short_of(walk, noted.head)) {
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
