//! ZIP archives: written in pieces that can be continued, and read without trust.

mod layout;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::{BadArchive, Content, Directory, File, Limits};
pub use write::{Packing, TooMuch, Writer};
