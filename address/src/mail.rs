//! Addresses of mailboxes, as they go over the wire.

use crate::name;
use email_address::EmailAddress;
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use std::fmt;

/// RFC 5321, 4.5.3.1.3: a path of 256 octets, less its angle brackets.
pub const MAIL_ADDRESS_BYTES_MAX: usize = 254;

/// An address of the public mail system: a bare `name@domain.tld` of RFC 5321 or, with letters beyond ASCII before the `@`, of
/// RFC 6531. No name around it, no address of a machine behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailAddress {
    local: String,
    domain: String,
}

/// Why a text is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoMailAddress {
    #[error("is no e-mail address")]
    Form,
    #[error("is longer than {MAIL_ADDRESS_BYTES_MAX} bytes as it is sent")]
    TooLong,
    #[error("is of a domain that no server takes mail for: one below localhost, invalid, onion or alt")]
    NoMail,
}

impl MailAddress {
    /// By the grammar alone.
    ///
    /// # Errors
    /// It is no address.
    pub fn parse(text: &str) -> Result<Self, NoMailAddress> {
        let (local, domain) = text.rsplit_once('@').ok_or(NoMailAddress::Form)?;
        // The library takes every character beyond ASCII.
        let is_seen = |c: char| !c.is_control() && (c.is_ascii() || !c.is_whitespace() && !is_unseen(c));
        if !local.chars().all(is_seen) || !EmailAddress::is_valid_local_part(local) {
            return Err(NoMailAddress::Form);
        }
        // Quotes that are not needed name the same mailbox (RFC 5321, 4.1.2).
        let bare = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let bare = bare.filter(|bare| !bare.starts_with('"') && EmailAddress::is_valid_local_part(bare));
        let local = bare.unwrap_or(local);
        // Every mail server knows A-labels (RFC 5890); those without SMTPUTF8 know nothing else.
        let domain = Uts46::new()
            .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
            .map_err(|_| NoMailAddress::Form)?;
        let top = domain.rsplit_once('.').map(|(_, top)| top).ok_or(NoMailAddress::Form)?;
        // Not an address of a machine (RFC 3696, 2).
        if top.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NoMailAddress::Form);
        }
        if local.len() + 1 + domain.len() > MAIL_ADDRESS_BYTES_MAX {
            return Err(NoMailAddress::TooLong);
        }
        Ok(Self { local: local.to_owned(), domain: domain.into_owned() })
    }

    /// Names of private networks are accepted: the server that sends may know them.
    ///
    /// # Errors
    /// The domain is one for which no server takes mail, on no network.
    pub fn deliverable(self) -> Result<Self, NoMailAddress> {
        if name::is_without_mail(&self.domain) { Err(NoMailAddress::NoMail) } else { Ok(self) }
    }

    /// What is before the `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// In A-labels and lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The domain in letters of its script.
    #[must_use]
    pub fn domain_in_letters(&self) -> String {
        let domain = self.domain.as_bytes();
        Uts46::new().to_unicode(domain, AsciiDenyList::STD3, Hyphens::CheckFirstLast).0.into_owned()
    }

    /// Whether every server takes it. Others have to know SMTPUTF8 (RFC 6531).
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.local.is_ascii()
    }
}

