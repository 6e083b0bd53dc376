//! Addresses of receivers on the web.

use url::Url;

/// Longer addresses are not supported everywhere.
pub const WEB_ADDRESS_CHARS_MAX: usize = 2_048;

/// Why a text is none that a request can be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoWebAddress {
    #[error("has more than {WEB_ADDRESS_CHARS_MAX} characters as it is sent")]
    TooLong,
    #[error("is no absolute address, such as https://example.org/hook")]
    Form,
    #[error("does not begin with https://")]
    Scheme,
    #[error("has a fragment (#…), which is never sent")]
    Fragment,
    #[error("holds a name or a password")]
    Credentials,
}

/// An address by the WHATWG's standard for URLs, in the form in which requests are sent: percent-encoded, the host in A-labels.
///
/// # Errors
/// The first rule that it breaks. Where it leads is not looked at.
pub fn web_address(text: &str) -> Result<Url, NoWebAddress> {
    // The standard leaves some of them out where they stand in the text, which hides what was entered.
    if text.chars().any(char::is_control) {
        return Err(NoWebAddress::Form);
    }
    // Each may become twelve when it is sent, but none is left out but spaces around.
    if text.chars().count() > WEB_ADDRESS_CHARS_MAX {
        return Err(NoWebAddress::TooLong);
    }
    let mut url = Url::parse(text).map_err(|_| NoWebAddress::Form)?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(NoWebAddress::Scheme);
    }
    if url.fragment().is_some() {
        return Err(NoWebAddress::Fragment);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(NoWebAddress::Credentials);
    }
    // The same host, which is resolved and judged by its name without the dot.
    if let Some(host) = url.domain().filter(|host| host.ends_with('.')).map(str::to_owned) {
        url.set_host(Some(host.trim_end_matches('.'))).map_err(|_| NoWebAddress::Form)?;
    }
    if url.port() == Some(0) {
        return Err(NoWebAddress::Form);
    }
    if url.as_str().len() > WEB_ADDRESS_CHARS_MAX {
        return Err(NoWebAddress::TooLong);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_is_sent_percent_encoded_with_its_host_in_a_labels() {
        for (text, expected) in [
            ("https://example.org/hook?x=1", "https://example.org/hook?x=1"),
            ("https://example.org", "https://example.org/"),
            ("HTTPS://Example.ORG:443/Hook", "https://example.org/Hook"),
            ("https://bücher.example/häng?name=Jörg", "https://xn--bcher-kva.example/h%C3%A4ng?name=J%C3%B6rg"),
            ("https://例え.テスト/", "https://xn--r8jz45g.xn--zckzah/"),
            ("https://example.org/a b|c", "https://example.org/a%20b|c"),
            ("https://example.org/a/../b%2Fc", "https://example.org/b%2Fc"),
            (" https://example.org/hook ", "https://example.org/hook"),
            ("http://0x7f.1/", "http://127.0.0.1/"),
            ("https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443/"),
            ("https://example.org\\hook", "https://example.org/hook"),
            ("https://LOCALHOST./", "https://localhost/"),
        ] {
            assert_eq!(web_address(text).map(String::from).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn an_address_must_be_absolute_and_without_credentials() {
        let long = format!("https://example.org/{}", "x".repeat(WEB_ADDRESS_CHARS_MAX));
        let grows = format!("https://example.org/{}", "語".repeat(WEB_ADDRESS_CHARS_MAX / 2));
        for (text, why) in [
            ("", NoWebAddress::Form),
            ("example.org", NoWebAddress::Form),
            ("/hook", NoWebAddress::Form),
            ("https://", NoWebAddress::Form),
            ("https://exa mple.org/", NoWebAddress::Form),
            ("https://example.org/\r\nX: y", NoWebAddress::Form),
            ("https://exa\tmple.org/", NoWebAddress::Form),
            ("https://xn--.org/", NoWebAddress::Form),
            ("https://256.1.1.1/", NoWebAddress::Form),
            ("https://example.org:0/", NoWebAddress::Form),
            ("ftp://example.org", NoWebAddress::Scheme),
            ("javascript:alert(1)", NoWebAddress::Scheme),
            ("https://user:pw@example.org/", NoWebAddress::Credentials),
            ("https://user@example.org/", NoWebAddress::Credentials),
            ("https://example.org/#x", NoWebAddress::Fragment),
            ("https://example.org/#", NoWebAddress::Fragment),
            (&long, NoWebAddress::TooLong),
            (&grows, NoWebAddress::TooLong),
        ] {
            assert_eq!(web_address(text).map(String::from), Err(why), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn an_address_as_it_is_sent_is_ascii_and_stays_so(text in "https?://\\PC{1,20}/\\PC{0,20}") {
            if let Ok(url) = web_address(&text) {
                prop_assert!(url.as_str().is_ascii());
                prop_assert_eq!(web_address(url.as_str()), Ok(url));
            }
        }
    }
}
