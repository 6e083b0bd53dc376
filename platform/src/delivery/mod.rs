//! Delivery of events from the log on PostgreSQL: what every replica does alike, be it a host that runs all the time or a drain
//! on Spin that is called and ends. [`Store`] is all that it needs of the database, [`Machine`] of what it runs on.
//!
//! - [`queue`] is what a queue promises; [`policy`] and [`outcome`] say what follows a handler's answer.
//! - [`subscription`] is what a subscriber says about its deliveries, [`registry`] keeps it in the database.
//! - [`sequencer`] gives events their order, [`log`] delivers in that order, [`rows`] and `dead_letters` what left it.
//! - [`Opening`] opens payloads before a handler gets them.
//! - [`workload`] is what one subscription's dispatcher has in hand, `share` what of it one user may have; [`drain`] is a dispatcher that ends.

mod dead_letters;
pub mod drain;
mod entry;
pub mod log;
mod opening;
pub mod outcome;
mod parameter;
pub mod policy;
pub mod queue;
mod quoted;
pub mod registry;
mod row;
pub mod rows;
pub mod sequencer;
mod share;
pub mod store;
pub mod subscription;
pub mod workload;

pub use entry::{RetryEntry, SubscriptionEntry};
pub use log::LogQueue;
pub use opening::{Opening, Skips};
pub use parameter::Parameter;
pub use quoted::unquoted;
pub use row::{Column, Named, Row};
pub use store::{Commit, Lock, Machine, Params, Store};
