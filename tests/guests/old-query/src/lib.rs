//! Fits nobody: it exports the query service's interface as nobody calls it any more. It is refused when it
//! is linked, so that none of its functions ever runs.

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
        path: ["../../../wit/platform", "wit/query.wit"],
        inline: "
            package mindflow:old-query;
            world component {
                export mindflow:query/reads@0.1.0;
                export mindflow:platform/subscriber@0.1.0;
                export mindflow:platform/operator@0.1.0;
                export mindflow:platform/schedule-handler@0.1.0;
            }
        ",
        world: "mindflow:old-query/component",
        with: {
            "mindflow:platform/call@0.1.0": mindflow_guest::call,
            "mindflow:platform/events@0.1.0": mindflow_guest::events,
        },
        generate_unused_types: true,
    });
}

use bindings::exports::mindflow::{
    platform::{operator, schedule_handler, subscriber},
    query::reads,
};
use mindflow_guest::{
    call::{CallContext, Error},
    events::{Delivery, Event, Failure},
};
use reads::{Entry, EntryPage, Filter, Insight, MoodPoint, PageRequest, Profile, ProfilePage, Tag};

struct Old;

fn gone<T>() -> Result<T, Error> {
    Err(Error::Unavailable("this version is of the past".into()))
}

impl reads::Guest for Old {
    async fn me(_: CallContext) -> Result<Profile, Error> {
        gone()
    }
    async fn entry_by_id(_: CallContext, _: String) -> Result<Option<Entry>, Error> {
        gone()
    }
    async fn entries_by_id(_: CallContext, _: Vec<String>) -> Result<Vec<Option<Entry>>, Error> {
        gone()
    }
    async fn entries(_: CallContext, _: Option<String>, _: Filter, _: PageRequest) -> Result<EntryPage, Error> {
        gone()
    }
    async fn recent_entries(_: CallContext, _: u64) -> Result<Vec<Entry>, Error> {
        gone()
    }
    async fn on_this_day(_: CallContext, _: Option<String>) -> Result<Vec<Entry>, Error> {
        gone()
    }
    async fn insights(_: CallContext, _: u32) -> Result<Vec<Insight>, Error> {
        gone()
    }
    async fn tags(_: CallContext) -> Result<Vec<Tag>, Error> {
        gone()
    }
    async fn tag_counts(_: CallContext, _: Vec<String>) -> Result<Vec<u32>, Error> {
        gone()
    }
    async fn mood_trends(_: CallContext, _: u32) -> Result<Vec<MoodPoint>, Error> {
        gone()
    }
    async fn users(_: CallContext, _: Option<String>, _: PageRequest) -> Result<ProfilePage, Error> {
        gone()
    }
}

impl operator::Guest for Old {
    async fn run(_: String, _: Vec<String>) -> Result<String, String> {
        Err("not while this is not the real one".to_owned())
    }
}

impl schedule_handler::Guest for Old {
    async fn run(_: schedule_handler::Occurrence) -> Result<(), String> {
        Err("not while this is not the real one".to_owned())
    }
}

impl subscriber::Guest for Old {
    async fn handle(_: Event, _: Delivery) -> Result<(), Failure> {
        Ok(())
    }
}

bindings::export!(Old with_types_in bindings);
