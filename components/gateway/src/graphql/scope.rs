//! The state that the resolvers of one request share: the viewer, the batched look-ups, and what all of it takes.

use super::cost::Cost;
use super::errors;
use super::meter::{Meter, changed_bytes, entry_bytes};
use super::workarounds::loader::Loader;
use crate::failure::Failure;
use crate::memory::{self, Reservation};
use crate::services::reads::{self, OwnAnswer, OwnRead};
use crate::services::{accounts, devices, files, journal};
use crate::viewer::Viewer;
use async_graphql::{Context, SelectionField};
use futures::FutureExt;
use futures::lock::{Mutex, MutexGuard};
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::journal::{OWN_READS_MAX, PAGE_MAX};
use send_wrapper::SendWrapper;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

/// What `reads.entries-by-id`, `reads.tag-counts` and `files.by-id` take at most.
const IDS_MAX: usize = PAGE_MAX as usize;

pub struct Scope {
    pub viewer: Viewer,
    /// What its operations take.
    pub meter: Rc<Meter>,
    turns: Rc<Turns>,
    /// What they can cost, and how much memory they need.
    spent: Cell<(Cost, u64)>,
    /// The memory of a stream's notice, until it is answered.
    place: RefCell<Option<Reservation>>,
    /// Of the notice that is to be answered next.
    cursor: RefCell<Option<String>>,
    own: Loader<OwnRead, Result<OwnAnswer, Error>>,
    entries: Loader<String, Option<reads::AnalyzedEntry>>,
    pub tag_counts: Loader<String, u32>,
    pub files: Loader<String, Option<files::File>>,
    /// The viewer's, as the auth service has it.
    pub account: Loader<(), accounts::User>,
}

/// Calls that answer many entries come one after the other, so that no more than one such answer is on its way that the
/// meter does not know yet.
struct Turns {
    one: Mutex<()>,
    meter: Rc<Meter>,
}

impl Turns {
    /// # Errors
    /// The request has taken too much before.
    async fn next(&self) -> Result<MutexGuard<'_, ()>, Error> {
        let turn = self.one.lock().await;
        self.meter.take(0)?;
        Ok(turn)
    }
}

/// async-graphql requires `Send`; a sandbox has one thread, and the wrapper checks that.
pub type SharedScope = Arc<SendWrapper<Scope>>;

impl Scope {
    pub fn new(viewer: Viewer) -> SharedScope {
        let (owner, reader, counter, shower) = (viewer.clone(), viewer.clone(), viewer.clone(), viewer.clone());
        let user = viewer.clone();
        let meter = Rc::new(Meter::default());
        let turns = Rc::new(Turns { one: Mutex::new(()), meter: Rc::clone(&meter) });
        let (of_own, of_entries) = (Rc::clone(&turns), Rc::clone(&turns));
        let own = Loader::new(OWN_READS_MAX, move |asked: Vec<OwnRead>| {
            let (viewer, turns) = (owner.clone(), Rc::clone(&of_own));
            async move {
                let entries =
                    asked.iter().any(|read| matches!(read, OwnRead::RecentEntries(_) | OwnRead::OnThisDay(_)));
                let _turn = if entries { Some(turns.next().await?) } else { None };
                reads::read_own(viewer.proven_for_views().await?, asked).await
            }
            .boxed_local()
        });
        let entries = Loader::new(IDS_MAX, move |ids: Vec<String>| {
            let (viewer, turns) = (reader.clone(), Rc::clone(&of_entries));
            async move {
                let _turn = turns.next().await?;
                reads::entries_by_id(viewer.proven_for_views().await?, ids).await
            }
            .boxed_local()
        });
        let tag_counts = Loader::new(IDS_MAX, move |ids: Vec<String>| {
            let viewer = counter.clone();
            async move { reads::tag_counts(viewer.proven_for_views().await?, ids).await }.boxed_local()
        });
        let files = Loader::new(IDS_MAX, move |ids: Vec<String>| {
            let viewer = shower.clone();
            async move { files::by_id(viewer.proven().await?, ids).await }.boxed_local()
        });
        let account = Loader::new(IDS_MAX, move |asked: Vec<()>| {
            let viewer = user.clone();
            async move {
                let account = accounts::account(viewer.proven().await?).await?;
                Ok(vec![account; asked.len()])
            }
            .boxed_local()
        });
        Arc::new(SendWrapper::new(Self {
            viewer,
            meter,
            turns,
            spent: Cell::default(),
            place: RefCell::default(),
            cursor: RefCell::default(),
            own,
            entries,
            tag_counts,
            files,
            account,
        }))
    }

    /// One more operation of the request, which can need so much memory.
    pub fn spend(&self, cost: Cost, memory_bytes: u64) {
        let (before, bytes) = self.spent.get();
        // Those of a batch run at the same time.
        self.spent.set((before.and(cost), bytes.saturating_add(memory_bytes)));
    }

    /// What the operations of the request cost together.
    pub fn cost(&self) -> Cost {
        self.spent.get().0
    }

    /// Memory for the request's operations, unless [`hold`](Self::hold) has taken it.
    pub async fn place(&self) -> Result<Option<Reservation>, Failure> {
        if self.place.borrow().is_some() {
            return Ok(None);
        }
        memory::take(self.spent.get().1).await.map(Some)
    }

