//! Passwords that a private server is started with.

/// 256 bits, so that guessing is hopeless at any cost of a guess.
const BYTES: usize = 32;

/// A new one, in hexadecimal.
pub(crate) fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}
