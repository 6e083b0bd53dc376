//! What a client calls itself, in a few words for people. Browsers name each other in their `User-Agent`, so the first name that is
//! found decides.

/// What is in the text, and what people call it. Those that name others come first.
type Names = &'static [(&'static str, &'static str)];

const BROWSERS: Names = &[
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
const PLATFORMS: Names = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

/// What is known of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Device {
    pub browser: Option<&'static str>,
    pub platform: Option<&'static str>,
}

impl Device {
    pub fn of(user_agent: &str) -> Self {
        let named = |names: Names| names.iter().find(|(part, _)| user_agent.contains(part)).map(|(_, name)| *name);
        Self { browser: named(BROWSERS), platform: named(PLATFORMS) }
    }

    /// As `Firefox on Windows`; `None` where neither is known.
    pub fn name(self) -> Option<String> {
        match (self.browser, self.platform) {
            (Some(browser), Some(platform)) => Some(format!("{browser} on {platform}")),
            (browser, platform) => browser.or(platform).map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_known_although_they_name_each_other() {
        for (user_agent, device) in [
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Windows"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
                "Safari on macOS",
            ),
            ("MindFlow/2 (Android 14)", "Android"),
        ] {
            assert_eq!(Device::of(user_agent).name().as_deref(), Some(device), "{user_agent}");
        }
    }

    #[test]
    fn a_client_without_a_known_name_is_not_guessed() {
        for user_agent in ["", "curl/8.8.0", "Gadget/1"] {
            assert_eq!(Device::of(user_agent), Device::default());
        }
    }
}
