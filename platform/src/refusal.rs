//! What a component hears that calls a capability without its grant: the same on the host and on Spin.

pub const MAIL: &str = "the component may not send mail";
pub const WEB_PUSH: &str = "the component may not send web push messages";
pub const SEALING: &str = "sealing is not granted to the component";
pub const ERASURE: &str = "erasure is not granted to the component";
pub const EMBEDDINGS: &str = "embeddings are not granted to the component";
pub const AUDIT_TRAIL: &str = "the audit trail is not granted";
pub const PLATFORM_STATE: &str = "the platform's state is not granted to the component";
pub const DEAD_LETTERS: &str = "dead letters are not granted, or the platform delivers no events";

/// For the ledger of disclosures.
#[must_use]
pub fn ledger(component: &str) -> String {
    format!("the ledger of disclosures is not granted to `{component}`")
}

/// For what has a name: `kind` is such as `database`.
#[must_use]
pub fn named(kind: &str, name: &str, component: &str) -> String {
    format!("{kind} `{name}` is not granted to `{component}`")
}
