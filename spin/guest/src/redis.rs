//! Connections to Redis. Spin makes a new TCP connection for each that is opened, so an instance keeps one for each address, which
//! its requests share; a command that waits on the server, such as `XREAD … BLOCK`, needs one of its own.
//!
//! Replies come flat: an array in an array is lost, so scripts answer flat arrays.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::bindings::spin::redis::redis as spin;
pub use crate::bindings::spin::redis::redis::{RedisParameter as Arg, RedisResult as Reply};
use crate::time;

/// Ten times what a server under load needs, and less than a request's deadline.
pub const ANSWER_MAX: Duration = Duration::from_secs(5);
/// How the client in Spin begins the text of most errors that the server reports.
const SIGNALLED: &str = "An error was signalled by the server";

/// Why a command has no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The server cannot be reached, or has not answered: the command may have had its effect.
    #[error("Redis is unavailable: {0}")]
    Unavailable(String),
    /// The server's own error.
    #[error("{0}")]
    Refused(String),
}

/// A connection of one's own.
pub struct Connection(spin::Connection);

// === impl Connection ===

impl Connection {
    /// # Errors
    /// `Unavailable`.
    pub async fn open(url: &str) -> Result<Self, Failure> {
        let opened = time::within(ANSWER_MAX, spin::Connection::open(url.to_owned())).await;
        opened.ok_or_else(late)?.map(Self).map_err(|error| match failure(error) {
            // A refused login is a matter of configuration, not of a command.
            Failure::Refused(reason) => Failure::Unavailable(reason),
            other => other,
        })
    }

    /// Sends one command. `limit`: when the connection counts as dead.
    ///
    /// # Errors
    /// After `Unavailable` the connection is of no more use.
    pub async fn command(&self, name: &str, args: &[Arg], limit: Duration) -> Result<Vec<Reply>, Failure> {
        let answer = time::within(limit, self.0.execute(name.to_owned(), args.to_vec())).await;
        answer.ok_or_else(late)?.map_err(failure)
    }
}

static KEPT: Mutex<BTreeMap<String, Arc<Slot>>> = Mutex::new(BTreeMap::new());

/// The kept connection to one address; locked while it is being opened, so that requests that come together open one.
type Slot = async_lock::Mutex<Option<Arc<Connection>>>;

/// Sends one command over the connection that the instance keeps for the address.
///
/// # Errors
/// After `Unavailable` the next command opens a new connection.
pub async fn command(url: &str, name: &str, args: &[Arg]) -> Result<Vec<Reply>, Failure> {
    let slot = slot(url);
    let connection = {
        let mut kept = slot.lock().await;
        match &*kept {
            Some(connection) => Arc::clone(connection),
            None => Arc::clone(kept.insert(Arc::new(Connection::open(url).await?))),
        }
    };
    let answer = connection.command(name, args, ANSWER_MAX).await;
    if matches!(answer, Err(Failure::Unavailable(_))) {
        let mut kept = slot.lock().await;
        if kept.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, &connection)) {
            *kept = None;
        }
    }
    answer
}

/// Runs a script, which must answer a flat array or one value.
///
/// # Errors
/// As [`command`].
pub async fn script(url: &str, lua: &'static str, keys: &[&[u8]], args: &[Arg]) -> Result<Vec<Reply>, Failure> {
    command(url, "EVAL", &script_args(lua, keys, args)).await
}

fn script_args(lua: &str, keys: &[&[u8]], args: &[Arg]) -> Vec<Arg> {
    let count = i64::try_from(keys.len()).unwrap_or(i64::MAX);
    let keys = keys.iter().map(|key| Arg::from(*key));
    [lua.into(), count.into()].into_iter().chain(keys).chain(args.iter().cloned()).collect()
}

fn slot(url: &str) -> Arc<Slot> {
    Arc::clone(KEPT.lock().unwrap_or_else(PoisonError::into_inner).entry(url.to_owned()).or_default())
}

fn late() -> Failure {
    Failure::Unavailable("the server did not answer in time".to_owned())
}

fn failure(error: spin::Error) -> Failure {
    match error {
        spin::Error::InvalidAddress => {
            Failure::Unavailable("its address is not one, or not among `allowed_outbound_hosts`".to_owned())
        }
        spin::Error::TooManyConnections => Failure::Unavailable("too many connections are open".to_owned()),
        spin::Error::TypeError => Failure::Refused("the reply has another type than the command's".to_owned()),
        spin::Error::Other(reason) if is_servers_own(&reason) => Failure::Refused(reason),
        spin::Error::Other(reason) => Failure::Unavailable(reason),
    }
}

/// Whether the server said it, such as `WRONGTYPE: …`. What the system says of a connection begins otherwise.
fn is_servers_own(reason: &str) -> bool {
    let code = reason.split(':').next().unwrap_or_default().trim_matches('"');
    reason.starts_with(SIGNALLED)
        || reason.contains("ResponseError")
        || (code.len() < reason.len() && !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_uppercase()))
}

// === impl Arg ===

impl From<&[u8]> for Arg {
    fn from(bytes: &[u8]) -> Self {
        Self::Binary(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Arg {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Binary(bytes)
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        Self::Int64(number)
    }
}

// === impl Reply ===

impl Reply {
    /// The bytes of a string; a status has its text, a number its digits, nothing has none.
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Nil => None,
            Self::Status(text) => Some(text.into_bytes()),
            Self::Int64(number) => Some(number.to_string().into_bytes()),
            Self::Binary(bytes) => Some(bytes),
        }
    }

    /// The same as a text.
    pub fn into_text(self) -> Option<String> {
        String::from_utf8(self.into_bytes()?).ok()
    }

    /// A number, or a string of its digits.
    pub fn into_int(self) -> Option<i64> {
        match self {
            Self::Int64(number) => Some(number),
            other => other.into_text()?.parse().ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_error_is_distinguished_from_a_broken_connection() {
        for own in [
            "An error was signalled by the server - ResponseError: value is not an integer or out of range",
            "WRONGTYPE: Operation against a key holding the wrong kind of value",
        ] {
            assert_eq!(failure(spin::Error::Other(own.into())), Failure::Refused(own.into()));
        }
        for broken in ["Connection refused (os error 111)", "broken pipe", "unexpected end of file", "timed out: x"] {
            assert_eq!(failure(spin::Error::Other(broken.into())), Failure::Unavailable(broken.into()));
        }
    }

    #[test]
    fn a_script_goes_with_the_number_of_its_keys() {
        let args = script_args("return 1", &[b"a", b"b"], &[7.into(), "x".into()]);
        assert_eq!(args, ["return 1".into(), 2.into(), "a".into(), "b".into(), 7.into(), "x".into()]);
    }

    #[test]
    fn a_number_comes_as_one_or_as_its_digits() {
        assert_eq!(Reply::Int64(-5).into_int(), Some(-5));
        assert_eq!(Reply::Binary(b"12".to_vec()).into_int(), Some(12));
        assert_eq!(Reply::Nil.into_int(), None);
        assert_eq!(Reply::Int64(7).into_text(), Some("7".into()));
    }
}
