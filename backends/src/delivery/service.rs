//! Starts delivery on a database and stops it again. Any number of replicas may run on one database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::alarm::Alarm;
use super::backend::Backend;
use super::dispatcher::{Dispatcher, Setting};
use super::doorbell::{Bells, Doorbell};
use super::gauges::Gauges;
use super::health::{Board, Health};
use super::queue::QueueError;
use super::relay::Relay;
use super::subscription::{Handler, Subscription, SubscriptionError, validate};
use super::upkeep;
use crate::clock::Clock;
use crate::database::postgres::Database;
use crate::ids;

/// What may be tuned; the defaults are for production.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long an event stays with a replica that no longer answers. Renewed while the handler runs.
    pub lease_for: Duration,
    /// The safety net under the doorbell.
    pub poll: Duration,
    /// How long running handlers may go on when delivery stops.
    pub drain: Duration,
    /// Whether to listen for Postgres' notifications; without, polling alone delivers.
    pub listen: bool,
    /// How often it is counted what waits in the queues.
    pub gauges_every: Duration,
    /// Called with dead letters, besides the log and the metrics.
    pub alarm: Option<Arc<dyn Alarm>>,
}

/// Why delivery could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Subscription(#[from] SubscriptionError),
    #[error("the subscriptions cannot be registered")]
    Register(#[source] QueueError),
}

/// Running delivery. Dropped without [`Delivery::shutdown`], it ends as in a crash: leases run out by themselves.
pub struct Delivery {
    backend: Arc<dyn Backend>,
    relay: Arc<Notify>,
    board: Board,
    stop: CancellationToken,
    tasks: Mutex<JoinSet<()>>,
}

// === impl Options ===

impl Default for Options {
    fn default() -> Self {
        Self {
            // Two renewals may be missed; after a kill, what was in flight waits this long.
            lease_for: Duration::from_secs(10),
            poll: Duration::from_secs(1),
            drain: Duration::from_secs(10),
            listen: true,
            // Often enough for an alert, seldom enough that a long queue may be walked.
            gauges_every: Duration::from_secs(10),
            alarm: None,
        }
    }
}

// === impl Delivery ===

impl Delivery {
    /// Registers the subscriptions with the queues of `backend`, which are fed by what commits in `database`, and
    /// starts the relay, the doorbell and a dispatcher for each.
    pub async fn start(
        database: Database,
        backend: Arc<dyn Backend>,
        subscriptions: Vec<Subscription>,
        handler: Arc<dyn Handler>,
        clock: Clock,
        options: Options,
    ) -> Result<Self, StartError> {
        validate(&subscriptions)?;
        backend.register(&subscriptions).await.map_err(StartError::Register)?;
        let replica = ids::random();
        let (board, stop, relay_bell) = (Board::default(), CancellationToken::new(), Arc::new(Notify::new()));
        let bells: Bells =
            subscriptions.iter().map(|s| (s.name.clone(), Arc::new(Notify::new()))).collect::<HashMap<_, _>>();
        database.ring_after_publishing(relay_bell.clone());
        let mut tasks = JoinSet::new();
        let relay = Relay {
            backend: backend.clone(),
            replica,
            poll: options.poll,
            wake: relay_bell.clone(),
            dispatchers: bells.clone(),
            stop: stop.clone(),
            health: board.part("relay"),
        };
        tasks.spawn(relay.run());
        tasks.spawn(upkeep::run(backend.clone(), board.part("upkeep"), stop.clone()));
        let gauges = Gauges {
            database: database.clone(),
            queue: backend.clone(),
            every: options.gauges_every,
            stop: stop.clone(),
        };
        tasks.spawn(gauges.run());
        if options.listen {
            let doorbell = Doorbell {
                database,
                replica,
                relay: relay_bell.clone(),
                dispatchers: bells.clone(),
                stop: stop.clone(),
                health: board.part("doorbell"),
            };
            tasks.spawn(doorbell.run());
        }
        let suspects = Arc::new(Semaphore::new(1));
        for subscription in subscriptions {
            let health = board.part(format!("dispatch:{}", subscription.name));
            let wake = bells.get(&subscription.name).cloned().unwrap_or_default();
            let setting = Setting {
                queue: backend.clone(),
                subscription,
                handler: handler.clone(),
                clock: clock.clone(),
                alarm: options.alarm.clone(),
                replica,
                lease_for: options.lease_for,
                poll: options.poll,
                drain: options.drain,
                suspects: suspects.clone(),
                wake,
                stop: stop.clone(),
            };
            tasks.spawn(Dispatcher::new(setting, health).run());
        }
        Ok(Self { backend, relay: relay_bell, board, stop, tasks: Mutex::new(tasks) })
    }

    /// How the parts are doing.
    #[must_use]
    pub fn health(&self) -> Health {
        self.board.read()
    }

    /// Looks for committed events now: to be called after a commit that published, when the host knows of it.
    pub fn kick(&self) {
        self.relay.notify_one();
    }

    /// The queues, for their depth and their dead letters.
    #[must_use]
    pub fn queue(&self) -> &Arc<dyn Backend> {
        &self.backend
    }

    /// Stops leasing, lets handlers end within [`Options::drain`], and hands the rest back immediately.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let was_running = !tasks.is_empty();
        while tasks.join_next().await.is_some() {}
        // Now that all is settled; without it, the last second's deliveries might come again after a loss.
        if was_running {
            for last in [self.backend.upkeep().await, self.backend.close().await] {
                if let Err(error) = last {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the queues' progress could not be written down"
                    );
                }
            }
        }
    }
}
