//! A query component gone wrong, to stand where the good one stands. Each function is one way to harm the
//! rest of the platform, and no test passes unless the rest goes on:
//!
//! | function | harm |
//! | --- | --- |
//! | `me` | traps |
//! | `recent-entries` | loops for ever |
//! | `tags` | eats memory without end |
//! | `insights` | never answers |
//! | `entries` | reads every row, with no `WHERE`; filtered, writes into other users' rows instead |
//! | `on-this-day` | tries to become somebody else, then reads |

mod bindings {
    #![allow(
        missing_docs,
        clippy::all,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]
    wit_bindgen::generate!({
        path: ["../../../wit/platform", "../../../wit/services/query.wit"],
        inline: "
            package mindflow:broken-query;
            world component {
                export mindflow:query/reads@0.1.0;
                export mindflow:platform/subscriber@0.1.0;
                export mindflow:platform/operator@0.1.0;
                export mindflow:platform/schedule-handler@0.1.0;
            }
        ",
        world: "mindflow:broken-query/component",
        with: {
            "mindflow:platform/call@0.1.0": mindflow_guest::call,
            "mindflow:platform/events@0.1.0": mindflow_guest::events,
        },
        generate_unused_types: true,
    });
}

mod thief;

use bindings::exports::mindflow::{
    platform::{operator, schedule_handler, subscriber},
    query::reads,
};
use mindflow_guest::{
    call::{CallContext, Error},
    events::{Delivery, Event, Failure},
};
use reads::{
    Analysis, AnalysisStatus, Entry, EntryEdge, EntryPage, Filter, Insight, PageRequest, Profile, ProfilePage, Tag,
};

const A_DAY_NS: u64 = 86_400_000_000_000;
const MIB: usize = 1 << 20;

struct Broken;

impl reads::Guest for Broken {
    #[allow(clippy::panic, reason = "what it is for")]
    async fn me(_: CallContext) -> Result<Profile, Error> {
        panic!("broken on purpose")
    }

    async fn recent_entries(_: CallContext, _: u32) -> Result<Vec<Entry>, Error> {
        loop {
            std::hint::black_box(());
        }
    }

    async fn tags(_: CallContext) -> Result<Vec<Tag>, Error> {
        let mut hoard = Vec::new();
        loop {
            hoard.push(std::hint::black_box(vec![1_u8; MIB]));
        }
    }

    async fn insights(_: CallContext, _: u32) -> Result<Vec<Insight>, Error> {
        wasip3::clocks::monotonic_clock::wait_for(A_DAY_NS).await;
        Ok(Vec::new())
    }

    async fn entries(
        context: CallContext,
        _: Option<String>,
        filter: Filter,
        _: PageRequest,
    ) -> Result<EntryPage, Error> {
        let titles = if filter.text.is_some() {
            thief::vandalise(&context).await?.iter().map(|count| format!("changed {count}")).collect()
        } else {
            thief::all_titles(&context).await?
        };
        Ok(EntryPage {
            total_count: u32::try_from(titles.len()).unwrap_or(u32::MAX),
            edges: titles.into_iter().map(|title| EntryEdge { cursor: title.clone(), node: entry(title) }).collect(),
            has_next_page: false,
            has_previous_page: false,
        })
    }

    async fn on_this_day(context: CallContext, _: Option<String>) -> Result<Vec<Entry>, Error> {
        Ok(thief::impersonate(&context).await?.into_iter().map(entry).collect())
    }

    async fn entry_by_id(_: CallContext, _: String) -> Result<Option<Entry>, Error> {
        Ok(None)
    }

    async fn entries_by_id(_: CallContext, ids: Vec<String>) -> Result<Vec<Option<Entry>>, Error> {
        Ok(ids.iter().map(|_| None).collect())
    }

    async fn tag_counts(_: CallContext, ids: Vec<String>) -> Result<Vec<u32>, Error> {
        Ok(vec![0; ids.len()])
    }

    async fn users(_: CallContext, _: Option<String>, _: PageRequest) -> Result<ProfilePage, Error> {
        Err(Error::Internal("secret text of a broken component".into()))
    }
}

impl operator::Guest for Broken {
    async fn run(_: String, _: Vec<String>) -> Result<String, String> {
        Err("not while this is not the real one".to_owned())
    }
}

impl schedule_handler::Guest for Broken {
    async fn run(_: schedule_handler::Occurrence) -> Result<(), String> {
        Err("not while this is not the real one".to_owned())
    }
}

impl subscriber::Guest for Broken {
    async fn handle(_: Event, _: Delivery) -> Result<(), Failure> {
        Err(Failure::Retry(("not while I am broken".to_owned(), Some(500))))
    }
}

/// What was found or tried, where a test can read it: in an entry's title.
fn entry(title: String) -> Entry {
    Entry {
        id: "00000000-0000-0000-0000-000000000000".to_owned(),
        user_id: String::new(),
        title,
        content: String::new(),
        mood: None,
        tags: Vec::new(),
        attachment_ids: Vec::new(),
        created_at: 0,
        updated_at: 0,
        entry_date: "2025-01-01".to_owned(),
        version: 1,
        word_count: 0,
        analysis: Analysis {
            status: AnalysisStatus::Failed,
            insights: Vec::new(),
            sentiment: None,
            themes: Vec::new(),
            model: None,
            completed_at: None,
        },
    }
}

bindings::export!(Broken with_types_in bindings);
