//! An outdated query service: one function has another type than its callers expect. Linking refuses it, so none of
//! its functions ever runs.

mindflow_guest::bindings! {
    from "../../../wit/",
    world: "mindflow:test-guests/old-query" in "../tests/guests/old-query/world.wit",
    uses: ["../tests/guests/old-query/wit/query.wit"],
}

use bindings::exports::mindflow::{
    platform::{operator, schedule_handler, subscriber},
    query::reads,
};
use mindflow_guest::{
    call::{CallContext, Error},
    events::{Delivery, Event, Failure},
};
use reads::{AnalyzedEntry, EntryOrder, EntryPage, Filter, Mark, OwnAnswer, OwnRead, PageRequest, ProfilePage};

struct Old;

fn gone<T>() -> Result<T, Error> {
    Err(Error::Unavailable("this version is outdated".into()))
}

impl reads::Guest for Old {
    async fn read_own(_: CallContext, _: Vec<OwnRead>) -> Result<Vec<Result<OwnAnswer, Error>>, Error> {
        gone()
    }
    async fn entry_by_id(_: CallContext, _: String) -> Result<Option<AnalyzedEntry>, Error> {
        gone()
    }
    async fn entries_by_id(_: CallContext, _: Vec<String>) -> Result<Vec<Option<AnalyzedEntry>>, Error> {
        gone()
    }
    async fn entries(
        _: CallContext,
        _: Option<String>,
        _: Filter,
        _: Option<EntryOrder>,
        _: PageRequest,
    ) -> Result<EntryPage, Error> {
        gone()
    }
    async fn tag_counts(_: CallContext, _: Vec<String>) -> Result<Vec<u32>, Error> {
        gone()
    }
    async fn shows(_: CallContext, _: Vec<Mark>) -> Result<bool, Error> {
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
