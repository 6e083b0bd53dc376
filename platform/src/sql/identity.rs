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
        let settings = self.settings(statement_timeout_ms);
        format!(
            "{}; {settings}; SET LOCAL idle_in_transaction_session_timeout = {IDLE_IN_TRANSACTION_MS_MAX}",
            mode.begin()
        )
    }

    /// The same for a provider that sends one statement a message, and whose sessions bound their idle time themselves.
    pub fn begin_statements(&self, mode: Mode, statement_timeout_ms: u32) -> [String; 2] {
        // The settings are numbers, words and a UUID: none ends the quotes.
        [mode.begin().to_owned(), format!("DO $$ BEGIN {}; END $$", self.settings(statement_timeout_ms))]
    }

    fn settings(&self, statement_timeout_ms: u32) -> String {
        let (identity, user_id, roles) = match self {
            Self::Caller { user_id, roles } => ("caller", user_id.to_string(), role_list(roles)),
            Self::Service => ("service", String::new(), String::new()),
        };
        format!(
            "SET LOCAL statement_timeout = {statement_timeout_ms}; \
             SET LOCAL mindflow.user_id = '{user_id}'; \
             SET LOCAL mindflow.roles = '{roles}'; \
             SET LOCAL mindflow.identity = '{identity}'"
        )
    }
}

impl Mode {
    fn begin(self) -> &'static str {
        match self {
            Self::ReadWrite => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
            Self::ReadOnly => "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY",
        }
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
    fn a_transaction_opens_in_one_message_or_in_two_with_the_same_settings() {
        let one = Identity::Service.begin(Mode::ReadOnly, 10);
        let [begin, settings] = Identity::Service.begin_statements(Mode::ReadOnly, 10);
        assert!(one.starts_with(&begin), "{begin}");
        let inner = settings.strip_prefix("DO $$ BEGIN ").unwrap().strip_suffix("; END $$").unwrap();
        assert!(one.contains(inner), "{inner}");
    }

    #[test]
    fn a_service_has_no_user() {
        let sql = Identity::Service.begin(Mode::ReadWrite, 10);
        assert!(sql.contains("mindflow.user_id = ''") && sql.contains("mindflow.identity = 'service'"), "{sql}");
    }
}
