//! Chains a trail again whose payloads are not sealed: each record is verified, sealed, and added to a second chain, which replaces
//! the first one when it is complete. It can be interrupted at any moment and called again.

use jiff::Timestamp;
use mindflow_platform::audit::Rechained;

use super::{AuditError, AuditLog, BATCH_MAX, Broken, Head, Malformed, Record, Walk};
use crate::clock::Clock;
use crate::data_keys::Keeper;
use crate::delivery::Event;
use crate::error::chain;
use crate::ids;

/// Others add records meanwhile: so often the second chain follows them before it is called a failure.
const FOLLOWED_MAX: u32 = 1_000;

/// A trail that is being chained again.
struct Rechaining<'a> {
    log: &'a dyn AuditLog,
    keeper: &'a Keeper,
    clock: &'a Clock,
    /// Over the former chain.
    walk: Walk,
    /// How far the former chain was read: from its beginning, also where the second chain has a part of it already.
    read: Head,
    /// Of the second chain.
    head: Head,
    broken: Option<Broken>,
}

/// Answers the head that the trail has then; none: there was nothing to do.
///
/// # Errors
/// What was done stays done.
pub async fn rechain(
    log: &dyn AuditLog,
    keeper: &Keeper,
    clock: &Clock,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<Option<Head>, AuditError> {
    // Held until the end.
    let Some(alone) = log.begin_rechaining().await? else { return Ok(None) };
    let head = log.rechained().await?;
    let mut work = Rechaining { log, keeper, clock, walk: Walk::default(), read: Head::default(), head, broken: None };
    for _ in 0..FOLLOWED_MAX {
        let former = work.follow(progress).await?;
        let stated = Rechained { former, defect: work.broken.as_ref().map(ToString::to_string) };
        let record = stated.record(work.head, ids::random(), work.now()?)?;
        if log.take_place(former, &record).await? {
            drop(alone);
            return Ok(Some(record.head()));
        }
    }
    Err(AuditError::Contended(FOLLOWED_MAX as usize))
}

impl Rechaining<'_> {
    /// Adds what the second chain lacks. Answers the former head up to which it has all.
    async fn follow(&mut self, progress: &(dyn Fn(u64) + Send + Sync)) -> Result<Head, AuditError> {
        loop {
            let records = self.log.read(self.read.number, BATCH_MAX).await?;
            let Some(last) = records.last() else { return Ok(self.read) };
            self.read = last.head();
            records.iter().for_each(|record| self.verify(record));
            let lacking: Vec<_> = records.into_iter().filter(|record| record.number > self.head.number).collect();
            if !lacking.is_empty() {
                self.add(&lacking).await?;
            }
            progress(self.read.number);
        }
    }

    /// The first defect is stated; what comes behind it is chained again all the same, since it must not stay in clear.
    fn verify(&mut self, record: &Record) {
        if self.broken.is_none()
            && let Err(broken) = self.walk.step(record)
        {
            tracing::error!(%broken, "the audit trail is broken; it is chained again as it is, and a record states this");
            self.broken = Some(broken);
        }
    }

    async fn add(&mut self, records: &[Record]) -> Result<(), AuditError> {
        let mut contents = records.iter().map(Record::content).collect::<Result<Vec<_>, _>>()?;
        let mut events: Vec<Event> = contents.iter().map(|content| content.event.clone()).collect();
        let sealed = self.keeper.seal(&mut events).await;
        sealed.map_err(|error| AuditError::Keys(chain(&error)))?;
        let mut again = Vec::with_capacity(records.len());
        for (mut content, event) in contents.drain(..).zip(events) {
            content.event = event;
            let record = Record::again(self.head, content)?;
            self.head = record.head();
            again.push(record);
        }
        self.log.add_rechained(&again).await
    }

    fn now(&self) -> Result<Timestamp, AuditError> {
        Timestamp::from_microsecond(self.clock.now_us()).map_err(|_| Malformed("the clock").into())
    }
}
