//! Goal: no committed event is lost, doubled or reordered, whatever its handlers and their hosts do.
//! Method: real delivery on a private database each, with handlers that are told how to behave; every
//! wait is for a condition, with a bound.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod failure;
mod lease;
mod order;
mod relay;
mod speed;
mod stage;
