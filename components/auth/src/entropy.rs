//! The one place where randomness is drawn (WASI's random source), so that tests can set it everywhere else.

use getrandom::fill;

/// Unpredictable bytes.
///
/// # Errors
/// The host has no randomness.
pub fn bytes<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    fill(&mut bytes).map(|()| bytes)
}
