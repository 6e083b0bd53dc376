//! The caller of a request. The access token is proven at most once a request, only when something needs it, and
//! concurrent resolvers share the proof.

pub mod watch;

use crate::services::accounts::{self, Caller, Role};
use crate::web::{Presented, correlation};
use futures::FutureExt;
use futures::future::{LocalBoxFuture, Shared};
use http::HeaderMap;
use mindflow_guest::call::{CallContext, Credential, Error};

type Proof = Shared<LocalBoxFuture<'static, Result<Caller, Error>>>;

/// One request's (or one operation's) caller.
#[derive(Clone)]
pub struct Viewer {
    context: CallContext,
    proof: Proof,
}

impl Viewer {
    pub fn new(presented: Presented, correlation_id: String, traceparent: Option<String>) -> Self {
        let refusal = presented.refusal();
        let context = presented.into_context(correlation_id, traceparent);
        let asked = context.clone();
        let proof = async move {
            match refusal {
                Some(reason) => Err(Error::Unauthenticated(reason.to_owned())),
                None => accounts::authenticate(asked).await,
            }
        };
        Self { context, proof: proof.boxed_local().shared() }
    }

    pub fn of_request(headers: &HeaderMap, correlation_id: &str) -> Self {
        Self::new(
            Presented::of(headers),
            correlation_id.to_owned(),
            correlation::traceparent(headers).map(str::to_owned),
        )
    }

    pub fn correlation_id(&self) -> &str {
        &self.context.correlation_id
    }

    pub fn has_token(&self) -> bool {
        matches!(self.context.credential, Credential::Token(_))
    }

    /// For a call that needs no proof here.
    pub fn context(&self) -> CallContext {
        self.context.clone()
    }

    /// The proven caller: a valid token of a session that was not revoked.
    pub async fn caller(&self) -> Result<Caller, Error> {
        self.proof.clone().await
    }

    /// For a call in the proven caller's name.
    pub async fn proven(&self) -> Result<CallContext, Error> {
        self.caller().await?;
        Ok(self.context())
    }

    /// For a call that only admins may make. The service checks again.
    pub async fn proven_admin(&self) -> Result<CallContext, Error> {
        if !self.caller().await?.roles.contains(&Role::Admin) {
            return Err(Error::Forbidden("Only administrators may do this.".to_owned()));
        }
        Ok(self.context())
    }

    /// The same caller without a proof yet: for a later operation of a long connection.
    pub fn unproven(&self) -> Self {
        let presented = match &self.context.credential {
            Credential::Token(token) => Presented::Token(token.clone()),
            Credential::Anonymous => Presented::Nothing,
        };
        Self::new(presented, self.context.correlation_id.clone(), self.context.traceparent.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;

    #[test]
    fn nobody_is_proven_without_a_token() {
        for presented in [Presented::Nothing, Presented::Malformed] {
            let viewer = Viewer::new(presented, "c".into(), None);
            assert!(matches!(block_on(viewer.caller()), Err(Error::Unauthenticated(_))));
        }
    }
}
