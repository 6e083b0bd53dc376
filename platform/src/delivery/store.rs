//! What delivery needs of PostgreSQL, and of the machine that it runs on. The host has connections of a pool and prepared
//! statements, the drain on Spin has one connection of Spin's; the statements and what follows from their answers are the same.
//!
//! # The order of locks
//!
//! Every transaction of delivery takes its locks in this order and leaves out those that it does not need. So one may
//! wait for another, but never two for each other, and PostgreSQL has to end none (`40P01`).
//!
//! 1. The advisory lock of the sequencer ([`SEQUENCER_LOCK`]), then, where the archive is changed as a table, that of the table.
//! 2. The advisory lock of the order of keys ([`ORDER_LOCK`]), or that of holds ([`HOLD_LOCK`]). No transaction takes both.
//! 3. Rows: of `delivery.subscription` by name, of `delivery.reader` by subscription and owner, of `delivery.cursor` by subscription
//!    and slot, of `delivery.queue` by subscription and position.
//!
//! So an advisory lock is never taken with a row in hand; what may need one is looked at without a lock before. Rows of others are
//! taken `SKIP LOCKED`, which waits for none. Where a statement has several parts, one says of the other that it comes after
//! (`(SELECT count(*) FROM …) >= 0`), because PostgreSQL runs them in no order of its own.
//!
//! The functions in `migrations/write` keep to it as well: `delivery.take_slots`, `adopt_server` and `lock_rows` (`0084`),
//! `sequence_events` (`0007`) and `make_archive_partitions` (`0004`).

use std::time::{Duration, Instant};

use async_trait::async_trait;
use uuid::Uuid;

use super::parameter::Parameter;
use super::queue::QueueError;
use super::row::Row;

/// Key of the advisory lock that makes one sequencer of many; "mindflow" in ASCII.
pub const SEQUENCER_LOCK: i64 = 0x6d69_6e64_666c_6f77;

/// Key of the advisory lock between those who remove a key's first row and those who add to keys; "mforder" in ASCII.
pub const ORDER_LOCK: i64 = 0x006d_666f_7264_6572;

/// Key of the advisory lock between those who lease and those who hold a subscription: a lease that began
/// before a hold was written has ended when the hold is answered; "mfhold" in ASCII.
pub const HOLD_LOCK: i64 = 0x6d66_686f_6c64;

/// The parameters of a statement, in their order.
pub type Params<'a> = &'a [&'a (dyn Parameter + Sync)];

/// What a transaction waits for before its statement, which then sees everything that the holders before it committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Rows of keys are added.
    Order,
    /// First rows of keys are removed.
    OrderShared,
    /// A hold is written.
    Hold,
    /// Events are handed out.
    HoldShared,
    /// A subscription begins between two events.
    Sequencer,
}

/// Whether a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    OnDisk,
    Soon,
}

/// The machine's clock, its dice and its scheduler, so that a test can hold them.
#[async_trait]
pub trait Machine: Send + Sync + 'static {
    /// Now, to measure a duration with.
    fn now(&self) -> Instant;

    /// A random id, for what is only ever compared.
    fn random(&self) -> Uuid;

    async fn pause(&self, time: Duration);

    /// Lets what else is ready go first.
    async fn step_aside(&self);
}

/// The database with the schema `delivery`, logged in as one who may change it.
#[async_trait]
pub trait Store: Machine {
    type Row: Row;

    /// Runs one statement. `operation` names it in errors.
    async fn query(
        &self,
        operation: &'static str,
        statement: &str,
        params: Params<'_>,
    ) -> Result<Vec<Self::Row>, QueueError>;

    /// One statement in a transaction of its own, after `lock`. Where connections keep plans, it is planned once a connection, and
    /// without sequential scans: a plan made while the queue was empty would scan all of it when it no longer is.
    async fn transact(
        &self,
        commit: Commit,
        lock: Option<Lock>,
        operation: &'static str,
        statement: &str,
        params: Params<'_>,
    ) -> Result<Vec<Self::Row>, QueueError>;

    /// Nothing will be asked for a while: gives back what others could use.
    async fn rest(&self) {}
}

// === impl Lock ===

impl Lock {
    /// The statement that waits for it. It ends with its transaction, and never with a session, which others use after it.
    #[must_use]
    pub fn statement(self) -> String {
        let (function, key) = match self {
            Self::Order => ("pg_advisory_xact_lock", ORDER_LOCK),
            Self::OrderShared => ("pg_advisory_xact_lock_shared", ORDER_LOCK),
            Self::Hold => ("pg_advisory_xact_lock", HOLD_LOCK),
            Self::HoldShared => ("pg_advisory_xact_lock_shared", HOLD_LOCK),
            Self::Sequencer => ("pg_advisory_xact_lock", SEQUENCER_LOCK),
        };
        format!("SELECT {function}({key})")
    }
}

// === impl Commit ===

impl Commit {
    /// The value of `synchronous_commit`.
    #[must_use]
    pub fn setting(self) -> &'static str {
        match self {
            Self::OnDisk => "on",
            Self::Soon => "off",
        }
    }
}
