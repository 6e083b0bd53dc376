//! How the platform runs, for administrators.

use super::source::Source;
use crate::change_feed::Start;
use crate::graphql::errors;
use crate::graphql::scope::{self, SharedScope, ask_as_admin};
use crate::graphql::types::platform::{self, Platform};
use async_graphql::{Context, Object, Result};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use mindflow_guest::call::Error;
use mindflow_guest::clock;
use send_wrapper::SendWrapper;
use std::time::Duration;

/// Where no host says when to look again.
const BEAT: Duration = Duration::from_secs(1);

/// Components, subscriptions and what flows between them.
#[derive(Default)]
pub struct PlatformReads;

#[Object]
impl PlatformReads {
    /// What runs on the platform now: components with their state, calls and memory, subscriptions with what waits for them, and how
    /// events flow between them. For administrators. Null, with an error, when it cannot be seen; the other fields of the answer
    /// are there.
    async fn platform(&self, ctx: &Context<'_>) -> Result<Option<Platform>> {
        ask_as_admin(ctx, |_| Platform::see()).await.map(Some)
    }
}

/// The platform's state, about once a second. Each is seen by an administrator who is proven for it.
pub async fn changes(ctx: &Context<'_>) -> Result<BoxStream<'static, Result<Platform>>> {
    let (shared, source) = (scope::of(ctx)?.clone(), ctx.data::<Source>()?.clone());
    let open = |scope: SharedScope| async move {
        scope.viewer.proven_admin().await?;
        if let Source::Later(begins) = &source {
            begins.begin(Start::of_platform(platform::changes().await?).await?);
        }
        Ok(source)
    };
    let source = scope::with(ctx, open).await?;
    let lasts = matches!(source, Source::Topic(_));
    let beats = match source {
        Source::Later(_) | Source::Come(..) => stream::empty().boxed_local(),
        Source::Beat => stream::once(async {}).boxed_local(),
        Source::Topic(_) => stream::unfold((), |()| async { Some((clock::pause(BEAT).await, ())) }).boxed_local(),
    };
    let answers = beats.then(move |()| {
        let scope = shared.clone();
        async move {
            let seen = see(&scope, lasts).await;
            seen.map_err(|error| errors::of_stream(error, scope.viewer.correlation_id()))
        }
    });
    Ok(SendWrapper::new(answers).boxed())
}

/// `again`: the administrator was proven for the first answer of a stream that lasts.
async fn see(scope: &SharedScope, again: bool) -> Result<Platform, Error> {
    if again {
        scope.viewer.unproven().proven_admin().await?;
    }
    Platform::see().await
}
