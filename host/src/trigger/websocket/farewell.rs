//! How a connection ends, and what its client is sent (RFC 6455 §5.5.1, §7): a client's close is answered, and what
//! cannot be read on is closed with a code that says why. A connection that is dropped with input unread resets, and the
//! client loses what it was sent last; so what still comes is discarded for a moment.

use super::{outgoing::Outgoing, transport::Transport};
use crate::{capability::websocket::bindings::mindflow::platform::websocket::Close, trigger::door};
use futures::{StreamExt, stream::SplitStream};
use std::{io, time::Duration};
use tokio_tungstenite::tungstenite::{
    Error, Message as Frame,
    error::ProtocolError,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

/// For the last messages, and for the peer's own close, so that the TCP connection ends cleanly.
const FAREWELL_MAX: Duration = Duration::from_secs(2);
const BROKEN: &str = "a frame breaks RFC 6455";
/// RFC 6455 §5.5.
const REASON_BYTES_MAX: usize = 123;

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The client has gone, without a word.
    Left,
    /// The client closed it. The answer repeats what it said.
    Closed,
    /// The host closes it.
    Farewell(CloseFrame),
}

// === impl End ===

impl End {
    /// What cannot be read on, because of this.
    pub(super) fn of_error(error: &Error) -> Self {
        let (code, reason) = match error {
            Error::Capacity(_) => (CloseCode::Size, "the message is too large"),
            Error::Utf8(_) => (CloseCode::Invalid, "a text is not UTF-8"),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return Self::Left,
            Error::Protocol(_) => (CloseCode::Protocol, BROKEN),
            Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => (CloseCode::Protocol, BROKEN),
            Error::Io(error) if error.kind() == io::ErrorKind::OutOfMemory => {
                door::closed("unfinished-messages");
                (CloseCode::Again, "too much is being received")
            }
            _ => return Self::Left,
        };
        Self::Farewell(close(code, reason))
    }
}

pub(super) fn close(code: CloseCode, reason: &'static str) -> CloseFrame {
    CloseFrame { code, reason: reason.into() }
}

/// As the component asked, with a code that it may use.
pub(super) fn close_of(farewell: &Close) -> CloseFrame {
    let allowed = matches!(farewell.code, 1000 | 1011..=1013 | 3000..=4999);
    let code = if allowed { CloseCode::from(farewell.code) } else { CloseCode::Error };
    let reason = &farewell.reason;
    let end = reason.floor_char_boundary(reason.len().min(REASON_BYTES_MAX));
    CloseFrame { code, reason: reason.get(..end).unwrap_or_default().into() }
}

/// Tells the client, as far as it listens, and ends the connection.
pub(super) async fn part<T: Transport>(end: End, incoming: SplitStream<T>, outgoing: Outgoing<T>) {
    let _ = tokio::time::timeout(FAREWELL_MAX, tell(end, incoming, outgoing)).await;
}

async fn tell<T: Transport>(end: End, mut incoming: SplitStream<T>, mut outgoing: Outgoing<T>) -> Result<(), Error> {
    match end {
        End::Left => return Ok(()),
        End::Closed => {
            outgoing.forget();
            // What was handed on and not taken yet is refused after a close.
            let _ = outgoing.empty().await;
        }
        End::Farewell(farewell) => outgoing.push_frame(Frame::Close(Some(farewell))),
    }
    outgoing.empty().await?;
    // Until the peer has closed, too; or has broken the protocol, or had before.
    while let Some(Ok(_)) = incoming.next().await {}
    if let Ok(transport) = incoming.reunite(outgoing.into_sink()) {
        transport.finish().await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_tungstenite::tungstenite::error::CapacityError;

    #[test]
    fn what_cannot_be_read_on_is_closed_with_the_code_that_says_why() {
        let code = |error: Error| match End::of_error(&error) {
            End::Farewell(frame) => u16::from(frame.code),
            End::Left | End::Closed => 0,
        };
        assert_eq!(code(Error::Capacity(CapacityError::MessageTooLong { size: 2, max_size: 1 })), 1009);
        assert_eq!(code(Error::Utf8(String::new())), 1007);
        assert_eq!(code(Error::Protocol(ProtocolError::UnmaskedFrameFromClient)), 1002);
        assert_eq!(code(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)), 0);
        assert_eq!(code(Error::Io(io::ErrorKind::InvalidData.into())), 1002);
        assert_eq!(code(Error::Io(io::ErrorKind::OutOfMemory.into())), 1013);
        assert_eq!(code(Error::Io(io::ErrorKind::ConnectionReset.into())), 0);
        assert_eq!(code(Error::ConnectionClosed), 0);
    }
}
