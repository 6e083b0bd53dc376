//! What the resolvers of one request share: who asks, and the look-ups being gathered.

use super::errors;
use crate::bindings::{files, reads};
use crate::loader::Loader;
use crate::viewer::Viewer;
use async_graphql::{Context, Result};
use futures::FutureExt;
use mindflow_guest::call::{CallContext, Error};
use send_wrapper::SendWrapper;
use std::future::Future;
use std::sync::Arc;

pub struct Scope {
    pub viewer: Viewer,
    pub entries: Loader<String, Option<reads::Entry>>,
    pub tag_counts: Loader<String, u32>,
    pub files: Loader<String, Option<files::File>>,
}

/// async-graphql wants `Send`; a sandbox has one thread, and the wrapper holds us to it.
pub type SharedScope = Arc<SendWrapper<Scope>>;

impl Scope {
    pub fn new(viewer: Viewer) -> SharedScope {
        let (reader, counter, shower) = (viewer.clone(), viewer.clone(), viewer.clone());
        let entries = Loader::new(move |ids: Vec<String>| {
            let viewer = reader.clone();
            async move { reads::entries_by_id(viewer.proven().await?, ids).await }.boxed_local()
        });
        let tag_counts = Loader::new(move |ids: Vec<String>| {
            let viewer = counter.clone();
            async move { reads::tag_counts(viewer.proven().await?, ids).await }.boxed_local()
        });
        let files = Loader::new(move |ids: Vec<String>| {
            let viewer = shower.clone();
            async move { files::by_id(viewer.proven().await?, ids).await }.boxed_local()
        });
        Arc::new(SendWrapper::new(Self { viewer, entries, tag_counts, files }))
    }
}

/// The request's scope.
pub fn of<'a>(ctx: &Context<'a>) -> Result<&'a SharedScope> {
    ctx.data::<SharedScope>()
}

/// Runs what needs the scope, and turns its error into GraphQL's.
pub async fn with<T, F>(ctx: &Context<'_>, work: impl FnOnce(SharedScope) -> F + Send) -> Result<T>
where
    F: Future<Output = Result<T, Error>>,
{
    let scope = of(ctx)?.clone();
    SendWrapper::new(work(scope)).await.map_err(|error| errors::raise(ctx, error))
}

/// A call to a service in the proven caller's name.
pub async fn ask<T, F>(ctx: &Context<'_>, call: impl FnOnce(CallContext) -> F + Send) -> Result<T>
where
    F: Future<Output = Result<T, Error>>,
{
    with(ctx, |scope| async move { call(scope.viewer.proven().await?).await }).await
}

/// A call that only admins may make.
pub async fn ask_as_admin<T, F>(ctx: &Context<'_>, call: impl FnOnce(CallContext) -> F + Send) -> Result<T>
where
    F: Future<Output = Result<T, Error>>,
{
    with(ctx, |scope| async move { call(scope.viewer.proven_admin().await?).await }).await
}
