//! What an operator can request of the platform: the command line and the control socket are two ways to it.
//!
//! [`OperatorRequest`] lists the requests, and each file executes one kind of them. [`OperatorClient`] has a request
//! executed by the running host, over its control [`socket`], or by a platform that it starts for it.

mod archive;
mod audit;
mod claim;
mod client;
mod components;
mod dead_letters;
mod error;
mod logs;
mod replay;
mod request;
pub mod socket;
mod socket_folder;

pub use archive::ArchiveRequest;
pub use audit::{AuditRequest, parse_head};
pub use claim::{Claim, Claimed, claim, host_of};
pub use client::OperatorClient;
pub use dead_letters::DeadLettersRequest;
pub use error::OperatorError;
pub use logs::LogsRequest;
pub use replay::ReplayRequest;
pub use request::{OperatorRequest, execute};

/// Receives how far long work has come, in words for people.
pub type Progress<'a> = &'a (dyn Fn(&str) + Send + Sync);
