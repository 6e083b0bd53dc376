//! ZIP archives: written in pieces that can be continued, and read without trust.

mod layout;
mod read;
mod write;
#[cfg(test)]
mod tests;

pub use read::{BadArchive, Content, Directory, File, Limits};
pub use write::{Packing, TooMuch, Writer};
