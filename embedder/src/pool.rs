//! One thread that computes, and a short queue before it: two texts at the same time would take twice as long each.

use crate::model::Model;
use std::thread;
use tokio::sync::{mpsc, oneshot};

/// Requests that wait. At some 100 ms each, the last one waits for three seconds.
const WAITING_MAX: usize = 32;

type Answer = Result<Vec<Vec<f32>>, String>;

struct Job {
    texts: Vec<String>,
    answer: oneshot::Sender<Answer>,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Worker(mpsc::Sender<Job>);

/// Why there is no answer.
#[derive(Debug)]
pub enum Refusal {
    Busy,
    Failed(String),
}

impl Worker {
    pub fn start(model: Model) -> Self {
        let (sender, mut jobs) = mpsc::channel::<Job>(WAITING_MAX);
        thread::spawn(move || {
            while let Some(job) = jobs.blocking_recv() {
                // The caller may have gone while this waited.
                if job.answer.is_closed() {
                    continue;
                }
                let vectors = job.texts.iter().map(|text| model.embed(text)).collect::<anyhow::Result<_>>();
                let _ = job.answer.send(vectors.map_err(|error| format!("{error:#}")));
            }
        });
        Self(sender)
    }

    pub async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, Refusal> {
        let (answer, answered) = oneshot::channel();
        self.0.try_send(Job { texts, answer }).map_err(|_| Refusal::Busy)?;
        match answered.await {
            Ok(answer) => answer.map_err(Refusal::Failed),
            Err(_) => Err(Refusal::Failed("the worker ended".into())),
        }
    }
}
