//! One instance of a component: a store with its event loop in its own task, taking jobs from a
//! channel. A trap ends the instance; it takes no further call.

use super::{
    budget::{CpuBudget, Occupied},
    ending::Ending,
    handlers,
    job::{HttpReply, Job, Lease, Reply, Work},
    memory::{Footprint, MemoryLimit},
    runtime::one_line,
    tasks::KnownTask,
};
use crate::capability::{InstanceContext, State, events::bindings::mindflow::platform::events};
use futures::{StreamExt, stream::FuturesUnordered};
use http_body_util::BodyExt;
use mindflow_backends::places::Origin;
use std::{
    collections::HashMap,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::sync::mpsc;
use wasmtime::{
    Store,
    component::{
        Accessor, Component, ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Lower, Resource,
        TypedFunc, Val, types::ComponentItem,
    },
};
use wasmtime_wasi_http::{
    WasiBody,
    p3::{
        self,
        bindings::{exports::wasi::http::handler as http_handler, http::types::ErrorCode},
    },
};

const WEBSOCKET_HANDLER: &str = "mindflow:platform/websocket-handler";

type HttpHandler = TypedFunc<(Resource<p3::Request>,), (Result<Resource<p3::Response>, ErrorCode>,)>;
type Subscriber = TypedFunc<(events::Event, events::Delivery), (Result<(), events::Failure>,)>;

/// What a component exports, looked up once.
pub struct Exports {
    pre: InstancePre<State>,
    /// `interface#function` → where it is.
    functions: HashMap<String, ComponentExportIndex>,
    http: Option<ComponentExportIndex>,
    subscriber: Option<ComponentExportIndex>,
    batch_subscriber: Option<handlers::batch_subscriber::GuestIndices>,
    operator: Option<handlers::operator::GuestIndices>,
    schedule: Option<handlers::schedule_handler::GuestIndices>,
    health: Option<handlers::health::GuestIndices>,
    websocket: Option<handlers::websocket_handler::GuestIndices>,
}

impl Exports {
    pub fn new(pre: InstancePre<State>) -> Self {
        let functions = functions(pre.component());
        let handle = |interface: &str| {
            let is_it = |name: &str| name.starts_with(interface) && name.ends_with("#handle");
            functions.iter().find(|(name, _)| is_it(name)).map(|(_, index)| *index)
        };
        let http = http_handler::GuestIndices::new(&pre).ok().and_then(|_| handle("wasi:http/handler@"));
        let subscriber =
            handlers::subscriber::GuestIndices::new(&pre).ok().and_then(|_| handle("mindflow:platform/subscriber@"));
        Self {
            http,
            subscriber,
            batch_subscriber: handlers::batch_subscriber::GuestIndices::new(&pre).ok(),
            operator: handlers::operator::GuestIndices::new(&pre).ok(),
            schedule: handlers::schedule_handler::GuestIndices::new(&pre).ok(),
            health: handlers::health::GuestIndices::new(&pre).ok(),
            websocket: handlers::websocket_handler::GuestIndices::new(&pre).ok(),
            functions,
            pre,
        }
    }

    pub fn function(&self, name: &str) -> Option<ComponentExportIndex> {
        self.functions.get(name).copied()
    }

    pub fn serves_http(&self) -> bool {
        self.http.is_some()
    }

    pub fn subscribes(&self) -> bool {
        self.subscriber.is_some()
    }

    pub fn takes_batches(&self) -> bool {
        self.batch_subscriber.is_some()
    }

    pub fn operates(&self) -> bool {
        self.operator.is_some()
    }

    pub fn runs_schedules(&self) -> bool {
        self.schedule.is_some()
    }

    pub fn serves_websockets(&self) -> bool {
        self.websocket.is_some()
    }

    pub fn has_health_check(&self) -> bool {
        self.health.is_some()
    }
}

/// Every function of every exported interface.
fn functions(component: &Component) -> HashMap<String, ComponentExportIndex> {
    let engine = component.engine();
    let mut found = HashMap::new();
    for (interface, item) in component.component_type().exports(engine) {
        let ComponentItem::ComponentInstance(instance) = item.ty else { continue };
        let Some(outer) = component.get_export_index(None, interface) else { continue };
        for (function, item) in instance.exports(engine) {
            if matches!(item.ty, ComponentItem::ComponentFunc(_))
                && let Some(index) = component.get_export_index(Some(&outer), function)
            {
                found.insert(format!("{interface}#{function}"), index);
            }
        }
    }
    found
}

/// The exports of one instance.
struct Guest {
    instance: Instance,
    http: Option<HttpHandler>,
    subscriber: Option<Subscriber>,
    batch_subscriber: Option<handlers::batch_subscriber::Guest>,
    operator: Option<handlers::operator::Guest>,
    schedule: Option<handlers::schedule_handler::Guest>,
    health: Option<handlers::health::Guest>,
    websocket: Option<handlers::websocket_handler::Guest>,
}

/// How an instance ends, and what is seen of it meanwhile.
pub(super) struct Bounds {
    pub ending: Arc<Ending>,
    pub occupied: Arc<Occupied>,
    pub footprint: Arc<Footprint>,
}

/// Runs an instance until its channel is closed and its calls are done, or until it traps.
pub(super) async fn run(
    exports: Arc<Exports>,
    context: InstanceContext,
    mut jobs: mpsc::UnboundedReceiver<Job>,
    Bounds { ending, occupied, footprint }: Bounds,
) {
    let budget = Arc::new(CpuBudget::new(context.limits.cpu_ms_max, Arc::clone(&ending), occupied));
    let instance = async {
        let (mut store, guest) = instantiate(&exports, &context, (&ending, &budget, &footprint))
            .await
            .map_err(|error| error.context("the component could not be instantiated"))?;
        ending.begin_serving();
        let concurrency = context.limits.concurrency as usize;
        let drain = Duration::from_millis(u64::from(context.limits.deadline_ms));
        store
            .run_concurrent(async |accessor| serve(accessor, &guest, &mut jobs, concurrency, drain).await)
            .await
            .flatten()
    };
    let outcome = budget.count(instance).await;
    if let Err(error) = outcome {
        let reason = one_line(&error);
        tracing::warn!(component = %context.component, "instance ended: {reason}");
        ending.ended(reason);
    }
    // Jobs that are still queued are dropped here, after the reason is known.
    drop(jobs);
}

async fn instantiate(
    exports: &Exports,
    context: &InstanceContext,
    (ending, budget, footprint): (&Arc<Ending>, &Arc<CpuBudget>, &Arc<Footprint>),
) -> wasmtime::Result<(Store<State>, Guest)> {
    let memory =
        MemoryLimit::new(&context.component, context.limits.memory_mib_max, Arc::clone(ending), Arc::clone(footprint));
    let mut store = Store::new(exports.pre.engine(), State::new(context, memory, budget));
    store.limiter(|state| &mut state.limits);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| store.data_mut().budget.on_epoch());
    let instance = exports.pre.instantiate_async(&mut store).await?;
    macro_rules! load {
        ($indices:ident) => {
            exports.$indices.as_ref().map(|indices| indices.load(&mut store, &instance)).transpose()?
        };
    }
    let guest = Guest {
        http: exports.http.map(|index| instance.get_typed_func(&mut store, index)).transpose()?,
        subscriber: exports.subscriber.map(|index| instance.get_typed_func(&mut store, index)).transpose()?,
        batch_subscriber: load!(batch_subscriber),
        operator: load!(operator),
        schedule: load!(schedule),
        health: load!(health),
        websocket: load!(websocket),
        instance,
    };
    Ok((store, guest))
}

