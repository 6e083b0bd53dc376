//! The state that the resolvers of one request share: the viewer, and the batched look-ups.

use super::errors;
use super::workarounds::loader::Loader;
use crate::failure::Failure;
use crate::services::{files, reads};
use crate::viewer::Viewer;
use async_graphql::{Context, Result};
use futures::FutureExt;
use mindflow_guest::call::{CallContext, Error};
use send_wrapper::SendWrapper;
use std::future::Future;
use std::sync::Arc;

pub struct Scope {
    pub viewer: Viewer,
    pub entries: Loader<String, Option<reads::AnalyzedEntry>>,
    pub tag_counts: Loader<String, u32>,
    pub files: Loader<String, Option<files::File>>,
}

/// async-graphql requires `Send`; a sandbox has one thread, and the wrapper checks that.
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

/// Runs work that needs the scope, and turns its error into GraphQL's.
pub async fn with<T, F>(ctx: &Context<'_>, work: impl FnOnce(SharedScope) -> F + Send) -> Result<T>
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
