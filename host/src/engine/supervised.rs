//! Work that goes on in a task of its own when nothing waits for it any more. A task from the beginning would cost each
//! call between components two more turns of the scheduler.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// Runs within the task that awaits it, for as long as that does.
pub(super) struct Supervised<T: Send + 'static>(Option<Pin<Box<dyn Future<Output = T> + Send>>>);

impl<T: Send + 'static> Supervised<T> {
    pub fn new(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Some(Box::pin(work)))
    }
}

impl<T: Send + 'static> Future for Supervised<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Some(work) = &mut self.0 else { return Poll::Pending };
        let answer = work.as_mut().poll(cx);
        if answer.is_ready() {
            self.0 = None;
        }
        answer
    }
}

impl<T: Send + 'static> Drop for Supervised<T> {
    fn drop(&mut self) {
        if let (Some(work), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn work_that_is_awaited_answers() {
        assert_eq!(Supervised::new(async { 7 }).await, 7);
    }

    #[tokio::test]
    async fn work_that_is_no_longer_awaited_goes_on_to_its_end() {
        let (go, gone) = oneshot::channel::<()>();
        let (done, finished) = oneshot::channel();
        let work = Supervised::new(async move {
            let _ = gone.await;
            let _ = done.send(());
        });
        let waiting = tokio::spawn(work);
        tokio::task::yield_now().await;
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        go.send(()).unwrap();
        finished.await.unwrap();
    }

    #[tokio::test]
    async fn work_that_never_began_begins_when_its_caller_leaves() {
        let (done, finished) = oneshot::channel();
        drop(Supervised::new(async move { done.send(()) }));
        finished.await.unwrap();
    }
}