async fn serve(
    accessor: &Accessor<State>,
    guest: &Guest,
    jobs: &mut mpsc::UnboundedReceiver<Job>,
    concurrency: usize,
    drain: Duration,
) -> wasmtime::Result<()> {
    let mut running = FuturesUnordered::new();
    let mut open = true;
    while open || !running.is_empty() {
        tokio::select! {
            biased;
            Some(done) = running.next(), if !running.is_empty() => done?,
            job = jobs.recv(), if open && running.len() < concurrency => match job {
                Some(job) => {
                    accessor.with(|mut store| {
                        let state = store.data_mut();
                        state.budget.reset(job.work.calls());
                        // Where several calls share an instance, neither a line nor a call can be assigned to one of them.
                        if concurrency == 1 {
                            state.log.set(job.correlation_id.clone());
                            state.call_ends = Some(job.ends);
                        }
                    });
                    running.push(perform(accessor, guest, job));
                }
                None => open = false,
            },
        }
    }
    // Response bodies may still be on their way.
    let quiet = std::future::poll_fn(|cx| accessor.poll_no_interesting_tasks(cx));
    let _ = tokio::time::timeout(drain, quiet).await;
    Ok(())
}

async fn perform(accessor: &Accessor<State>, guest: &Guest, job: Job) -> wasmtime::Result<()> {
    let Job { work, mut lease, origin, .. } = job;
    match work {
        Work::Call { function, params, results, reply } => {
            let answer = call(accessor, guest, function, &params, results, origin).await;
            finish(reply, lease, answer)
        }
        Work::Http { request, reply } => match answer_http(accessor, guest, request, origin).await {
            Ok((Ok(response), task)) => {
                lease.answered();
                let held = Some((lease, task));
                let _ = reply.send(Ok(Ok(response.map(|body| HeldBody { body, held }.boxed_unsync()))));
                Ok(())
            }
            other => finish(reply, lease, other.map(|(answer, _)| answer)),
        },
        Work::Event { event, delivery, reply } => {
            let answer = match guest.subscriber {
                Some(subscriber) => {
                    perform_for(accessor, subscriber, (event, delivery), origin).await.map(|((handled,), _)| handled)
                }
                None => Err(missing("mindflow:platform/subscriber")),
            };
            finish(reply, lease, answer)
        }
        Work::Batch { subscription, events, reply } => {
            let answer = match &guest.batch_subscriber {
                Some(subscriber) => subscriber.call_handle_batch(accessor, subscription, events).await,
                None => Err(missing("mindflow:platform/batch-subscriber")),
            };
            finish(reply, lease, answer)
        }
        Work::Operate { command, arguments, reply } => {
            let answer = match &guest.operator {
                Some(operator) => operator.call_run(accessor, command, arguments).await,
                None => Err(missing("mindflow:platform/operator")),
            };
            finish(reply, lease, answer)
        }
        Work::Schedule { occurrence, reply } => {
            let answer = match &guest.schedule {
                Some(handler) => handler.call_run(accessor, occurrence).await,
                None => Err(missing("mindflow:platform/schedule-handler")),
            };
            finish(reply, lease, answer)
        }
        Work::Check { reply } => {
            let answer = match &guest.health {
                Some(health) => health.call_check(accessor).await,
                None => Ok(Ok(())),
            };
            finish(reply, lease, answer)
        }
        Work::Socket { state, happening, reply } => {
            let answer = match &guest.websocket {
                Some(handler) => handler.call_handle(accessor, state, happening).await,
                None => Err(missing(WEBSOCKET_HANDLER)),
            };
            finish(reply, lease, answer)
        }
        Work::SocketTask { state, work, reply } => {
            let answer = match &guest.websocket {
                Some(handler) => handler.call_perform(accessor, state, work).await,
                None => Err(missing(WEBSOCKET_HANDLER)),
            };
            finish(reply, lease, answer)
        }
        Work::SocketItem { state, work, item, reply } => {
            let answer = match &guest.websocket {
                Some(handler) => handler.call_present(accessor, state, work, item.data.into(), item.cursor).await,
                None => Err(missing(WEBSOCKET_HANDLER)),
            };
            finish(reply, lease, answer)
        }
    }
}

