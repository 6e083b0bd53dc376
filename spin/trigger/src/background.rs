//! Work whose caller does not wait for its end. Every write rings every subscriber, and a drain costs a connection and a dozen
//! statements however little there is to deliver. So a ring that reaches an instance with a drain at work joins it: when the drain
//! has ended, another follows.

use std::time::Duration;

use mindflow_spin_guest::time;
use mindflow_spin_guest::turns::{Asked, Turns};

use crate::request::What;
use crate::work;

/// How long a ring waits for the drain that it joined. One with a slow handler, or that waits for a retry, takes longer; a second one
/// then delivers what it can at the same time.
const JOIN_MAX: Duration = Duration::from_millis(300);

static DRAINING: Turns<()> = Turns::new();

pub fn begin(what: What) {
    match what {
        What::Schedules => wit_bindgen::spawn_local(run(what)),
        What::Drain => match DRAINING.ask(()) {
            Asked::Joined => {}
            Asked::Run(turn) => wit_bindgen::spawn_local(async move {
                loop {
                    run(what).await;
                    if !turn.again() {
                        break;
                    }
                }
            }),
            Asked::Marked => wit_bindgen::spawn_local(async move {
                time::sleep(JOIN_MAX).await;
                if DRAINING.take_mark(&()) {
                    run(what).await;
                }
            }),
        },
    }
}

async fn run(what: What) {
    if let Err(error) = work::of(what).await {
        error.print();
    }
}
