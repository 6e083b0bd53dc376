//! A thread for the attackers alone: on those of the honest users, these would wait for thousands of the attackers' tasks inside this
//! program, and what is measured would be this program.

use crate::attacks::Running;
use anyhow::{Context, Result};
use tokio::runtime::{Builder, Runtime};

/// What runs there; it ends with the value.
pub struct Apart(Option<Runtime>);

impl Apart {
    /// One thread: the host is on this machine, too.
    pub fn begin(attack: Running) -> Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("attackers").enable_all().build();
        let runtime = runtime.context("start a thread for the attackers")?;
        runtime.spawn(attack);
        Ok(Self(Some(runtime)))
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        // To wait for its end is not for an asynchronous context.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
