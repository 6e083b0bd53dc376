//! `[http]` of the runtime configuration: how the host listens, and what one client may take. docs/security.md has the
//! settings as a table.

use super::{Bytes, ListenAddress, network::Network};
use serde::Deserialize;

/// Limits of the HTTP trigger. Times are in milliseconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct HttpSettings {
    /// The largest request body; a component may allow less.
    pub body_max: Bytes,
    /// Until a new connection has sent its first request's head, and over HTTP/1 until each next one.
    pub header_timeout_ms: u64,
    /// Until an HTTP/2 connection without a request in progress is closed.
    pub idle_timeout_ms: u64,
    /// Between two parts of a request's body.
    pub body_idle_ms: u64,
    /// For the whole of a request's body.
    pub body_timeout_ms: u64,
    /// So much of a body is read before a component is called for it.
    pub body_ahead: Bytes,
    /// Of all bodies that are read ahead; an eighth of it for one address.
    pub bodies_max: Bytes,
    /// Until a client has taken the next part of its answer.
    pub response_idle_ms: u64,
    /// For the whole of an answer's body. Server-sent events have no such limit.
    pub response_timeout_ms: u64,
    /// Of all answers that have not been read; an eighth of it for one address.
    pub answers_max: Bytes,
    /// Connections at the same time, without those that have become WebSockets.
    pub connections_max: usize,
    /// Of one address, unless it is a trusted proxy's.
    pub connections_per_address_max: usize,
    /// Answers that stream at the same time, such as server-sent events and downloads; further ones are answered with 503.
    pub streams_max: usize,
    /// Of one address; further ones are answered with 429.
    pub streams_per_address_max: usize,
    /// Requests of one connection at the same time.
    pub http2_streams_max: u32,
    /// The head of a request over HTTP/2, as RFC 9113 counts it.
    pub http2_header_list_max: Bytes,
    /// WebSocket connections at the same time; further ones are answered with 503.
    pub websockets_max: usize,
    /// Of one address, unless it is a trusted proxy's; further ones are answered with 429.
    pub websockets_per_address_max: usize,
    /// Of one user, event streams among them; with one more, that one is closed with 4429.
    pub websockets_per_user_max: usize,
    /// How long a stop waits for requests in progress.
    pub drain_ms: u64,
    /// Whether there is `/metrics`.
    pub metrics: bool,
    /// Who may read it.
    pub metrics_from: Vec<Network>,
    /// Where it is served instead, to everyone who reaches this address.
    pub metrics_listen: Option<ListenAddress>,
    /// Proxies that say truly whose requests they pass on.
    pub trusted_proxies: Vec<Network>,
    /// By which header they say so.
    pub forwarding_header: ForwardingHeader,
    /// Whether every client comes by TLS, also where no trusted proxy says so.
    pub https: bool,
    /// `max-age` of `Strict-Transport-Security` in answers to requests that came by TLS; 0 for none.
    pub hsts_max_age_s: u64,
}

/// The header by which trusted proxies name the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardingHeader {
    /// `X-Forwarded-For` and `X-Forwarded-Proto`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl Default for HttpSettings {
    fn default() -> Self {
        let loopback = ["127.0.0.0/8", "::1"].map(|text| Network::try_from(text.to_owned()));
        Self {
            body_max: Bytes(11 << 20),
            header_timeout_ms: 10_000,
            idle_timeout_ms: 60_000,
            body_idle_ms: 10_000,
            body_timeout_ms: 120_000,
            body_ahead: Bytes(256 << 10),
            bodies_max: Bytes(128 << 20),
            response_idle_ms: 30_000,
            response_timeout_ms: 600_000,
            answers_max: Bytes(256 << 20),
            connections_max: 10_000,
            connections_per_address_max: 1_000,
            streams_max: 2_000,
            streams_per_address_max: 256,
            http2_streams_max: 100,
            http2_header_list_max: Bytes(16 << 10),
            websockets_max: 20_000,
            websockets_per_address_max: 1_000,
            websockets_per_user_max: 100,
            drain_ms: 10_000,
            metrics: true,
            metrics_from: loopback.into_iter().filter_map(Result::ok).collect(),
            metrics_listen: None,
            trusted_proxies: Vec::new(),
            forwarding_header: ForwardingHeader::default(),
            https: false,
            hsts_max_age_s: 31_536_000,
        }
    }
}

