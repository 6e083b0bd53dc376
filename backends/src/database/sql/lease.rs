//! A connection in an unknown state: it goes back to its pool only when it is declared usable.

use crate::database::postgres::pool::Connection;

/// A pooled connection that is closed when dropped, because the caller that awaited its answer is no longer there.
pub(super) struct Lease(Option<Connection>);

// === impl Lease ===

impl Lease {
    pub(super) fn new(client: Connection) -> Self {
        Self(Some(client))
    }

    pub(super) fn client(&self) -> Option<&Connection> {
        self.0.as_ref()
    }

    /// The connection, known to be in order.
    pub(super) fn into_client(mut self) -> Option<Connection> {
        self.0.take()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            client.close();
        }
    }
}
