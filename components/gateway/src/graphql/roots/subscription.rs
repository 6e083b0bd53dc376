//! All subscriptions.

use super::platform;
use super::source::Source;
use crate::change_feed;
use crate::graphql::errors;
use crate::graphql::scope::{self, SharedScope};
use crate::graphql::types::entry::{ChangeKind, EntryChange, JournalEntry};
use crate::graphql::types::platform::Platform;
use crate::services::reads;
use crate::viewer::Viewer;
use async_graphql::{Context, Result, Subscription as GraphqlSubscription};
use futures::StreamExt;
use futures::stream::{self, BoxStream, LocalBoxStream};
use mindflow_events::{Notice, NoticeKind, UserNotice, notice_topic};
use mindflow_guest::call::Error;
use send_wrapper::SendWrapper;

pub struct Subscription;

/// Live updates, over a WebSocket or server-sent events.
#[GraphqlSubscription]
impl Subscription {
    /// An entry whose AI insights are ready.
    async fn entry_analyzed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Goes on after this cursor, as `entryChanged` does.")] after: Option<String>,
    ) -> Result<BoxStream<'static, Result<JournalEntry>>> {
        listen(ctx, after, analyzed).await
    }

    /// A change of one of the user's own entries, made on any device: `CREATED` of a restored one too, and `UPDATED` of those whose tag was
    /// renamed, the newest hundred of them.
    async fn entry_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Goes on after this cursor, without a gap: `cursor` of a change, `extensions.cursor` of a result or \
            the payload's `cursor` of `connection_ack`; over server-sent events, the header `Last-Event-ID` rules over it. The \
            last 1,000 changes of the last 5 minutes are known; where more have come since, the subscription is \
            refused with `BAD_USER_INPUT` and the rule `forgotten`: read the entries again, and subscribe without it."
        )]
        after: Option<String>,
    ) -> Result<BoxStream<'static, Result<EntryChange>>> {
        listen(ctx, after, changed).await
    }

    /// What runs on the platform, about once a second. For administrators. It begins with what is now and has no cursor: who was away
    /// subscribes again. `platform` answers the same once.
    async fn platform_changed(&self, ctx: &Context<'_>) -> Result<BoxStream<'static, Result<Platform>>> {
        platform::changes(ctx).await
    }
}

/// The caller's notices as the client receives them; `None` skips one. Nothing is read for a notice before the session is
/// proven, and a session that has ended ends the stream.
async fn listen<T, F>(
    ctx: &Context<'_>,
    after: Option<String>,
    present: impl Fn(SharedScope, Notice, String) -> F + Send + Copy + 'static,
) -> Result<BoxStream<'static, Result<T>>>
where
    T: 'static,
    F: Future<Output = Result<Option<T>, Error>> + 'static,
{
    let (shared, source) = (scope::of(ctx)?.clone(), ctx.data::<Source>()?.clone());
    // A notice that has come to a call of its own is in that call's memory.
    let lives = matches!(source, Source::Topic(_));
    let open = |scope: SharedScope| async move { Ok(SendWrapper::new(notices(&scope, source, after).await?)) };
    let notices = scope::with(ctx, open).await?.take();
    let answers = stream::unfold(Some(notices), move |notices| {
        let scope = shared.clone();
        async move {
            let mut notices = notices?;
            loop {
                let answer = match notices.next().await? {
                    Ok((viewer, notice, cursor)) => match room(&scope, lives).await {
                        Ok(()) => {
                            scope.comes_at(&cursor);
                            tell(&viewer, notice, |notice| present(scope.clone(), notice, cursor)).await
                        }
                        Err(error) => Err(error),
                    },
                    Err(error) => Err(error),
                };
                if !matches!(answer, Ok(Some(_))) {
                    // The others answer nothing that is large.
                    drop(scope.release());
                }
                let goes_on = !matches!(answer, Err(Error::Unauthenticated(_)));
                let answer = answer.map_err(|error| errors::of_stream(error, scope.viewer.correlation_id()));
                if let Some(answer) = answer.transpose() {
                    return Some((answer, goes_on.then_some(notices)));
                }
            }
        }
    });
    Ok(SendWrapper::new(answers).boxed())
}

/// Memory for what a notice of a stream is answered with, until it is sent.
async fn room(scope: &SharedScope, lives: bool) -> Result<(), Error> {
    if !lives {
        return Ok(());
    }
    scope.hold().await.map_err(|_| Error::Unavailable("there was no memory for a notice".to_owned()))
}

/// What the client is sent for a notice.
async fn tell<T, F>(viewer: &Viewer, notice: UserNotice, present: impl FnOnce(Notice) -> F) -> Result<Option<T>, Error>
where
    F: Future<Output = Result<Option<T>, Error>>,
{
    viewer.caller().await?;
    match notice {
        UserNotice::Entry(notice) => present(notice).await,
        // It was proven after that.
        UserNotice::Session(_) => Ok(None),
    }
}

/// Notices, each with the viewer whose session is to be proven for it, and its cursor.
type Notices = LocalBoxStream<'static, Result<(Viewer, UserNotice, String), Error>>;

async fn notices(scope: &SharedScope, source: Source, after: Option<String>) -> Result<Notices, Error> {
    let viewer = scope.viewer.clone();
    match source {
        Source::Topic(begins) => {
            let start = begins.start(&viewer, after).await?;
            let topic = start.topic.clone();
            let notices = change_feed::notices(start).await?;
            let proven = move |notice: Result<(_, String), Error>| {
                let (notice, place) = notice?;
                Ok((viewer.unproven(), notice, change_feed::cursor(&topic, &place)))
            };
            Ok(notices.map(proven).boxed_local())
        }
        Source::Later(begins) => {
            begins.start(&viewer, after).await?;
            Ok(stream::empty().boxed_local())
        }
        Source::Beat => Ok(stream::empty().boxed_local()),
        Source::Come(notice, place) => {
            let come = async move {
                let topic = notice_topic(&viewer.caller().await?.user_id);
                Ok((viewer, UserNotice::Entry(notice), change_feed::cursor(&topic, &place)))
            };
            Ok(stream::once(come).boxed_local())
        }
    }
}

async fn analyzed(scope: SharedScope, notice: Notice, _: String) -> Result<Option<JournalEntry>, Error> {
    if notice.kind != NoticeKind::Analyzed {
        return Ok(None);
    }
    let entry = reads::entry_by_id(scope.viewer.context(), notice.entry_id.to_string()).await?;
    scope.meter.entries(&entry)?;
    Ok(entry.map(Into::into))
}

async fn changed(scope: SharedScope, notice: Notice, cursor: String) -> Result<Option<EntryChange>, Error> {
    let kind = match notice.kind {
        NoticeKind::Created => ChangeKind::Created,
        NoticeKind::Updated => ChangeKind::Updated,
        NoticeKind::Deleted => ChangeKind::Deleted,
        NoticeKind::Draft => ChangeKind::Draft,
        NoticeKind::Analyzed => return Ok(None),
    };
    let entry = match kind {
        ChangeKind::Deleted => None,
        _ => reads::entry_by_id(scope.viewer.context(), notice.entry_id.to_string()).await?,
    };
    scope.meter.entries(&entry)?;
    let entry_id = notice.entry_id.to_string().into();
    Ok(Some(EntryChange { kind, entry_id, entry: entry.map(Into::into), cursor }))
}
