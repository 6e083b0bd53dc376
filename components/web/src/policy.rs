//! What the client's pages and its worker may load and call (Content Security Policy 3): what the client's build says, which is nothing
//! inline but by its hash, and nothing from elsewhere. Where files of users come from elsewhere, only the operator knows.

use http::Uri;

/// For pictures and sounds, and to fetch them.
const OF_FILES: [&str; 3] = ["img-src", "media-src", "connect-src"];

/// What pages may use of the browser: where an entry was written. All else that asks for permission is off.
pub const PERMISSIONS: &str = "geolocation=(self), fullscreen=(self), web-share=(self), accelerometer=(), autoplay=(), camera=(), \
    display-capture=(), encrypted-media=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), \
    picture-in-picture=(), publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()";

/// The build's policy, with the origin of the address that files of users begin with.
pub fn of(policy: &str, cdn_url: Option<&str>) -> String {
    let Some(cdn) = cdn_url.and_then(origin) else { return policy.to_owned() };
    let directives = policy.split(';').map(str::trim).map(|directive| {
        let is_of_files = OF_FILES.iter().any(|name| directive.split(' ').next() == Some(name));
        if is_of_files { format!("{directive} {cdn}") } else { directive.to_owned() }
    });
    directives.collect::<Vec<_>>().join("; ")
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

    const BUILT: &str = "default-src 'none'; script-src 'self' 'sha256-abc='; img-src 'self' blob:; connect-src 'self'";

    #[test]
    fn files_of_users_may_come_from_where_the_operator_says() {
        assert_eq!(
            of(BUILT, Some("https://cdn.example.org:8443/media/")),
            "default-src 'none'; script-src 'self' 'sha256-abc='; img-src 'self' blob: https://cdn.example.org:8443; \
             connect-src 'self' https://cdn.example.org:8443"
        );
    }

    #[test]
    fn what_is_no_address_adds_nothing() {
        for none in ["", "cdn.example.org", "javascript:alert(1)", "https://a b; script-src *"] {
            assert_eq!(of(BUILT, Some(none)), BUILT, "{none}");
        }
        assert_eq!(of(BUILT, None), BUILT);
    }
}
