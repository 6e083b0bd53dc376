//! Names of hosts that the public internet does not know.

/// Below these is no public name, and never will be: the special-use names of RFC 6761 (`invalid`, `localhost`, `test`), 6762
/// (`local`), 7686 (`onion`), 8375 (`home.arpa`) and 9476 (`alt`); `internal`, which ICANN keeps for private networks; and what
/// such networks use besides (RFC 6762, appendix G; `localdomain`; `svc` of Kubernetes). `example` is missing: documents and
/// tests need a name that leads nowhere.
const PRIVATE: [&str; 15] = [
    "alt",
    "corp",
    "home",
    "home.arpa",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
    "svc",
    "test",
];

/// Below these no server takes mail, not even on a private network: RFC 6761, 6.3 and 6.4, RFC 7686, RFC 9476.
const WITHOUT_MAIL: [&str; 4] = ["alt", "invalid", "localhost", "onion"];

/// Whether a name is of no host on the public internet: a label alone, or one of a private network or of none. In A-labels, with
/// or without the dot at its end. Not for addresses.
#[must_use]
pub fn is_private_name(host: &str) -> bool {
    !host.trim_end_matches('.').contains('.') || is_below(host, &PRIVATE)
}

/// Whether no server takes mail for a domain, whichever the network.
pub(crate) fn is_without_mail(domain: &str) -> bool {
    is_below(domain, &WITHOUT_MAIL)
}

fn is_below(host: &str, names: &[&str]) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    names.iter().any(|name| host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_never_public_are_known_in_every_spelling() {
        for private in [
            "localhost",
            "intranet",
            "com",
            "a.localhost",
            "printer.local",
            "metadata.google.internal",
            "METADATA.GOOGLE.INTERNAL.",
            "internal.",
            "nas.home.arpa",
            "nas.lan",
            "hook.invalid",
            "hook.test",
            "pg7a.onion",
            "name.alt",
            "redis.default.svc",
            "redis.default.svc.cluster.local",
        ] {
            assert!(is_private_name(private), "{private}");
        }
        for public in [
            "example.org",
            "hooks.example",
            "local.example.org",
            "hooks.notlocal.org",
            "internal.org",
            "mylocal.de",
            "arpa.net",
            "uri.arpa",
            "xn--r8jz45g.xn--zckzah",
        ] {
            assert!(!is_private_name(public), "{public}");
        }
    }

    #[test]
    fn a_private_network_may_have_mail_and_some_names_never_do() {
        for without in ["a.invalid", "localhost", "mail.localhost", "x.onion", "x.ALT"] {
            assert!(is_without_mail(without), "{without}");
        }
        for with in ["corp.internal", "office.local", "mindflow.test", "ann.example", "notinvalid.org"] {
            assert!(!is_without_mail(with), "{with}");
        }
    }
}
