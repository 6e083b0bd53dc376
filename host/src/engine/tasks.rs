//! Whose call a guest's task works for. Calls of several clients may be in one instance at the same time, and what its component
//! asks of the host carries nothing of them; but the store knows which task asks.

use mindflow_backends::places::Origin;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use wasmtime::component::GuestTaskId;

/// The tasks of one instance in which its calls began; a clone has the same.
#[derive(Debug, Clone, Default)]
pub struct Tasks(Arc<Mutex<HashMap<GuestTaskId, Arc<Call>>>>);

/// For whom a call is made; `None` for the platform itself.
#[derive(Debug)]
struct Call(Option<Origin>);

/// A call in progress.
#[derive(Debug)]
pub struct KnownTask {
    tasks: Tasks,
    task: GuestTaskId,
    call: Arc<Call>,
}

// === impl Tasks ===

impl Tasks {
    /// Remembers for whom the task works while the value lives.
    pub fn enter(&self, task: GuestTaskId, origin: Option<Origin>) -> KnownTask {
        let call = Arc::new(Call(origin));
        self.lock().insert(task, Arc::clone(&call));
        KnownTask { tasks: self.clone(), task, call }
    }

    /// For whom one works whose tasks are these, the youngest first.
    pub fn origin(&self, mut tasks: impl Iterator<Item = GuestTaskId>) -> Option<Origin> {
        let known = self.lock();
        tasks.find_map(|task| known.get(&task)).and_then(|call| call.0.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<GuestTaskId, Arc<Call>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for KnownTask {
    fn drop(&mut self) {
        let mut known = self.tasks.lock();
        // A later task may have the number of one that has ended.
        if known.get(&self.task).is_some_and(|call| Arc::ptr_eq(call, &self.call)) {
            known.remove(&self.task);
        }
    }
}
