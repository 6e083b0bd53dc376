//! Sessions as their owner sees them.

use super::scalars::DateTime;
use crate::device::Device;
use crate::services::accounts;
use async_graphql::{ID, SimpleObject};

/// A login that goes on: a browser or a device.
#[derive(SimpleObject)]
pub struct Session {
    /// What `endSession` takes.
    #[graphql(owned)]
    id: ID,
    /// When the user logged in.
    created_at: DateTime,
    /// When its tokens were last renewed. A client that is in use does that every 15 minutes.
    last_used_at: DateTime,
    /// What the client called itself, as it sent it.
    user_agent: Option<String>,
    /// The same in a few words, such as `Firefox on Windows`; null when it is not known.
    device: Option<String>,
    /// The browser of that, such as `Firefox`; null when it is not known.
    browser: Option<&'static str>,
    /// The system or the device that it runs on, such as `Windows`; null when it is not known.
    platform: Option<&'static str>,
    /// Whether it is the one that asks.
    current: bool,
}

impl From<accounts::Session> for Session {
    fn from(session: accounts::Session) -> Self {
        let accounts::Session { id, created_at, last_used_at, user_agent, current } = session;
        let device = user_agent.as_deref().map(Device::of).unwrap_or_default();
        Self {
            id: id.into(),
            created_at: DateTime(created_at),
            last_used_at: DateTime(last_used_at),
            device: device.name(),
            browser: device.browser,
            platform: device.platform,
            user_agent,
            current,
        }
    }
}
