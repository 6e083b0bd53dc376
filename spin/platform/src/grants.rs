//! What `spin.toml` grants the service that this instance of the adapter works for, with the host's texts for what it does not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::time::Duration;

use mindflow_platform::{rate_limits::Limit, realtime::covers, refusal};
use serde::Deserialize;

use crate::bindings::mindflow::spin::service::manifest;

/// The service that this instance works for.
pub fn service() -> &'static Service {
    static SERVICE: OnceLock<Service> = OnceLock::new();
    SERVICE.get_or_init(|| {
        Service::read(&manifest()).unwrap_or_else(|error| {
            // It is written by `cargo xtask compose`. One that cannot be read grants nothing.
            eprintln!("ERROR the service's manifest in the composition cannot be read: {error}");
            Service::default()
        })
    })
}

/// A service, as `cargo xtask compose` describes it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Service {
    /// Its name.
    pub component: String,
    pub grants: Grants,
    pub tokens: Tokens,
    /// Those that it may ask for. What else begins with its name is the adapter's, such as connection strings.
    pub variables: BTreeSet<String>,
    /// By types of events, the components that subscribe to them.
    pub bells: BTreeMap<String, Vec<String>>,
}

/// The table `tool.mindflow` of its entry, as far as it grants something.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Grants {
    /// By the databases' names.
    pub sql: BTreeMap<String, Access>,
    /// Names of buckets.
    pub key_value: Vec<String>,
    pub jwt: Vec<Jwt>,
    /// Types of events.
    pub publishes: BTreeSet<String>,
    pub subscriptions: Vec<Subscription>,
    pub realtime: Topics,
    pub dead_letters: bool,
    pub platform_state: bool,
    pub mail: bool,
    pub web_push: bool,
    pub sealing: bool,
    pub erasure: bool,
    pub outbound: Outbound,
    /// By the limits' names.
    pub rate_limits: BTreeMap<String, Limit>,
    /// Where its HTTP requests may go, as Spin writes it; the name is with an underscore there, too.
    #[serde(rename = "allowed_outbound_hosts")]
    pub allowed_outbound_hosts: Vec<String>,
    /// Names of indexes.
    pub search_index: Vec<String>,
    pub embeddings: bool,
    pub audit_log: Vec<AuditLog>,
    /// Whether it may read for a caller what is the caller's.
    pub disclosure_ledger: bool,
    /// Names of containers.
    pub blob: Vec<String>,
}

/// Whose rows a service may ask a database for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Those of a caller with an access token.
    Caller,
    /// Also all rows of its own tables, as the service itself.
    Service,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Jwt {
    Sign,
    Verify,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditLog {
    Append,
    Read,
}

/// A subscription to events; what else there is of it is delivery's.
#[derive(Debug, Deserialize)]
pub struct Subscription {
    pub name: String,
}

/// Topics; a trailing `*` stands for any rest.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Topics {
    pub publish: Vec<String>,
    pub subscribe: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Outbound {
    /// Only addresses that are public.
    pub public_only: bool,
    /// Only by the capability `disclosure`: `cargo xtask compose` joins no service that imports another way.
    pub disclosed: bool,
}

/// What every access token says: `application.tool.mindflow.tokens`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Tokens {
    pub issuer: String,
    pub audience: String,
    lifetime_s: u64,
}

// === impl Service ===

impl Service {
    fn read(manifest: &str) -> Result<Self, String> {
        let service: Self = serde_json::from_str(manifest).map_err(|error| error.to_string())?;
        if service.component.is_empty() { Err("it names no component".to_owned()) } else { Ok(service) }
    }

    /// Whose rows of the database it may ask for.
    pub fn database(&self, name: &str) -> Result<Access, String> {
        self.grants.sql.get(name).copied().ok_or_else(|| self.not_granted("database", name))
    }

    pub fn bucket(&self, name: &str) -> Result<(), String> {
        self.named("bucket", &self.grants.key_value, name)
    }

