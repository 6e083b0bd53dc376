//! What the client's pages and its worker may load and call (Content Security Policy 3). Nothing inline: styles and scripts are files, or
//! the client's build names their hashes. There is no nonce, since pages are the same for all and are kept by caches and by the worker.

use http::Uri;
use std::fmt::Write;

/// From this origin alone. `CDN` stands for where files of users come from, if not from here.
const DIRECTIVES: [(&str, &[&str]); 12] = [
    ("default-src", &["'none'"]),
    ("script-src", &["'self'"]),
    ("style-src", &["'self'"]),
    ("img-src", &["'self'", "data:", "blob:", CDN]),
    ("media-src", &["'self'", "blob:", CDN]),
    ("font-src", &["'self'"]),
    ("connect-src", &["'self'", CDN]),
    ("manifest-src", &["'self'"]),
    ("worker-src", &["'self'"]),
    ("base-uri", &["'self'"]),
    ("form-action", &["'self'"]),
    ("frame-ancestors", &["'none'"]),
];
const CDN: &str = "CDN";

/// What pages may use of the browser: where an entry was written. All else that asks for permission is off.
pub const PERMISSIONS: &str = "geolocation=(self), fullscreen=(self), web-share=(self), accelerometer=(), autoplay=(), camera=(), \
    display-capture=(), encrypted-media=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), \
    picture-in-picture=(), publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()";

/// The policy with the sources that the client's build adds, and the origin of the address that files of users begin with.
pub fn of(further: &[(&str, &[&str])], cdn_url: Option<&str>) -> String {
    let cdn = cdn_url.and_then(origin);
    let mut policy = String::new();
    let mut add = |directive: &str, sources: Vec<&str>| {
        let separator = if policy.is_empty() { "" } else { "; " };
        let _in_memory = write!(policy, "{separator}{directive}");
        for source in sources {
            let _in_memory = write!(policy, " {source}");
        }
    };
    for (directive, sources) in DIRECTIVES {
        let own = sources.iter().filter_map(|source| if *source == CDN { cdn.as_deref() } else { Some(*source) });
        add(directive, own.chain(added(further, directive)).collect());
    }
    for (directive, sources) in further {
        if !DIRECTIVES.iter().any(|(known, _)| known == directive) {
            add(directive, sources.to_vec());
        }
    }
    policy
}

fn added<'a>(further: &'a [(&'a str, &'a [&'a str])], directive: &'a str) -> impl Iterator<Item = &'a str> {
    further.iter().filter(move |(name, _)| *name == directive).flat_map(|(_, sources)| sources.iter().copied())
}

fn origin(url: &str) -> Option<String> {
    let uri: Uri = url.trim().parse().ok()?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"))?;
    let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{scheme}://{}{port}", uri.host()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_from_this_origin_and_nothing_is_inline() {
        let policy = of(&[], None);
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'; "), "{policy}");
        assert!(policy.ends_with("; frame-ancestors 'none'"), "{policy}");
        for wide in ["unsafe", "nonce", "*", "http", CDN] {
            assert!(!policy.contains(wide), "{wide}: {policy}");
        }
    }

    #[test]
    fn the_clients_build_adds_hashes_and_directives() {
        let policy = of(&[("style-src", &["'sha256-abc='"]), ("trusted-types", &["angular", "dompurify"])], None);
        assert!(policy.contains("; style-src 'self' 'sha256-abc='; "), "{policy}");
        assert!(policy.ends_with("; trusted-types angular dompurify"), "{policy}");
    }

    #[test]
    fn files_of_users_may_come_from_where_the_operator_says_and_what_is_no_address_adds_nothing() {
        let policy = of(&[], Some("https://cdn.example.org:8443/media/"));
        let cdn = "https://cdn.example.org:8443";
        assert!(policy.contains(&format!("; img-src 'self' data: blob: {cdn}; ")), "{policy}");
        assert!(policy.contains(&format!("; connect-src 'self' {cdn}; ")) && !policy.contains("/media"), "{policy}");
        for none in ["", "cdn.example.org", "javascript:alert(1)", "https://a b; script-src *"] {
            assert_eq!(of(&[], Some(none)), of(&[], None), "{none}");
        }
    }
}