/// Sends the answer. A trap goes to the caller as well and ends the instance.
fn finish<T>(reply: Reply<T>, mut lease: Lease, answer: wasmtime::Result<T>) -> wasmtime::Result<()> {
    let ended = answer.as_ref().err().map(|error| wasmtime::format_err!("{}", one_line(error)));
    if ended.is_none() {
        lease.answered();
    }
    // The place is free before the caller knows, so that its next call finds it.
    drop(lease);
    let _ = reply.send(answer);
    ended.map_or(Ok(()), Err)
}

fn missing(interface: &str) -> wasmtime::Error {
    wasmtime::format_err!("the component does not export {interface}")
}

async fn call(
    accessor: &Accessor<State>,
    guest: &Guest,
    function: ComponentExportIndex,
    params: &[Val],
    results: usize,
    origin: Option<Origin>,
) -> wasmtime::Result<Vec<Val>> {
    let function = accessor
        .with(|mut store| guest.instance.get_func(&mut store, function))
        .ok_or_else(|| wasmtime::format_err!("the instance does not have the function"))?;
    let mut answers = vec![Val::Bool(false); results];
    let (call, _task) = accessor.with(|mut store| -> wasmtime::Result<_> {
        let call = function.start_call_concurrent(&mut store, params, &mut answers)?;
        let task = store.data_mut().tasks.enter(call.task(), origin);
        Ok((call, task))
    })?;
    function.finish_call_concurrent(accessor, call).await?;
    Ok(answers)
}