    pub fn limit(&self, name: &str) -> Result<(), String> {
        granted(self.grants.rate_limits.contains_key(name), || self.not_granted("limit", name))
    }

    pub fn container(&self, name: &str) -> Result<(), String> {
        self.named("container", &self.grants.blob, name)
    }

    pub fn index(&self, name: &str) -> Result<(), String> {
        self.named("index", &self.grants.search_index, name)
    }

    pub fn publishes(&self, event_type: &str) -> Result<(), String> {
        let component = &self.component;
        granted(self.grants.publishes.contains(event_type), || {
            format!("`{component}` may not publish {event_type}; add it to `publishes` in the manifest")
        })
    }

    /// Its own subscription.
    pub fn subscription(&self, name: &str) -> Result<(), String> {
        let own = self.grants.subscriptions.iter().any(|subscription| subscription.name == name);
        granted(own, || format!("`{name}` is no subscription of `{}`", self.component))
    }

    pub fn publish_to(&self, topic: &str) -> Result<(), String> {
        self.topic(&self.grants.realtime.publish, "publish to", topic)
    }

    pub fn subscribe_to(&self, topic: &str) -> Result<(), String> {
        self.topic(&self.grants.realtime.subscribe, "subscribe to", topic)
    }

    pub fn signs(&self) -> Result<(), String> {
        granted(self.grants.jwt.contains(&Jwt::Sign), || self.lacks(r#"jwt = ["sign"]"#))
    }

    pub fn verifies(&self) -> Result<(), String> {
        granted(self.grants.jwt.contains(&Jwt::Verify), || self.lacks(r#"jwt = ["verify"]"#))
    }

    pub fn mails(&self) -> Result<(), String> {
        granted(self.grants.mail, || refusal::MAIL.to_owned())
    }

    pub fn pushes(&self) -> Result<(), String> {
        granted(self.grants.web_push, || refusal::WEB_PUSH.to_owned())
    }

    pub fn seals(&self) -> Result<(), String> {
        granted(self.grants.sealing, || refusal::SEALING.to_owned())
    }

    pub fn erases(&self) -> Result<(), String> {
        granted(self.grants.erasure, || refusal::ERASURE.to_owned())
    }

    pub fn embeds(&self) -> Result<(), String> {
        granted(self.grants.embeddings, || refusal::EMBEDDINGS.to_owned())
    }

    pub fn discloses(&self) -> Result<(), String> {
        granted(self.grants.outbound.disclosed, || self.lacks("outbound = { disclosed = true }"))
    }

    pub fn reads_disclosures(&self) -> Result<(), String> {
        granted(self.grants.disclosure_ledger, || refusal::ledger(&self.component))
    }

    pub fn appends_audit(&self) -> Result<(), String> {
        granted(self.grants.audit_log.contains(&AuditLog::Append), || refusal::AUDIT_TRAIL.to_owned())
    }

    pub fn reads_audit(&self) -> Result<(), String> {
        granted(self.grants.audit_log.contains(&AuditLog::Read), || refusal::AUDIT_TRAIL.to_owned())
    }

    pub fn dead_letters(&self) -> Result<(), String> {
        granted(self.grants.dead_letters, || refusal::DEAD_LETTERS.to_owned())
    }

    pub fn looks(&self) -> Result<(), String> {
        granted(self.grants.platform_state, || refusal::PLATFORM_STATE.to_owned())
    }

    /// The name of a variable of its own: in a composition it begins with the service's name.
    pub fn variable(&self, key: &str) -> String {
        format!("{}_{key}", self.component.replace('-', "_"))
    }

    fn named(&self, kind: &str, names: &[String], name: &str) -> Result<(), String> {
        granted(names.iter().any(|granted| granted == name), || self.not_granted(kind, name))
    }

    fn topic(&self, patterns: &[String], verb: &str, topic: &str) -> Result<(), String> {
        granted(covers(patterns, topic), || format!("`{}` may not {verb} topic `{topic}`", self.component))
    }

    fn not_granted(&self, kind: &str, name: &str) -> String {
        refusal::named(kind, name, &self.component)
    }

    /// As the host says it at its start, for what an import there already needs.
    fn lacks(&self, line: &str) -> String {
        format!("`{}` needs the line {line} in its table tool.mindflow of spin.toml", self.component)
    }
}

// === impl Tokens ===

impl Tokens {
    /// The longest that a token lives.
    pub fn lifetime(&self) -> Duration {
        Duration::from_secs(self.lifetime_s)
    }
}

fn granted(granted: bool, refusal: impl FnOnce() -> String) -> Result<(), String> {
    if granted { Ok(()) } else { Err(refusal()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTH: &str = r#"{
        "component": "media-codec",
        "grants": {
            "component": "target/components/media-codec.wasm", "instances": { "max": 16 },
            "sql": { "write": "service", "read": "caller" }, "key-value": ["sessions"], "jwt": ["sign", "verify"],
            "publishes": ["UserRegistered"], "subscriptions": [{ "name": "auth", "events": ["UserUpdated"] }],
            "realtime": { "publish": ["user:*"] }, "dead-letters": true, "outbound": { "public-only": true },
            "audit-log": ["append"], "rate-limits": { "login": { "quota": 30, "window-s": 60 } }
        },
        "tokens": { "issuer": "mindflow-auth", "audience": "mindflow", "lifetime-s": 900 },
        "variables": ["bcrypt_cost"],
        "bells": { "UserRegistered": ["query"] }
    }"#;

    #[test]
    fn what_the_manifest_names_is_granted() {
        let service = Service::read(AUTH).unwrap();
        assert_eq!(service.database("write"), Ok(Access::Service));
        assert_eq!(service.database("read"), Ok(Access::Caller));
        for granted in [
            service.bucket("sessions"),
            service.limit("login"),
            service.signs(),
            service.verifies(),
            service.publishes("UserRegistered"),
            service.subscription("auth"),
            service.publish_to("user:7"),
            service.dead_letters(),
            service.appends_audit(),
        ] {
            assert_eq!(granted, Ok(()));
        }
        assert!(service.grants.outbound.public_only);
        assert_eq!(service.tokens.lifetime(), Duration::from_mins(15));
        assert_eq!(service.variable("bcrypt_cost"), "media_codec_bcrypt_cost");
        assert!(service.variables.contains("bcrypt_cost") && !service.variables.contains("write_dsn"));
    }

    #[test]
    fn what_it_does_not_name_is_refused_by_name() {
        let service = Service::read(r#"{"component": "ai"}"#).unwrap();
        for (refused, text) in [
            (service.database("write").map(drop), "database `write` is not granted to `ai`"),
            (service.bucket("cache"), "bucket `cache` is not granted to `ai`"),
            (service.limit("login"), "limit `login` is not granted to `ai`"),
            (service.container("media"), "container `media` is not granted to `ai`"),
            (service.index("entries"), "index `entries` is not granted to `ai`"),
            (service.publishes("A"), "`ai` may not publish A; add it to `publishes` in the manifest"),
            (service.subscription("query"), "`query` is no subscription of `ai`"),
            (service.subscribe_to("user:7"), "`ai` may not subscribe to topic `user:7`"),
            (service.signs(), r#"`ai` needs the line jwt = ["sign"] in its table tool.mindflow of spin.toml"#),
        ] {
            assert_eq!(refused, Err(text.to_owned()));
        }
        for refused in [
            service.mails(),
            service.pushes(),
            service.seals(),
            service.erases(),
            service.embeds(),
            service.discloses(),
            service.reads_disclosures(),
            service.reads_audit(),
            service.dead_letters(),
            service.looks(),
        ] {
            assert!(refused.is_err());
        }
    }

    #[test]
    fn a_manifest_without_a_name_is_none() {
        assert!(Service::read("{}").is_err());
        assert!(Service::read("x").is_err());
    }
}
