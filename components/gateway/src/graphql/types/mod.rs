//! The types of the schema, and how the services' records become them. Their descriptions are the
//! documentation that clients see.

pub mod audit;
pub mod dead_letter;
pub mod disclosure;
pub mod entry;
pub mod erasure;
pub mod figures;
pub mod inputs;
pub mod journal;
pub mod media;
pub mod mood;
pub mod node;
pub mod notification;
pub mod page;
pub mod password;
pub mod past;
pub mod place;
pub mod platform;
pub mod portability;
pub mod reminder;
pub mod scalars;
pub mod search;
pub mod second_factor;
pub mod session;
pub mod storage;
pub mod sync;
pub mod template;
pub mod user;
