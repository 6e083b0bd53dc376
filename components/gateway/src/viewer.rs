//! The caller of a request. The access token is proven once a request, only when something needs it, and concurrent resolvers share
//! the proof; a change of the caller's account within the request causes the rest of the request to prove it again. Calls that follow are
//! made with the current roles and time zone: if the token has others, the proof returns one that has them.

pub mod watch;

use crate::own_writes::OwnWrites;
use crate::services::accounts::{self, Caller, Role};
use crate::web::{Presented, correlation};
use futures::FutureExt;
use futures::future::{LocalBoxFuture, Shared};
use http::HeaderMap;
use mindflow_guest::call::{CallContext, Credential, Error};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

type Proof = Shared<LocalBoxFuture<'static, Result<Caller, Error>>>;

/// What the services were asked for in the caller's name. Each call needs a context, so no call is missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    Nothing,
    /// Only what changes with the generations of the caller's views (`mindflow_guest::cache::Owner`).
    Views,
    Anything,
}

/// One request's (or one operation's) caller.
#[derive(Clone)]
pub struct Viewer {
    context: CallContext,
    /// Why no caller is proven, without a token.
    refusal: Option<&'static str>,
    proof: Rc<RefCell<Proof>>,
    /// A token with the caller's current roles and time zone, if the presented one has others. Set by the proof.
    renewed: Rc<RefCell<Option<String>>>,
    asked: Rc<Cell<Asked>>,
    own: Rc<OwnWrites>,
    /// Whether nothing of the caller's is read.
    reads_nothing: Rc<Cell<bool>>,
}

