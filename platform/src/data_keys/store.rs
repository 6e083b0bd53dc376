//! What keeps the users' keys: nodes of their trees, each sealed with the platform's master key, and what was destroyed.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::tree::{self, Place};

/// So long a host may find again what it found: an event is sealed once, and opened for each subscription within moments.
pub const REMEMBERED_FOR: Duration = Duration::from_millis(100);
/// So long after keys were removed their destruction answers. Longer by a fifth, where clocks of hosts run apart by thousandths. Short
/// enough that a run of the schedule destroys the keys of some hundred entries.
pub const FORGOTTEN_AFTER: Duration = Duration::from_millis(120);

/// A key that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub user_id: Uuid,
    pub place: Place,
}

/// A node as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredNode {
    pub user_id: Uuid,
    pub first: Place,
    pub depth: u8,
    /// Its secret under the master key.
    pub sealed: Vec<u8>,
}

/// Takes a node out of a user's tree, and puts those in its place that lead everywhere but to `place`.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub user_id: Uuid,
    pub aggregate: String,
    pub place: Place,
    /// Where the node begins, and its depth, as it was found; none: the user has no node that leads there.
    pub node: Option<(Place, u8)>,
    pub rest: Vec<StoredNode>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchanged {
    Done,
    /// It was destroyed before.
    Already,
    /// The user's nodes have changed since: look again.
    Otherwise,
}

/// Why the keys cannot be had now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the data keys: {0}")]
pub struct KeyError(pub String);

/// Keeps the keys. What was destroyed before [`forgotten`](Self::forgotten) began, no host finds when that has answered.
#[async_trait]
pub trait KeyStore: Send + Sync + 'static {
    /// For each, the node that leads there; none: it is gone, or the user never had one. A node may be one that is remembered, until
    /// [`REMEMBERED_FOR`] after the store began to look for it. That there is none is not remembered.
    async fn find(&self, wanted: &[Wanted]) -> Result<Vec<Option<StoredNode>>, KeyError>;

    /// The same as it is now, for who changes it.
    async fn find_now(&self, wanted: &[Wanted]) -> Result<Vec<Option<StoredNode>>, KeyError> {
        self.find(wanted).await
    }

    /// Adds users' roots, in rising order of the users; none where the user has a node already, or all of them were destroyed. On disk
    /// when it answers.
    async fn add(&self, roots: Vec<StoredNode>) -> Result<(), KeyError>;

    /// On disk when it answers. The aggregate is on the list of what was destroyed, also where nothing was there.
    async fn exchange(&self, exchange: Exchange) -> Result<Exchanged, KeyError>;

    /// Removes all nodes of a user, who is on the list of what was destroyed then. `false`: it was there before.
    async fn destroy_user(&self, user_id: Uuid) -> Result<bool, KeyError>;

    /// Waits until no host remembers what was destroyed before.
    async fn forgotten(&self) -> Result<(), KeyError>;

    /// Fills it with random bytes.
    ///
    /// # Errors
    /// There is no randomness.
    fn randomise(&self, bytes: &mut [u8]) -> Result<(), KeyError>;
}

// === impl StoredNode ===

impl StoredNode {
    /// Whether it leads there.
    #[must_use]
    pub fn covers(&self, place: Place) -> bool {
        tree::covers(self.first, self.depth, place)
    }
}