    /// Takes the memory and keeps it until [`release`](Self::release).
    pub async fn hold(&self) -> Result<(), Failure> {
        let place = self.place().await?;
        if place.is_some() {
            *self.place.borrow_mut() = place;
        }
        Ok(())
    }

    /// The next answer is to a notice at this cursor.
    pub fn comes_at(&self, cursor: &str) {
        *self.cursor.borrow_mut() = Some(cursor.to_owned());
    }

    pub fn take_cursor(&self) -> Option<String> {
        self.cursor.borrow_mut().take()
    }

    pub fn release(&self) -> Option<Reservation> {
        self.place.borrow_mut().take()
    }

    /// The viewer's own profile.
    pub async fn profile(&self) -> Result<reads::Profile, Error> {
        match self.own.load(OwnRead::Profile).await?? {
            // The read side is far behind.
            OwnAnswer::Profile(profile) if profile.provisional => {
                let account = self.account.load(()).await?;
                Ok(reads::Profile {
                    display_name: account.display_name,
                    timezone: account.timezone,
                    created_at: account.created_at,
                    ..profile
                })
            }
            OwnAnswer::Profile(profile) => Ok(profile),
            _ => misread(),
        }
    }

    /// As `read` says: recent ones, or those of the same day of earlier years.
    pub async fn own_entries(&self, read: OwnRead) -> Result<Vec<reads::AnalyzedEntry>, Error> {
        match self.own.load(read).await?? {
            OwnAnswer::Entries(entries) => self.meter.entries(&entries).map(|()| entries),
            _ => misread(),
        }
    }

    /// A page of the viewer's entries.
    pub async fn page(
        &self,
        filter: reads::Filter,
        order: Option<reads::EntryOrder>,
        page: reads::PageRequest,
    ) -> Result<reads::EntryPage, Error> {
        let _turn = self.turns.next().await?;
        let page = reads::entries(self.viewer.proven_for_views().await?, None, filter, order, page).await?;
        self.meter.entries(page.edges.iter().map(|edge| &edge.node))?;
        Ok(page)
    }

    /// One of the viewer's entries, if there is one with this id.
    pub async fn entry(&self, id: String) -> Result<Option<reads::AnalyzedEntry>, Error> {
        let entry = self.entries.load(id).await?;
        self.meter.entries(&entry)?;
        Ok(entry)
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

impl Scope {
    pub async fn books(&self) -> Result<Vec<reads::Book>, Error> {
        match self.own.load(OwnRead::Books).await?? {
            OwnAnswer::Books(books) => Ok(books),
            _ => misread(),
        }
    }

    pub async fn calendar(&self, span: reads::DaySpan) -> Result<Vec<reads::CalendarDay>, Error> {
        match self.own.load(OwnRead::Calendar(span)).await?? {
            OwnAnswer::Calendar(days) => Ok(days),
            _ => misread(),
        }
    }

    pub async fn recorded_moods(&self, span: reads::DaySpan) -> Result<Vec<reads::RecordedMood>, Error> {
        match self.own.load(OwnRead::RecordedMoods(span)).await?? {
            OwnAnswer::RecordedMoods(moods) => Ok(moods),
            _ => misread(),
        }
    }

    /// A page of the viewer's trash.
    pub async fn deleted(&self, page: reads::PageRequest) -> Result<journal::DeletedPage, Error> {
        let _turn = self.turns.next().await?;
        let page = journal::deleted_entries(self.viewer.proven().await?, page).await?;
        self.meter.take(page.entries.iter().map(|deleted| entry_bytes(&deleted.entry)).sum())?;
        Ok(page)
    }

    /// A page of what has changed of the viewer's.
    pub async fn changes(&self, cursor: Option<String>, first: u32) -> Result<devices::ChangePage, Error> {
        let _turn = self.turns.next().await?;
        let page = devices::changes_since(self.viewer.proven().await?, cursor, first).await?;
        self.meter.take(changed_bytes(&page))?;
        Ok(page)
    }

    /// A page of the versions of one of the viewer's entries.
    pub async fn versions(&self, id: String, page: reads::PageRequest) -> Result<journal::VersionPage, Error> {
        let _turn = self.turns.next().await?;
        let page = journal::entry_versions(self.viewer.proven().await?, id, page).await?;
        let bytes = page.versions.iter().map(|version| version.title.len() + version.content.len());
        self.meter.take(bytes.sum())?;
        Ok(page)
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

/// How many values are selected of the field's items.
pub fn values(ctx: &Context<'_>) -> usize {
    fn count(field: SelectionField<'_>) -> usize {
        1 + field.selection_set().map(count).sum::<usize>()
    }
    count(ctx.field())
}

/// A call to a service in the proven caller's name.
pub async fn ask<T, F>(ctx: &Context<'_>, call: impl FnOnce(CallContext) -> F + Send) -> async_graphql::Result<T>
where
    F: Future<Output = Result<T, Error>>,
{
    with(ctx, |scope| async move { call(scope.viewer.proven().await?).await }).await
}

/// As [`ask`], for a call that answers the caller's figures.
pub async fn ask_figures<T, F>(
    ctx: &Context<'_>,
    call: impl FnOnce(CallContext) -> F + Send,
) -> async_graphql::Result<T>
where
    F: Future<Output = Result<T, Error>>,
{
    with(ctx, |scope| async move { call(scope.viewer.proven_for_figures().await?).await }).await
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
