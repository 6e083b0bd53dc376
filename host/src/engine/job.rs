//! A call on its way into an instance, and the place that it takes there.

use super::{budget::Occupied, caller::Caller, ending::Ending, handlers, memory::Footprint};
use crate::capability::{
    events::bindings::mindflow::platform::events, websocket::bindings::mindflow::platform::websocket,
};
use mindflow_backends::{
    messaging::realtime::Item,
    places::{self, Origin},
};
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::AbortHandle,
    time::Instant,
};
use wasmtime::component::{ComponentExportIndex, Val};
use wasmtime_wasi_http::WasiBody;

/// A batch has the CPU time of so many calls at most.
const BATCH_CALLS_MAX: u32 = 8;

pub(super) type Reply<T> = oneshot::Sender<wasmtime::Result<T>>;
/// The response's head and its body, streamed by the guest; or how the guest refused to answer.
pub type HttpReply = Result<http::Response<WasiBody>, String>;

/// A call into an instance.
pub(super) enum Work {
    Call { function: ComponentExportIndex, params: Vec<Val>, results: usize, reply: Reply<Vec<Val>> },
    Http { request: http::Request<WasiBody>, reply: Reply<HttpReply> },
    Event { event: events::Event, delivery: events::Delivery, reply: Reply<Result<(), events::Failure>> },
    Batch { subscription: String, events: Vec<events::Event>, reply: Reply<Result<(), events::Failure>> },
    Operate { command: String, arguments: Vec<String>, reply: Reply<Result<String, String>> },
    Schedule { occurrence: handlers::schedule_handler::Occurrence, reply: Reply<Result<(), String>> },
    Check { reply: Reply<Result<(), String>> },
    Socket { state: Vec<u8>, happening: websocket::Happening, reply: Reply<websocket::Reaction> },
    SocketTask { state: Vec<u8>, work: Vec<u8>, reply: Reply<Result<websocket::Performed, ()>> },
    SocketItem { state: Vec<u8>, work: Vec<u8>, item: Item, reply: Reply<Result<Vec<websocket::Message>, ()>> },
}

impl Work {
    /// For as many calls it may use CPU time: a batch saves most of what its events would cost one by one.
    pub fn calls(&self) -> u32 {
        match self {
            Self::Batch { events, .. } => {
                u32::try_from(events.len()).map_or(BATCH_CALLS_MAX, |count| count.clamp(1, BATCH_CALLS_MAX))
            }
            _ => 1,
        }
    }
}

/// A call with the place that it takes in its instance until it is done.
pub(super) struct Job {
    pub work: Work,
    pub correlation_id: Option<Arc<str>>,
    /// Where its client is; `None` for the platform's own work.
    pub origin: Option<Origin>,
    /// When its time is over.
    pub ends: Instant,
    pub lease: Lease,
}

/// An instance as its provider sees it.
pub(super) struct Worker {
    pub jobs: mpsc::UnboundedSender<Job>,
    /// Calls that have a place in it now.
    pub load: AtomicU32,
    /// Calls that were given a place in it so far.
    pub uses: AtomicU32,
    /// It takes no further call.
    pub is_ending: AtomicBool,
    pub ending: Arc<Ending>,
    pub occupied: Arc<Occupied>,
    pub footprint: Arc<Footprint>,
    /// Whose calls have a place in it. Of an instance that ended: whose were in it at the end.
    places: Mutex<Vec<Occupant>>,
    numbers: AtomicU64,
    pub abort: OnceLock<AbortHandle>,
}

struct Occupant {
    number: u64,
    caller: Option<Caller>,
}

/// A call's place in an instance, and among the component's places unless the host makes the call itself.
pub(super) struct Lease {
    pub worker: Arc<Worker>,
    number: u64,
    /// Set once the guest has answered: a call that ends otherwise takes its instance along.
    answered: bool,
    place: Option<places::Place>,
}

impl Worker {
    /// One that has its first call.
    pub fn new(jobs: mpsc::UnboundedSender<Job>, ending: Arc<Ending>, occupied: Arc<Occupied>) -> Self {
        Self {
            jobs,
            load: AtomicU32::new(0),
            uses: AtomicU32::new(1),
            is_ending: AtomicBool::new(false),
            ending,
            occupied,
            footprint: Arc::default(),
            places: Mutex::default(),
            numbers: AtomicU64::new(0),
            abort: OnceLock::new(),
        }
    }

    /// Whose calls are in it, or were when it ended. `None` for a call of no client.
    pub fn callers(&self) -> Vec<Option<Caller>> {
        self.lock().iter().map(|place| place.caller.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Occupant>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    pub fn of(worker: Arc<Worker>, place: Option<places::Place>, caller: Option<Caller>) -> Self {
        worker.load.fetch_add(1, Ordering::AcqRel);
        let number = worker.numbers.fetch_add(1, Ordering::AcqRel);
        worker.lock().push(Occupant { number, caller });
        Self { worker, number, answered: false, place }
    }

    /// The call is over; what it streams from now on takes a place in the instance alone.
    pub(super) fn answered(&mut self) {
        self.answered = true;
        self.place = None;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.answered {
            let mut places = self.worker.lock();
            if let Some(place) = places.iter().position(|place| place.number == self.number) {
                places.swap_remove(place);
            }
        } else {
            // Before its place looks free: an instance that is about to end takes no further call.
            self.worker.is_ending.store(true, Ordering::Release);
        }
        self.worker.load.fetch_sub(1, Ordering::AcqRel);
    }
}