/// Calls a function, and has the store know for whom while the task is kept.
async fn perform_for<P, R>(
    accessor: &Accessor<State>,
    function: TypedFunc<P, R>,
    params: P,
    origin: Option<Origin>,
) -> wasmtime::Result<(R, KnownTask)>
where
    P: ComponentNamedList + Lower + Send + Sync + 'static,
    R: ComponentNamedList + Lift + Send + Sync + 'static,
{
    let (call, task) = accessor.with(|mut store| -> wasmtime::Result<_> {
        let call = function.start_call_concurrent(&mut store, params)?;
        let task = store.data_mut().tasks.enter(call.task(), origin);
        Ok((call, task))
    })?;
    Ok((function.finish_call_concurrent(accessor, call).await?, task))
}

async fn answer_http(
    accessor: &Accessor<State>,
    guest: &Guest,
    request: http::Request<WasiBody>,
    origin: Option<Origin>,
) -> wasmtime::Result<(HttpReply, KnownTask)> {
    let handler = guest.http.ok_or_else(|| missing("wasi:http/handler"))?;
    let (request, received) = accessor.with(|mut store| {
        let view = wasmtime_wasi_http::WasiHttpView::http(store.data_mut());
        let (request, received) = p3::Request::from_http(view.hooks, request);
        let received: Pin<Box<dyn Future<Output = Result<(), wasmtime_wasi_http::Error>> + Send>> = Box::pin(received);
        view.table.push(request).map(|request| (request, received))
    })?;
    let ((answer,), task) = perform_for(accessor, handler, (request,), origin).await?;
    let reply = match answer {
        Ok(response) => accessor.with(|mut store| {
            let response = store.data_mut().table.delete(response)?;
            response.into_http(&mut store, received).map(Ok)
        })?,
        Err(code) => Err(format!("{code:?}")),
    };
    Ok((reply, task))
}

/// A response body that holds its call's place in the instance until it has been sent.
struct HeldBody {
    body: WasiBody,
    held: Option<(Lease, KnownTask)>,
}

impl http_body::Body for HeldBody {
    type Data = bytes::Bytes;
    type Error = wasmtime_wasi_http::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            self.held = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
