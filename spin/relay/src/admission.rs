//! Who may ring. What a ring does is due anyway, but it takes a connection of the databases for each component.

use subtle::ConstantTimeEq;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Method,
    /// The application has no token, so no request can show it.
    Closed,
    Token,
}

/// Takes a `POST` with `authorization: Bearer TOKEN`.
pub fn check(is_post: bool, shown: Option<&[u8]>, token: Option<&str>) -> Result<(), Refusal> {
    if !is_post {
        return Err(Refusal::Method);
    }
    let token = token.ok_or(Refusal::Closed)?;
    let shown = shown.and_then(|shown| shown.strip_prefix(b"Bearer ")).unwrap_or_default();
    if bool::from(shown.ct_eq(token.as_bytes())) { Ok(()) } else { Err(Refusal::Token) }
}

// === impl Refusal ===

impl Refusal {
    /// Of HTTP.
    pub fn status(self) -> u16 {
        match self {
            Self::Method => 405,
            Self::Closed => 503,
            Self::Token => 401,
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Method => "use POST",
            Self::Closed => "the application has no relay_token; give it one, and the same to the relay",
            Self::Token => "the token is not the application's relay_token",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_alone_opens() {
        let with = |shown: &'static [u8]| check(true, Some(shown), Some("secret"));
        assert_eq!(with(b"Bearer secret"), Ok(()));
        for wrong in [&b"Bearer secre"[..], b"Bearer secrets", b"Basic secret", b"secret", b""] {
            assert_eq!(with(wrong), Err(Refusal::Token));
        }
        assert_eq!(check(true, None, Some("secret")), Err(Refusal::Token));
    }

    #[test]
    fn without_a_token_it_stays_closed() {
        assert_eq!(check(true, Some(b"Bearer "), None), Err(Refusal::Closed));
        assert_eq!(check(false, Some(b"Bearer secret"), Some("secret")), Err(Refusal::Method));
    }
}