impl HttpSettings {
    /// Sockets that clients can have open.
    pub fn sockets_max(&self) -> usize {
        self.connections_max.saturating_add(self.websockets_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../docs/security.md");

    fn read(text: &str) -> Result<HttpSettings, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// The settings and defaults of the page's tables, as it writes them.
    fn documented() -> Vec<(String, String)> {
        let (_, from) = PAGE.split_once("\n## The door\n").unwrap();
        let (section, _) = from.split_once("\n## ").unwrap();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
        let cells = rows.map(|row| row.split(" | ").collect::<Vec<_>>());
        let settings = cells.flat_map(|cells| {
            let text = |text: &str| text.trim_matches('`').to_owned();
            let (names, defaults) = (cells[0].split(", ").map(text), cells[1].split(", ").map(text));
            names.zip(defaults).collect::<Vec<_>>()
        });
        settings.collect()
    }

    /// The default as a configuration has it; none where none is the default.
    fn configured(default: &str) -> Option<String> {
        let plain = default.replace(',', "");
        let (number, unit) = plain.split_once(' ').unwrap_or((plain.as_str(), ""));
        let times = match unit {
            "" => 1,
            "s" => 1_000,
            "min" => 60_000,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            other => panic!("{other} is no unit of {default}"),
        };
        match (number.parse::<u64>(), default) {
            (Ok(number), _) => Some((number * times).to_string()),
            (Err(_), "none") => None,
            (Err(_), "loopback") => Some("[\"127.0.0.0/8\", \"::1\"]".to_owned()),
            (Err(_), "true" | "false") => Some(default.to_owned()),
            (Err(_), word) => Some(format!("{word:?}")),
        }
    }

    #[test]
    fn the_page_about_security_has_each_setting_with_its_default() {
        let documented = documented();
        let lines =
            documented.iter().filter_map(|(name, default)| Some(format!("{name} = {}\n", configured(default)?)));
        let read = read(&lines.collect::<String>()).unwrap();
        let default = HttpSettings::default();
        assert_eq!(format!("{read:#?}"), format!("{default:#?}"));
        // Fields are the lines that are one step within.
        for line in format!("{default:#?}").lines().filter_map(|line| line.strip_prefix("    ")) {
            let Some((name, _)) = line.split_once(": ").filter(|_| !line.starts_with(' ')) else { continue };
            let name = name.replace('_', "-");
            assert!(documented.iter().any(|(documented, _)| *documented == name), "docs/security.md lacks `{name}`");
        }
    }

    #[test]
    fn metrics_are_for_this_machine_unless_addresses_are_named() {
        let allows = |settings: &HttpSettings, address: &str| {
            settings.metrics_from.iter().any(|network| network.contains(address.parse().unwrap()))
        };
        let default = HttpSettings::default();
        assert!(allows(&default, "127.0.0.1") && allows(&default, "::1") && !allows(&default, "10.0.0.1"));
        let named = read("metrics-from = [\"10.0.0.0/8\"]").unwrap();
        assert!(allows(&named, "10.0.0.1") && !allows(&named, "127.0.0.1"));
    }

    #[test]
    fn metrics_are_served_where_a_name_or_a_port_says_as_clients_are() {
        for (text, address) in [("localhost:9090", "127.0.0.1:9090"), (":9090", "0.0.0.0:9090")] {
            let settings = read(&format!("metrics-listen = {text:?}")).unwrap();
            assert_eq!(settings.metrics_listen.unwrap().addresses()[0].to_string(), address);
        }
        assert!(read("metrics-listen = \"9090\"").unwrap_err().contains(":PORT"));
    }

    #[test]
    fn an_address_that_is_none_and_a_header_that_is_none_are_named() {
        let error = read("trusted-proxies = [\"balancer\"]").unwrap_err();
        assert!(error.contains("balancer") && error.contains("10.0.0.0/8"), "{error}");
        let error = read("forwarding-header = \"via\"").unwrap_err();
        assert!(error.contains("via") && error.contains("x-forwarded-for"), "{error}");
    }
}