/// What shows nothing, or reorders what is shown: an address would look like another one.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// As it is sent.
impl fmt::Display for MailAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}@{}", self.local, self.domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sent(text: &str) -> String {
        MailAddress::parse(text).unwrap_or_else(|error| panic!("{text:?} {error}")).to_string()
    }

    #[test]
    fn domains_go_out_as_a_labels() {
        for (text, expected) in [
            ("ann@example.org", "ann@example.org"),
            ("Ann.B+x@Sub.Example.ORG", "Ann.B+x@sub.example.org"),
            ("ann@bücher.example", "ann@xn--bcher-kva.example"),
            ("ann@bu\u{308}cher.example", "ann@xn--bcher-kva.example"),
            ("ann@BÜCHER。example", "ann@xn--bcher-kva.example"),
            ("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
            ("ann@例え.テスト", "ann@xn--r8jz45g.xn--zckzah"),
            ("用户@例え.テスト", "用户@xn--r8jz45g.xn--zckzah"),
            ("\"a b\"@example.org", "\"a b\"@example.org"),
            ("\"ann3\"@example.org", "ann3@example.org"),
            ("ann@straße.example", "ann@xn--strae-oqa.example"),
            ("o'neil@r3---sn-a.example.org", "o'neil@r3---sn-a.example.org"),
        ] {
            assert_eq!(sent(text), expected);
        }
        assert!(MailAddress::parse("ann@bücher.example").unwrap().is_ascii());
        assert_eq!(MailAddress::parse("ann@xn--bcher-kva.example").unwrap().domain_in_letters(), "bücher.example");
        assert!(!MailAddress::parse("änn@example.org").unwrap().is_ascii());
    }

    #[test]
    fn what_can_never_be_sent_is_none() {
        let label = "b".repeat(64);
        for text in [
            "",
            "ann",
            "ann@",
            "@example.org",
            "ann@example",
            "a b@example.org",
            "a@b@example.org",
            "Ann <ann@example.org>",
            "ann@[127.0.0.1]",
            "ann@127.0.0.1",
            "ann@example.1",
            "ann@example..org",
            "ann@example.org.",
            "ann@-example.org",
            "ann@exa_mple.org",
            "ann@exa mple.org",
            "ann@xn--.org",
            "ann@a\u{200d}b.org",
            "ann@example.org\0",
            "ann@exa\nmple.org",
            "ann\u{3000}b@example.org",
            "ann\u{85}@example.org",
            "a\u{202e}b@example.org",
            "a\u{ad}b@example.org",
            ".ann@example.org",
            "a..b@example.org",
            "\"\"@example.org",
            &format!("{}@example.org", "a".repeat(65)),
            &format!("{}@example.org", "ü".repeat(33)),
            &format!("ann@{label}.org"),
        ] {
            assert_eq!(MailAddress::parse(text), Err(NoMailAddress::Form), "{text:?}");
        }
    }

    #[test]
    fn a_domain_for_which_no_server_takes_mail_is_none_to_send_to() {
        let sent_to = |text: &str| MailAddress::parse(text).and_then(MailAddress::deliverable).map(|to| to.to_string());
        for text in ["ann@mail.localhost", "ann@Example.INVALID", "ann@x.onion", "ann@x.alt", "ann@x。invalid"] {
            assert_eq!(sent_to(text), Err(NoMailAddress::NoMail), "{text}");
        }
        for text in ["ann@example.org", "ann@office.internal", "ann@mindflow.test", "ann@nas.home.arpa"] {
            assert_eq!(sent_to(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn an_address_is_measured_as_it_is_sent() {
        let domain = |label: &str| format!("{}.org", [label; 4].join("."));
        // Letters beyond ASCII take fewer bytes in an A-label than as they are.
        let text = format!("ann@{}", domain(&"ü".repeat(40)));
        assert!(text.len() > MAIL_ADDRESS_BYTES_MAX && text.chars().count() < MAIL_ADDRESS_BYTES_MAX, "{}", text.len());
        assert!(MailAddress::parse(&text).is_ok());
        let long = format!("{}@{}", "a".repeat(64), domain(&"b".repeat(58)));
        assert_eq!(MailAddress::parse(&long), Err(NoMailAddress::TooLong));
    }

    proptest! {
        #[test]
        fn an_address_as_it_is_sent_is_itself_one(text in "\\PC{1,12}@\\PC{1,12}\\.\\PC{1,6}") {
            if let Ok(address) = MailAddress::parse(&text) {
                prop_assert!(address.domain().is_ascii());
                prop_assert_eq!(MailAddress::parse(&address.to_string()), Ok(address));
            }
        }
    }
}
