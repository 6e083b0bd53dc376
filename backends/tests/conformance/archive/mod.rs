//! Goal: every event is kept, in order, in its month, and can be copied away and back without a difference.
//! Method: real delivery fills the archive of a private database each; months that are not now are made
//! by moving the sequence of positions, as the turn of a month does.

mod copies;
mod partitions;
mod reading;
mod s3;
mod stage;