impl Viewer {
    pub fn new(presented: Presented, correlation_id: String, traceparent: Option<String>) -> Self {
        let refusal = presented.refusal();
        let context = presented.into_context(correlation_id, traceparent);
        let (renewed, own, reads_nothing) = (Rc::default(), Rc::default(), Rc::default());
        let proof = Rc::new(RefCell::new(prove(context.clone(), refusal, &renewed, &own, &reads_nothing)));
        Self { context, refusal, proof, renewed, asked: Rc::new(Cell::new(Asked::Nothing)), own, reads_nothing }
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

    pub fn asked(&self) -> Asked {
        self.asked.get()
    }

    /// For a call that needs no proof here.
    pub fn context(&self) -> CallContext {
        self.context_for(Asked::Anything)
    }

    fn context_for(&self, asked: Asked) -> CallContext {
        self.asked.set(self.asked.get().max(asked));
        let mut context = self.context.clone();
        if let Some(token) = &*self.renewed.borrow() {
            context.credential = Credential::Token(token.clone());
        }
        context
    }

    /// The account has been changed in this request. Later fields prove the token again, and so use the new roles
    /// and time zone. If nothing follows, nothing is called.
    pub fn renew(&self) {
        *self.proof.borrow_mut() =
            prove(self.context.clone(), self.refusal, &self.renewed, &self.own, &self.reads_nothing);
    }

    /// The proven caller: a valid token of a session that was not revoked. Answers are kept by its id, roles and time zone
    /// (`graphql::kept_answers`), so no result of a query depends on more of it.
    pub async fn caller(&self) -> Result<Caller, Error> {
        let proof = self.proof.borrow().clone();
        proof.await
    }

    /// Of the proven caller; `None` where no live session is proven, also while that cannot be found out.
    pub async fn user_id(&self) -> Option<String> {
        if !self.has_token() {
            return None;
        }
        self.caller().await.ok().map(|caller| caller.user_id)
    }

    /// The request reads nothing of the caller's and is answered without a session as well: only whose part of a limit it takes depends
    /// on the proof. To be said before anything asks for the caller.
    pub fn read_nothing(&self) {
        self.reads_nothing.set(true);
    }

    /// For a call in the proven caller's name.
    pub async fn proven(&self) -> Result<CallContext, Error> {
        self.caller().await?;
        Ok(self.context())
    }

    /// For a call whose service proves the caller itself: what a user may do whose address is to be confirmed first.
    ///
    /// # Errors
    /// `Unauthenticated` where no token came.
    pub fn presented(&self) -> Result<CallContext, Error> {
        match self.refusal {
            Some(reason) => Err(Error::Unauthenticated(reason.to_owned())),
            None => Ok(self.context()),
        }
    }

    /// For a call in the proven caller's name that answers from the views of the query service and changes with the caller's
    /// generations. They show what the caller has written before.
    pub async fn proven_for_views(&self) -> Result<CallContext, Error> {
        self.caller().await?;
        self.await_views().await;
        Ok(self.context_for(Asked::Views))
    }

    /// The same for the figures of the analytics service.
    pub async fn proven_for_figures(&self) -> Result<CallContext, Error> {
        self.caller().await?;
        self.await_figures().await;
        Ok(self.context_for(Asked::Views))
    }

    /// Until the query service shows what the proven caller has written.
    pub async fn await_views(&self) {
        self.own.await_views(|| self.context_for(Asked::Views)).await;
    }

    /// Until the analytics service counts it.
    pub async fn await_figures(&self) {
        self.own.await_figures(|| self.context_for(Asked::Views)).await;
    }

    /// What the proven caller has written in the last seconds.
    pub fn own_writes(&self) -> &OwnWrites {
        &self.own
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

/// Lazy: the token is proven when the caller is first asked for.
fn prove(
    context: CallContext,
    refusal: Option<&'static str>,
    renewed: &Rc<RefCell<Option<String>>>,
    own: &Rc<OwnWrites>,
    reads_nothing: &Rc<Cell<bool>>,
) -> Proof {
    let (renewed, own, reads_nothing) = (Rc::clone(renewed), Rc::clone(own), Rc::clone(reads_nothing));
    let proof = async move {
        if let Some(reason) = refusal {
            return Err(Error::Unauthenticated(reason.to_owned()));
        }
        if reads_nothing.get() {
            return accounts::recognise(context).await;
        }
        let accounts::Proof { caller, token, written } = accounts::prove(context).await?;
        own.learn(&caller.user_id, written);
        *renewed.borrow_mut() = token;
        Ok(caller)
    };
    proof.boxed_local().shared()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;

    #[test]
    fn one_call_for_anything_else_is_remembered_whatever_is_asked_after_it() {
        let viewer = Viewer::new(Presented::Nothing, "c".into(), None);
        assert_eq!(viewer.asked(), Asked::Nothing);
        viewer.context_for(Asked::Views);
        assert_eq!(viewer.asked(), Asked::Views);
        viewer.clone().context();
        viewer.context_for(Asked::Views);
        assert_eq!(viewer.asked(), Asked::Anything);
        assert_eq!(viewer.unproven().asked(), Asked::Nothing);
    }

    #[test]
    fn calls_are_made_with_the_roles_of_now_and_a_later_operation_is_proven_by_the_token_of_the_client() {
        let viewer = Viewer::new(Presented::Token("presented".into()), "c".into(), None);
        let credential = |viewer: &Viewer| match viewer.context().credential {
            Credential::Token(token) => token,
            Credential::Anonymous => String::new(),
        };
        assert_eq!(credential(&viewer), "presented");
        *viewer.renewed.borrow_mut() = Some("renewed".into());
        assert_eq!((credential(&viewer).as_str(), credential(&viewer.unproven()).as_str()), ("renewed", "presented"));
    }

    #[test]
    fn a_renewed_viewer_is_renewed_for_all_who_share_it_and_a_proof_that_was_begun_stays() {
        let viewer = Viewer::new(Presented::Nothing, "c".into(), None);
        let shared = viewer.clone();
        let begun = viewer.proof.borrow().clone();
        assert!(block_on(viewer.caller()).is_err() && begun.peek().is_some());
        viewer.renew();
        assert!(shared.proof.borrow().peek().is_none(), "it is proven when somebody asks");
        assert!(matches!(block_on(shared.caller()), Err(Error::Unauthenticated(_))));
        assert!(viewer.proof.borrow().peek().is_some() && begun.peek().is_some());
    }

    #[test]
    fn no_caller_is_proven_without_a_token() {
        for presented in [Presented::Nothing, Presented::Malformed] {
            let viewer = Viewer::new(presented, "c".into(), None);
            assert!(matches!(block_on(viewer.caller()), Err(Error::Unauthenticated(_))));
            assert!(matches!(viewer.presented(), Err(Error::Unauthenticated(_))));
        }
    }
}
