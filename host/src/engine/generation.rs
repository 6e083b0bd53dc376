//! A generation of a component: one version of its code, and the instances that run it now.

use super::{
    instance::{self, EndReason, Exports, Job},
    limits::InstancesMode,
};
use crate::capability::InstanceContext;
use metrics::gauge;
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicBool, AtomicU32, Ordering},
};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    task::AbortHandle,
};

/// One version of a component's code with the instances that run it.
pub(super) struct Generation {
    pub number: u64,
    /// SHA-256 of the component file.
    pub digest: String,
    pub exports: Arc<Exports>,
    workers: Mutex<Vec<Arc<Worker>>>,
}

/// An instance as its provider sees it.
pub(super) struct Worker {
    pub jobs: mpsc::UnboundedSender<Job>,
    load: AtomicU32,
    uses: AtomicU32,
    ending: AtomicBool,
    pub end_reason: EndReason,
    pub abort: OnceLock<AbortHandle>,
}

/// A call's place in an instance, and in the bulkhead unless the host makes the call itself.
pub(super) struct Lease {
    pub worker: Arc<Worker>,
    /// Set once the guest has answered: a call that ends otherwise takes its instance along.
    answered: bool,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Lease {
    pub(super) fn answered(&mut self) {
        self.answered = true;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Before its place looks free: an instance that is about to end takes no further call.
        if !self.answered {
            self.worker.ending.store(true, Ordering::Release);
        }
        self.worker.load.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Generation {
    pub fn new(number: u64, digest: String, exports: Exports) -> Self {
        Self { number, digest, exports: Arc::new(exports), workers: Mutex::default() }
    }

    /// Instances that take calls.
    pub fn instances(&self) -> usize {
        self.lock().len()
    }

    /// No new calls: without a sender in the list, each instance ends when its calls are done.
    pub fn retire_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Worker>>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place in the least busy instance, or in a new one while there may be more.
    pub fn lease(self: &Arc<Self>, context: &InstanceContext, permit: Option<OwnedSemaphorePermit>) -> Lease {
        let limits = &context.limits;
        let uses_max = if limits.mode == InstancesMode::PerCall { 1 } else { limits.uses_max };
        let mut workers = self.lock();
        workers.retain(|worker| !worker.jobs.is_closed() && !worker.ending.load(Ordering::Acquire));
        // The most recently used idle one is the warmest.
        let idlest = workers
            .iter()
            .enumerate()
            .rev()
            .min_by_key(|(_, worker)| worker.load.load(Ordering::Acquire))
            .map(|(index, worker)| (index, Arc::clone(worker)));
        let chosen = match idlest {
            Some((index, worker))
                if worker.load.load(Ordering::Acquire) == 0 || workers.len() >= limits.max as usize =>
            {
                Some((index, worker))
            }
            _ => None,
        };
        let worker = match chosen {
            Some((index, worker)) => {
                if worker.uses.fetch_add(1, Ordering::AcqRel) + 1 >= uses_max {
                    workers.remove(index);
                }
                worker
            }
            None => {
                let worker = self.start(context);
                if uses_max > 1 {
                    workers.push(Arc::clone(&worker));
                }
                worker
            }
        };
        worker.load.fetch_add(1, Ordering::AcqRel);
        gauge!("mindflow_component_instances", "component" => context.component.to_string()).set(workers.len() as f64);
        Lease { worker, answered: false, _permit: permit }
    }

    fn start(self: &Arc<Self>, context: &InstanceContext) -> Arc<Worker> {
        let (jobs, queue) = mpsc::unbounded_channel();
        let end_reason = EndReason::default();
        let worker = Arc::new(Worker {
            jobs,
            load: AtomicU32::new(0),
            uses: AtomicU32::new(1),
            ending: AtomicBool::new(false),
            end_reason: Arc::clone(&end_reason),
            abort: OnceLock::new(),
        });
        let task = tokio::spawn(instance::run(Arc::clone(&self.exports), context.clone(), queue, end_reason));
        let _ = worker.abort.set(task.abort_handle());
        worker
    }

    /// The instance takes no further call.
    pub fn retire(&self, retired: &Arc<Worker>) {
        self.lock().retain(|worker| !Arc::ptr_eq(worker, retired));
    }
}
