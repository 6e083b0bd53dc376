//! What tasks of a connection are given, and what came of them. The host keeps both, so another version of this component may read
//! them.

use crate::failure::Failure;
use crate::graphql::apq;
use crate::graphql::workarounds::params::Params;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Work {
    Prove,
    Operation {
        id: String,
        payload: Value,
    },
    Notices(Notices),
    /// Hears when the session ends.
    Watch,
}

/// What each notice of a subscription is presented by: the operation as it was checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notices {
    pub(super) id: String,
    pub(super) query: String,
    pub(super) operation_name: Option<String>,
    pub(super) variables: Map<String, Value>,
}

impl Notices {
    /// By the operation's text, since a hash may be forgotten while the subscription goes on.
    pub async fn of(id: String, mut params: Params) -> Result<Self, Failure> {
        let (query, _) = apq::resolve(&mut params).await?;
        let Params { operation_name, variables, .. } = params;
        Ok(Self { id, query, operation_name, variables })
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// The token is good until then.
    Proven {
        expires_us: i64,
        /// None from an older version.
        #[serde(default)]
        user_id: Option<String>,
        /// Where the user's changes stand, of the first proof.
        #[serde(default)]
        cursor: Option<String>,
    },
    /// There is no token.
    Anonymous,
    /// The token is no good, or its session was revoked.
    Forbidden,
    /// Whether the token is good cannot be found out now.
    Unknown,
    /// The operation has had its answer.
    Ended,
    /// The operation was refused before it ran.
    Refused { errors: Value },
    Subscribed {
        topic: String,
        /// None from an older version: from now on.
        #[serde(default)]
        after: Option<String>,
        notices: Notices,
    },
}
