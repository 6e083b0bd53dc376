//! A generation of a component: one version of its code, and the instances that run it now.

use super::{
    budget::Occupied,
    caller::Caller,
    ending::Ending,
    instance::{self, Exports},
    job::{Lease, Worker},
    limits::{Instances, InstancesMode},
};
use crate::capability::InstanceContext;
use metrics::{Gauge, gauge};
use mindflow_backends::{clock, places::Place};
use std::{
    sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError, atomic::Ordering},
    thread,
};
use tokio::{sync::mpsc, time::Instant};

/// Of the calls that may share an instance, one part of so many do before there is a further instance than one a core. An instance keeps
/// one core busy at most; each further one has a heap of its own, which takes memory, and pushes the others out of the core's caches.
/// With twice as many in each, calls that need much of their instance's memory wait for each other, and come a tenth slower.
const SHARING_PART: u32 = 8;

static CORES: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, usize::from));

/// One version of a component's code with the instances that run it.
pub(super) struct Generation {
    pub number: u64,
    /// SHA-256 of the component file.
    pub digest: String,
    pub since: Instant,
    pub exports: Arc<Exports>,
    workers: Mutex<Vec<Arc<Worker>>>,
    /// The metric of how many instances there are.
    size: OnceLock<Gauge>,
}

impl Generation {
    pub fn new(number: u64, digest: String, exports: Exports) -> Self {
        let (since, exports) = (clock::instant(), Arc::new(exports));
        Self { number, digest, since, exports, workers: Mutex::default(), size: OnceLock::new() }
    }

    /// Instances that take calls.
    pub fn instances(&self) -> usize {
        self.lock().len()
    }

    /// The linear memory of these, in bytes.
    pub fn memory_bytes(&self) -> u64 {
        self.lock().iter().map(|worker| worker.footprint.bytes()).sum()
    }

    /// No new calls: without a sender in the list, each instance ends when its calls are done.
    pub fn retire_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Worker>>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place in an instance, or in a new one while there may be more.
    pub fn lease(self: &Arc<Self>, context: &InstanceContext, place: Option<Place>, caller: Option<Caller>) -> Lease {
        let limits = &context.limits;
        let uses_max = if limits.mode == InstancesMode::PerCall { 1 } else { limits.uses_max };
        let mut workers = self.lock();
        workers.retain(|worker| !worker.jobs.is_closed() && !worker.is_ending.load(Ordering::Acquire));
        let chosen = choose(&workers, limits, *CORES);
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
        let (ending, occupied) = (Arc::<Ending>::default(), Arc::<Occupied>::default());
        let worker = Arc::new(Worker::new(jobs, Arc::clone(&ending), Arc::clone(&occupied)));
        let limits = instance::Bounds { ending, occupied, footprint: Arc::clone(&worker.footprint) };
        let task = tokio::spawn(instance::run(Arc::clone(&self.exports), context.clone(), queue, limits));
        let _ = worker.abort.set(task.abort_handle());
        worker
    }

    /// The instance takes no further call.
    pub fn retire(&self, retired: &Arc<Worker>) {
        self.lock().retain(|worker| !Arc::ptr_eq(worker, retired));
    }
}

/// Where a call goes; `None`: into a new instance. The first ones are used the most, so they are the warmest.
fn choose(workers: &[Arc<Worker>], limits: &Instances, cores: usize) -> Option<(usize, Arc<Worker>)> {
    let load = |worker: &Worker| worker.load.load(Ordering::Acquire);
    let shared_max = (limits.concurrency / SHARING_PART).max(1);
    // What is busy with one call for long keeps the others waiting.
    let has_room = |worker: &Worker| load(worker) < shared_max && !worker.occupied.is_occupied();
    let instances_max = limits.max as usize;
    let unshared_max = cores.min(instances_max);
    let mut first = workers.iter().enumerate().take(unshared_max);
    let roomy = if workers.len() < unshared_max {
        first.find(|(_, worker)| load(worker) == 0)
    } else {
        let idlest = first.filter(|(_, worker)| has_room(worker)).min_by_key(|(_, worker)| load(worker));
        idlest.or_else(|| workers.iter().enumerate().skip(unshared_max).find(|(_, worker)| has_room(worker)))
    };
    let chosen = roomy.or_else(|| {
        let is_full = workers.len() >= instances_max;
        is_full.then(|| workers.iter().enumerate().min_by_key(|(_, worker)| load(worker))).flatten()
    });
    chosen.map(|(index, worker)| (index, Arc::clone(worker)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workers(loads: &[u32]) -> Vec<Arc<Worker>> {
        let worker = |load: &u32| {
            let worker = Worker::new(mpsc::unbounded_channel().0, Arc::default(), Arc::default());
            worker.load.store(*load, Ordering::Release);
            Arc::new(worker)
        };
        loads.iter().map(worker).collect()
    }

    fn chosen(loads: &[u32], max: u32, concurrency: u32) -> Option<usize> {
        let limits = Instances { max, concurrency, ..Instances::default() };
        choose(&workers(loads), &limits, 2).map(|(index, _)| index)
    }

    #[test]
    fn there_are_as_many_instances_as_cores_before_calls_share_one_that_has_room() {
        for (loads, expected) in [
            (&[][..], None),
            (&[0], Some(0)),
            (&[1], None),
            (&[1, 0], Some(1)),
            (&[2, 3], Some(0)),
            (&[3, 1, 0], Some(1)),
            // An eighth of 32 is in each of the first.
            (&[4, 4], None),
            (&[4, 4, 3, 0], Some(2)),
            (&[4, 4, 4, 4], None),
            // There may be no more, so the rest of their places is taken.
            (&[7, 6, 5, 8, 9], Some(2)),
        ] {
            assert_eq!(chosen(loads, 5, 32), expected, "{loads:?}");
        }
    }

    #[test]
    fn one_call_at_a_time_has_an_instance_alone_and_that_is_the_first_that_is_free() {
        for (loads, expected) in
            [(&[][..], None), (&[1, 1], None), (&[1, 0, 0], Some(1)), (&[1, 1, 1, 0], Some(3)), (&[1, 1, 1, 1], None)]
        {
            assert_eq!(chosen(loads, 8, 1), expected, "{loads:?}");
        }
    }

    #[test]
    fn an_instance_that_one_call_keeps_busy_gets_no_other_while_there_may_be_further_ones() {
        let limits = |max| Instances { max, concurrency: 32, ..Instances::default() };
        let workers = workers(&[1, 2]);
        workers[0].occupied.set(true);
        let index = |max| choose(&workers, &limits(max), 2).map(|(index, _)| index);
        assert_eq!(index(3), Some(1));
        workers[1].occupied.set(true);
        assert_eq!((index(3), index(2)), (None, Some(0)));
    }
}
