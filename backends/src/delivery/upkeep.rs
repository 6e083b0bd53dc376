//! What a back end does about every second, apart from the relay: an event that has just been published does not wait for it.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::backend::Backend;
use super::health::Part;

/// How old what upkeep writes down may get: so much may be delivered a second time when a store without a disk of its own is
/// lost.
const EVERY: Duration = Duration::from_secs(1);

/// Calls [`Backend::upkeep`] until `stop`; a call that has begun ends first.
pub(super) async fn run(backend: Arc<dyn Backend>, mut health: Part, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        match backend.upkeep().await {
            Ok(()) => health.succeeded(),
            Err(error) => {
                health.failed(&error);
            }
        }
    }
}
