//! The state that the resolvers of one request share: the viewer, and the batched look-ups.

use super::errors;
use super::workarounds::loader::Loader;
use crate::failure::Failure;
use crate::services::files;
use crate::services::reads::{self, OwnAnswer, OwnRead};
use crate::viewer::Viewer;
use async_graphql::Context;
use futures::FutureExt;
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::journal::{OWN_READS_MAX, PAGE_MAX};
use send_wrapper::SendWrapper;
use std::future::Future;
use std::sync::Arc;

/// What `reads.entries-by-id`, `reads.tag-counts` and `files.by-id` take at most.
const IDS_MAX: usize = PAGE_MAX as usize;

pub struct Scope {
    pub viewer: Viewer,
    own: Loader<OwnRead, Result<OwnAnswer, Error>>,
    pub entries: Loader<String, Option<reads::AnalyzedEntry>>,
    pub tag_counts: Loader<String, u32>,
    pub files: Loader<String, Option<files::File>>,
}

/// async-graphql requires `Send`; a sandbox has one thread, and the wrapper checks that.
pub type SharedScope = Arc<SendWrapper<Scope>>;

impl Scope {
    pub fn new(viewer: Viewer) -> SharedScope {
        let (owner, reader, counter, shower) = (viewer.clone(), viewer.clone(), viewer.clone(), viewer.clone());
        let own = Loader::new(OWN_READS_MAX, move |asked: Vec<OwnRead>| {
            let viewer = owner.clone();
            async move { reads::read_own(viewer.proven_for_views().await?, asked).await }.boxed_local()
        });
        let entries = Loader::new(IDS_MAX, move |ids: Vec<String>| {
            let viewer = reader.clone();
            async move { reads::entries_by_id(viewer.proven_for_views().await?, ids).await }.boxed_local()
        });
        let tag_counts = Loader::new(IDS_MAX, move |ids: Vec<String>| {
            let viewer = counter.clone();
            async move { reads::tag_counts(viewer.proven_for_views().await?, ids).await }.boxed_local()
        });
        let files = Loader::new(IDS_MAX, move |ids: Vec<String>| {
            let viewer = shower.clone();
            async move { files::by_id(viewer.proven().await?, ids).await }.boxed_local()
        });
        Arc::new(SendWrapper::new(Self { viewer, own, entries, tag_counts, files }))
    }

    /// The viewer's own profile.
    pub async fn profile(&self) -> Result<reads::Profile, Error> {
        match self.own.load(OwnRead::Profile).await?? {
            OwnAnswer::Profile(profile) => Ok(profile),
            _ => misread(),
        }
    }

    /// As `read` says: recent ones, or those of the same day of earlier years.
    pub async fn own_entries(&self, read: OwnRead) -> Result<Vec<reads::AnalyzedEntry>, Error> {
        match self.own.load(read).await?? {
            OwnAnswer::Entries(entries) => Ok(entries),
            _ => misread(),
        }
    }

    pub async fn insights(&self, limit: u32) -> Result<Vec<reads::Insight>, Error> {
        match self.own.load(OwnRead::Insights(limit)).await?? {
            OwnAnswer::Insights(insights) => Ok(insights),
            _ => misread(),
        }
    }

    pub async fn tags(&self) -> Result<Vec<reads::Tag>, Error> {
        match self.own.load(OwnRead::Tags).await?? {
            OwnAnswer::Tags(tags) => Ok(tags),
            _ => misread(),
        }
    }
}

fn misread<T>() -> Result<T, Error> {
    Err(Error::Internal("the read side answered another read than the one it was asked".to_owned()))
}

/// The request's scope.
pub fn of<'a>(ctx: &Context<'a>) -> async_graphql::Result<&'a SharedScope> {
    ctx.data::<SharedScope>()
}

/// Runs work that needs the scope, and turns its error into GraphQL's.
pub async fn with<T, F>(ctx: &Context<'_>, work: impl FnOnce(SharedScope) -> F + Send) -> async_graphql::Result<T>
where
    F: Future<Output = Result<T, Error>>,
{
    let scope = of(ctx)?;
    SendWrapper::new(work(scope.clone())).await.map_err(|error| {
        let failure = Failure::from(error);
        failure.log(scope.viewer.correlation_id());
        errors::raise(ctx, &failure)
    })
}

/// A call to a service in the proven caller's name.
pub async fn ask<T, F>(ctx: &Context<'_>, call: impl FnOnce(CallContext) -> F + Send) -> async_graphql::Result<T>
where
    F: Future<Output = Result<T, Error>>,
{
    with(ctx, |scope| async move { call(scope.viewer.proven().await?).await }).await
}

/// As [`ask`], for a call that answers from the caller's views.
pub async fn ask_views<T, F>(ctx: &Context<'_>, call: impl FnOnce(CallContext) -> F + Send) -> async_graphql::Result<T>
where
    F: Future<Output = Result<T, Error>>,
{
    with(ctx, |scope| async move { call(scope.viewer.proven_for_views().await?).await }).await
}

/// A call that only admins may make.
pub async fn ask_as_admin<T, F>(
    ctx: &Context<'_>,
    call: impl FnOnce(CallContext) -> F + Send,
) -> async_graphql::Result<T>
where
    F: Future<Output = Result<T, Error>>,
{
    with(ctx, |scope| async move { call(scope.viewer.proven_admin().await?).await }).await
}
