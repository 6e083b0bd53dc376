//! What a subscription answers: where that comes from, and where it begins.

use crate::change_feed::Start;
use crate::viewer::Viewer;
use mindflow_events::Notice;
use mindflow_guest::call::Error;
use std::sync::{Arc, OnceLock};

/// Where a subscription's notices come from.
#[derive(Clone)]
pub enum Source {
    /// The topic, for as long as the call lasts.
    Topic(Begins),
    /// From nowhere: the topic is asked for, and its notices come to later calls.
    Later(Begins),
    /// The one that has come, with its place in the topic.
    Come(Notice, String),
    /// It is time to look at the platform again.
    Beat,
}

/// How a subscription begins.
#[derive(Clone, Default)]
pub struct Begins {
    /// The cursor that the transport has, which rules over the operation's.
    pub resumed: Option<String>,
    /// Where it has begun, once that is known.
    pub start: Arc<OnceLock<Start>>,
}

impl Begins {
    /// The first one stays.
    pub fn begin(&self, start: Start) -> Start {
        self.start.get_or_init(|| start).clone()
    }

    /// # Errors
    /// No caller is proven, or the topics are away.
    pub async fn start(&self, viewer: &Viewer, after: Option<String>) -> Result<Start, Error> {
        let caller = viewer.caller().await?;
        let after = self.resumed.clone().or(after);
        let start = Start::of(&caller.user_id, after).await?;
        Ok(self.begin(start))
    }
}
