//! The one place where randomness and ids are made (WASI's random source), so that everything else can be given them.

use getrandom::fill;
use uuid::Uuid;

/// Random bytes that nobody can guess.
///
/// # Errors
/// When the host has no randomness to give.
pub fn bytes<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    fill(&mut bytes).map(|()| bytes)
}

/// An id that sorts by the time it was made (version 7): rows of accounts stay in order on disk.
pub fn ordered_id() -> Uuid {
    Uuid::now_v7()
}

/// An id that tells nothing (version 4).
pub fn id() -> Uuid {
    Uuid::new_v4()
}
