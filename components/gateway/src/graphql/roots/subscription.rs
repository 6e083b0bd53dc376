//! All subscriptions.

use crate::change_feed;
use crate::graphql::errors;
use crate::graphql::scope::{self, SharedScope};
use crate::graphql::types::entry::{ChangeKind, EntryChange, JournalEntry};
use crate::services::reads;
use async_graphql::{Context, Result, Subscription as GraphqlSubscription};
use futures::StreamExt;
use futures::stream::{self, BoxStream, LocalBoxStream};
use mindflow_events::{Notice, NoticeKind, notice_topic};
use mindflow_guest::call::Error;
use send_wrapper::SendWrapper;
use std::future::ready;
use std::sync::{Arc, OnceLock};

pub struct Subscription;

/// Live updates, over a WebSocket or server-sent events.
#[GraphqlSubscription]
impl Subscription {
    /// An entry whose AI insights are ready.
    async fn entry_analyzed(&self, ctx: &Context<'_>) -> Result<BoxStream<'static, Result<JournalEntry>>> {
        listen(ctx, analyzed).await
    }

    /// A change of one of the user's own entries, made on any device.
    async fn entry_changed(&self, ctx: &Context<'_>) -> Result<BoxStream<'static, Result<EntryChange>>> {
        listen(ctx, changed).await
    }
}

/// Where a subscription's notices come from.
#[derive(Clone)]
pub enum Source {
    /// The topic, for as long as the call lasts.
    Topic,
    /// From nowhere: the topic is asked for, and its notices come to later calls.
    Later(Arc<OnceLock<String>>),
    /// The one that has come.
    Come(Notice),
}

/// The caller's notices as the client receives them; `None` skips one.
async fn listen<T, F>(
    ctx: &Context<'_>,
    present: impl Fn(SharedScope, Notice) -> F + Send + Copy + 'static,
) -> Result<BoxStream<'static, Result<T>>>
where
    T: 'static,
    F: Future<Output = Result<Option<T>, Error>> + 'static,
{
    let (shared, source) = (scope::of(ctx)?.clone(), ctx.data::<Source>()?.clone());
    let open = |scope: SharedScope| async move { Ok(SendWrapper::new(notices(&scope, source).await?)) };
    let notices = scope::with(ctx, open).await?.take();
    let answers = notices.filter_map(move |notice| {
        let scope = shared.clone();
        async move {
            let answer = match notice {
                Ok(notice) => present(scope.clone(), notice).await,
                Err(error) => Err(error),
            };
            answer.map_err(|error| errors::of_stream(error, scope.viewer.correlation_id())).transpose()
        }
    });
    Ok(SendWrapper::new(answers).boxed())
}

async fn notices(scope: &SharedScope, source: Source) -> Result<LocalBoxStream<'static, Result<Notice, Error>>, Error> {
    match source {
        Source::Topic => change_feed::notices(scope.viewer.caller().await?.user_id).await,
        Source::Later(topic) => {
            let _ = topic.set(notice_topic(scope.viewer.caller().await?.user_id));
            Ok(stream::empty().boxed_local())
        }
        Source::Come(notice) => Ok(stream::once(ready(Ok(notice))).boxed_local()),
    }
}

async fn analyzed(scope: SharedScope, notice: Notice) -> Result<Option<JournalEntry>, Error> {
    if notice.kind != NoticeKind::Analyzed {
        return Ok(None);
    }
    let entry = reads::entry_by_id(scope.viewer.context(), notice.entry_id.to_string()).await?;
    Ok(entry.map(Into::into))
}

async fn changed(scope: SharedScope, notice: Notice) -> Result<Option<EntryChange>, Error> {
    let kind = match notice.kind {
        NoticeKind::Created => ChangeKind::Created,
        NoticeKind::Updated => ChangeKind::Updated,
        NoticeKind::Deleted => ChangeKind::Deleted,
        NoticeKind::Analyzed => return Ok(None),
    };
    let entry = match kind {
        ChangeKind::Deleted => None,
        _ => reads::entry_by_id(scope.viewer.context(), notice.entry_id.to_string()).await?,
    };
    Ok(Some(EntryChange { kind, entry_id: notice.entry_id.to_string().into(), entry: entry.map(Into::into) }))
}
