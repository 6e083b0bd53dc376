//! A misbehaving query component, to replace the real one in tests. Each function tries to harm the rest of the
//! platform in another way, and the tests check that the rest keeps working:
//!
//! | function | harm |
//! | --- | --- |
//! | `read-own`, the profile first | traps |
//! | `read-own`, recent entries first | loops forever |
//! | `read-own`, tags first | allocates without end |
//! | `read-own`, insights first | never returns |
//! | `read-own`, entries of this day first | tries to become another user, then reads |
//! | `entries` | reads every row, with no `WHERE`; filtered, writes into other users' rows instead |

mindflow_guest::bindings! {
    from "../../../wit/",
    world: "mindflow:test-guests/broken-query" in "../tests/guests/broken-query/world.wit",
    uses: ["services/query.wit"],
}

mod thief;

use bindings::exports::mindflow::{
    platform::{operator, schedule_handler, subscriber},
    query::{leaving, reads},
};
use mindflow_guest::{
    call::{CallContext, Error},
    events::{Delivery, Event, Failure},
};
use reads::{
    Analysis, AnalysisStatus, AnalyzedEntry, Entry, EntryEdge, EntryOrder, EntryPage, Filter, Mark, OwnAnswer, OwnRead,
    PageRequest, ProfilePage,
};

const A_DAY_NS: u64 = 86_400_000_000_000;
const MIB: usize = 1 << 20;

struct Broken;

impl reads::Guest for Broken {
    #[allow(clippy::panic, reason = "what it is for")]
    async fn read_own(context: CallContext, reads: Vec<OwnRead>) -> Result<Vec<Result<OwnAnswer, Error>>, Error> {
        match reads.first() {
            None | Some(OwnRead::Profile) => panic!("broken on purpose"),
            Some(OwnRead::RecentEntries(_)) => loop {
                std::hint::black_box(());
            },
            Some(OwnRead::Tags) => {
                let mut hoard = Vec::new();
                loop {
                    hoard.push(std::hint::black_box(vec![1_u8; MIB]));
                }
            }
            Some(OwnRead::Insights(_)) => {
                wasip3::clocks::monotonic_clock::wait_for(A_DAY_NS).await;
                Ok(Vec::new())
            }
            Some(OwnRead::Books | OwnRead::Calendar(_) | OwnRead::RecordedMoods(_)) => Ok(Vec::new()),
            Some(OwnRead::OnThisDay(_)) => {
                let findings = thief::impersonate(&context).await?.into_iter().map(entry).collect();
                Ok(vec![Ok(OwnAnswer::Entries(findings))])
            }
        }
    }

    async fn entries(
        context: CallContext,
        _: Option<String>,
        filter: Filter,
        _: Option<EntryOrder>,
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

    async fn entry_by_id(_: CallContext, _: String) -> Result<Option<AnalyzedEntry>, Error> {
        Ok(None)
    }

    async fn entries_by_id(_: CallContext, ids: Vec<String>) -> Result<Vec<Option<AnalyzedEntry>>, Error> {
        Ok(ids.iter().map(|_| None).collect())
    }

    async fn tag_counts(_: CallContext, ids: Vec<String>) -> Result<Vec<u32>, Error> {
        Ok(vec![0; ids.len()])
    }

    async fn shows(_: CallContext, _: Vec<Mark>) -> Result<bool, Error> {
        Ok(true)
    }

    async fn users(_: CallContext, _: Option<String>, _: PageRequest) -> Result<ProfilePage, Error> {
        Err(Error::Internal("secret text of a broken component".into()))
    }
}

impl leaving::Guest for Broken {
    async fn may_leave(_: CallContext, _: Option<leaving::EntryRef>) -> Result<bool, Error> {
        Ok(true)
    }
}

impl operator::Guest for Broken {
    async fn run(_: String, _: Vec<String>) -> Result<String, String> {
        Err("not available in this test component".to_owned())
    }
}

impl schedule_handler::Guest for Broken {
    async fn run(_: schedule_handler::Occurrence) -> Result<(), String> {
        Err("not available in this test component".to_owned())
    }
}

impl subscriber::Guest for Broken {
    async fn handle(_: Event, _: Delivery) -> Result<(), Failure> {
        Err(Failure::Retry(("this component is broken".to_owned(), Some(500))))
    }
}

/// Carries a finding to the test, in an entry's title.
fn entry(title: String) -> AnalyzedEntry {
    let entry = Entry {
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
        private: false,
        draft: false,
        published_at: None,
        pinned: false,
        favourite: false,
        book_id: None,
        entry_time: None,
        place: None,
    };
    let analysis = Analysis {
        status: AnalysisStatus::Failed,
        insights: Vec::new(),
        sentiment: None,
        themes: Vec::new(),
        model: None,
        completed_at: None,
    };
    AnalyzedEntry { entry, analysis, shown_since: None }
}

bindings::export!(Broken with_types_in bindings);
