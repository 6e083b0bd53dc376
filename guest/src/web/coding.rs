//! In which form a client takes an answer (`Accept-Encoding`, RFC 9110 §12.5.3).

/// A form with fewer bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    Brotli,
    Gzip,
}

impl Coding {
    /// As `Content-Encoding` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Brotli => &["br"],
            Self::Gzip => &["gzip", "x-gzip"],
        }
    }
}

/// What the client likes best, and `among_equals` if it likes both as much; none where that is the answer as it is.
pub fn choose(accepted: &str, among_equals: Coding) -> Option<Coding> {
    let (brotli, gzip) = (wish(accepted, Coding::Brotli), wish(accepted, Coding::Gzip));
    let best = brotli.max(gzip);
    // Without a word about it, the answer as it is comes last.
    if best == 0 || named(accepted, &["identity"]).is_some_and(|identity| identity > best) {
        return None;
    }
    Some(match brotli.cmp(&gzip) {
        std::cmp::Ordering::Greater => Coding::Brotli,
        std::cmp::Ordering::Less => Coding::Gzip,
        std::cmp::Ordering::Equal => among_equals,
    })
}

/// How much the client likes a coding, in thousandths; 0: not at all.
pub fn wish(accepted: &str, coding: Coding) -> u16 {
    named(accepted, coding.names()).or_else(|| named(accepted, &["*"])).unwrap_or(0)
}

/// Whether the answer as it is may not be sent.
pub fn refuses_identity(accepted: &str) -> bool {
    named(accepted, &["identity"]).or_else(|| named(accepted, &["*"])) == Some(0)
}

fn named(accepted: &str, names: &[&str]) -> Option<u16> {
    accepted.split(',').find_map(|item| {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        names.iter().any(|known| name.trim().eq_ignore_ascii_case(known)).then(|| quality(parameters))
    })
}

fn quality(parameters: &str) -> u16 {
    let mut parameters = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let Some((_, value)) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("q")) else { return 1_000 };
    let quality: f32 = value.trim().parse().unwrap_or(0.0);
    (quality.clamp(0.0, 1.0) * 1_000.0).round() as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_gets_what_it_likes_best() {
        for (accepted, chosen) in [
            ("", None),
            ("gzip, deflate, br, zstd", Some(Coding::Brotli)),
            ("br;q=0.9, GZIP", Some(Coding::Gzip)),
            ("x-gzip", Some(Coding::Gzip)),
            ("*", Some(Coding::Brotli)),
            ("br;q=0, *;q=0.1", Some(Coding::Gzip)),
            ("identity, gzip;q=0.5", None),
            ("deflate, zstd", None),
            ("gzip;q=0, br;q=0.0", None),
        ] {
            assert_eq!(choose(accepted, Coding::Brotli), chosen, "{accepted:?}");
        }
        assert_eq!(choose("gzip, br", Coding::Gzip), Some(Coding::Gzip));
    }

    #[test]
    fn the_answer_as_it_is_may_be_sent_unless_that_is_refused() {
        for (accepted, refuses) in
            [("", false), ("gzip", false), ("identity;q=0", true), ("*;q=0", true), ("identity, *;q=0", false)]
        {
            assert_eq!(refuses_identity(accepted), refuses, "{accepted:?}");
        }
    }
}
