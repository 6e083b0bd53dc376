//! A generation of a component: one version of its code, and the instances that run it now.

use super::{
    caller::Caller,
    ending::Ending,
    instance::{self, Exports},
    job::{Lease, Worker},
    limits::InstancesMode,
};
use crate::capability::InstanceContext;
use metrics::{Gauge, gauge};
use mindflow_backends::places::Place;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, atomic::Ordering};
use tokio::sync::mpsc;

/// One version of a component's code with the instances that run it.
pub(super) struct Generation {
    pub number: u64,
    /// SHA-256 of the component file.
    pub digest: String,
    pub exports: Arc<Exports>,
    workers: Mutex<Vec<Arc<Worker>>>,
    /// The metric of how many instances there are.
    size: OnceLock<Gauge>,
}

impl Generation {
    pub fn new(number: u64, digest: String, exports: Exports) -> Self {
        Self { number, digest, exports: Arc::new(exports), workers: Mutex::default(), size: OnceLock::new() }
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
    pub fn lease(self: &Arc<Self>, context: &InstanceContext, place: Option<Place>, caller: Option<Caller>) -> Lease {
        let limits = &context.limits;
        let uses_max = if limits.mode == InstancesMode::PerCall { 1 } else { limits.uses_max };
        let mut workers = self.lock();
        workers.retain(|worker| !worker.jobs.is_closed() && !worker.is_ending.load(Ordering::Acquire));
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
        let gauge = || gauge!("mindflow_component_instances", "component" => context.component.to_string());
        self.size.get_or_init(gauge).set(workers.len() as f64);
        Lease::of(worker, place, caller)
    }

    fn start(self: &Arc<Self>, context: &InstanceContext) -> Arc<Worker> {
        let (jobs, queue) = mpsc::unbounded_channel();
        let ending = Arc::<Ending>::default();
        let worker = Arc::new(Worker::new(jobs, Arc::clone(&ending)));
        let task = tokio::spawn(instance::run(Arc::clone(&self.exports), context.clone(), queue, ending));
        let _ = worker.abort.set(task.abort_handle());
        worker
    }

    /// The instance takes no further call.
    pub fn retire(&self, retired: &Arc<Worker>) {
        self.lock().retain(|worker| !Arc::ptr_eq(worker, retired));
    }
}
