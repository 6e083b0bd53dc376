//! Whose rows a transaction sees.

use uuid::Uuid;

/// Set by the host from a verified token, never from what a component says.
#[derive(Clone, Debug, PartialEq)]
pub enum Identity {
    /// A user, with the roles that the token carries.
    Caller { user_id: Uuid, roles: Vec<String> },
    /// A component acting for itself.
    Service,
}

/// How a transaction may use the database.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    ReadWrite,
    ReadOnly,
}

/// A transaction left open without a statement for this long is ended by the server: it would hold its
/// locks. Longer than any request lives.
const IDLE_IN_TRANSACTION_MS_MAX: u32 = 30_000;

// === impl Identity ===

impl Identity {
    /// The statements that open a transaction for this identity, in one simple-protocol message.
    pub fn begin(&self, mode: Mode, statement_timeout_ms: u32) -> String {
        let (identity, user_id, roles) = match self {
            Self::Caller { user_id, roles } => ("caller", user_id.to_string(), role_list(roles)),
            Self::Service => ("service", String::new(), String::new()),
        };
        let mode = match mode {
            Mode::ReadWrite => "READ WRITE",
            Mode::ReadOnly => "READ ONLY",
        };
        format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED {mode}; \
             SET LOCAL statement_timeout = {statement_timeout_ms}; \
             SET LOCAL idle_in_transaction_session_timeout = {IDLE_IN_TRANSACTION_MS_MAX}; \
             SET LOCAL mindflow.user_id = '{user_id}'; \
             SET LOCAL mindflow.roles = '{roles}'; \
             SET LOCAL mindflow.identity = '{identity}'"
        )
    }
}

/// Role names are words of ours; anything else in a token is not a role, and must not end the quotes.
fn role_list(roles: &[String]) -> String {
    let is_word = |role: &&String| !role.is_empty() && role.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    roles.iter().filter(is_word).map(String::as_str).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_that_is_not_a_word_is_left_out() {
        let roles = ["user", "x'; RESET ALL; --", "premium", ""].map(String::from).to_vec();
        let sql = Identity::Caller { user_id: Uuid::nil(), roles }.begin(Mode::ReadOnly, 10);
        assert!(sql.contains("mindflow.roles = 'user,premium'"), "{sql}");
    }

    #[test]
    fn a_service_has_no_user() {
        let sql = Identity::Service.begin(Mode::ReadWrite, 10);
        assert!(sql.contains("mindflow.user_id = ''") && sql.contains("mindflow.identity = 'service'"), "{sql}");
    }
}
