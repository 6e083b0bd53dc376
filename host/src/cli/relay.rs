//! `mindflow relay`: the clock of an application on Spin. It rings the components that deliver events and run schedules, so that
//! what a broken doorbell left, and what is due by the clock, does not wait for the next write.

use super::{CliError, output, signals::StopSignals};
use crate::capability::outbound::{HttpsConnector, connector};
use bytes::Bytes;
use clap::{Args, value_parser};
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use mindflow_backends::error::chain;
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};
use tokio::{task::JoinSet, time::MissedTickBehavior};

/// The variable with the token.
pub const TOKEN: &str = "MINDFLOW_RELAY_TOKEN";
/// Where the component `relay` of `spin.toml` answers.
const PATH: &str = "/.mindflow/relay";
/// A component takes up deliveries for 25 s, and answers for its schedules before.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

#[derive(Debug, Args)]
pub struct RelayArguments {
    /// Where the application answers, such as http://127.0.0.1:3000; several times for several regions.
    #[arg(long = "to", value_name = "URL", required = true)]
    to: Vec<Uri>,
    /// The application's variable relay_token.
    #[arg(long, value_name = "TOKEN", env = TOKEN, hide_env_values = true)]
    token: String,
    /// The pause between two rings, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = value_parser!(u64).range(1..=3600))]
    every: u64,
    /// Ring once and end, with code 1 if a component could not do all.
    #[arg(long)]
    once: bool,
}

/// Why a ring did not do all.
#[derive(Debug, thiserror::Error)]
enum RingError {
    #[error("no answer")]
    Unreachable(#[source] hyper_util::client::legacy::Error),
    #[error("no answer within {ANSWER_WITHIN:?}")]
    Slow,
    #[error("the answer cannot be read")]
    Answer(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("{0}: {1}")]
    Refused(StatusCode, String),
    #[error("{0}")]
    Components(String),
    #[error(transparent)]
    Request(#[from] http::Error),
}

/// Of one component, or of the door itself.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    error: Option<String>,
    schedules: Schedules,
    drain: Drained,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Schedules {
    ran: Vec<Ran>,
}

#[derive(Deserialize)]
struct Ran {
    schedule: String,
    error: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Drained {
    delivered: u64,
    failed: u64,
    dead: u64,
    lost: u64,
}

struct Application {
    url: String,
    token: String,
    client: Client<HttpsConnector, Empty<Bytes>>,
}

/// Rings until a signal ends it, each application on its own.
pub async fn relay(arguments: RelayArguments) -> Result<(), CliError> {
    let applications = applications(&arguments)?;
    let mut stop = StopSignals::new()?;
    let every = Duration::from_secs(arguments.every);
    let mut tasks = JoinSet::new();
    for application in applications {
        tasks.spawn(async move {
            if arguments.once {
                return application.ring_and_print("").await.is_none();
            }
            let mut ticks = tokio::time::interval(every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut failure = String::new();
            loop {
                ticks.tick().await;
                failure = application.ring_and_print(&failure).await.unwrap_or_default();
            }
        });
    }
    let all = async {
        let mut all_well = true;
        while let Some(rung) = tasks.join_next().await {
            all_well &= rung?;
        }
        Ok::<_, CliError>(all_well)
    };
    tokio::select! {
        all_well = all => match all_well? {
            true => Ok(()),
            false => Err(CliError::Result("not every component did all".to_owned())),
        },
        () = stop.received() => Ok(()),
    }
}

fn applications(arguments: &RelayArguments) -> Result<Vec<Application>, CliError> {
    let client = Client::builder(TokioExecutor::new()).build(connector());
    let application = |to: &Uri| {
        if !matches!(to.scheme_str(), Some("http" | "https")) || to.authority().is_none() {
            return Err(CliError::Argument(format!("--to {to}: must be a URL such as http://127.0.0.1:3000")));
        }
        let url = to.to_string().trim_end_matches('/').to_owned();
        Ok(Application { url, token: arguments.token.clone(), client: client.clone() })
    };
    arguments.to.iter().map(application).collect()
}

// === impl Application ===

impl Application {
    /// Answers why it did not do all, if so. A reason that is that of the ring `before` is not printed again.
    async fn ring_and_print(&self, before: &str) -> Option<String> {
        match self.ring().await {
            Ok(done) => {
                if !done.is_empty() || !before.is_empty() {
                    let done = if done.is_empty() { "all is well again" } else { &done };
                    // It rings all the same when nothing reads what it prints.
                    let _ = output::line(format_args!("{}: {done}", self.url));
                }
                None
            }
            Err(error) => {
                let reason = chain(&error);
                if reason != before {
                    output::note(format_args!("{}: {reason}", self.url));
                }
                Some(reason)
            }
        }
    }

    async fn ring(&self) -> Result<String, RingError> {
        let request = Request::post(format!("{}{PATH}", self.url))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Empty::new())?;
        let exchange = async {
            let (head, body) = self.client.request(request).await.map_err(RingError::Unreachable)?.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(RingError::Answer)?.to_bytes();
            Ok::<_, RingError>((head.status, body))
        };
        let (status, body) = tokio::time::timeout(ANSWER_WITHIN, exchange).await.map_err(|_| RingError::Slow)??;
        match status {
            StatusCode::OK => Ok(done(&answers(&body)?)),
            StatusCode::BAD_GATEWAY => Err(RingError::Components(failed(&answers(&body)?))),
            refused => {
                let reason = serde_json::from_slice::<Answer>(&body).unwrap_or_default().error;
                Err(RingError::Refused(refused, reason.unwrap_or_else(|| "it is no MindFlow on Spin".to_owned())))
            }
        }
    }
}

fn answers(body: &[u8]) -> Result<BTreeMap<String, Answer>, RingError> {
    serde_json::from_slice(body).map_err(|error| RingError::Answer(error.into()))
}

/// What components did, such as `ai delivered 1, failed 1; query delivered 3`; nothing of those that had nothing to do.
fn done(answers: &BTreeMap<String, Answer>) -> String {
    let components = answers.iter().filter_map(|(name, Answer { schedules, drain, .. })| {
        let counts =
            [("delivered", drain.delivered), ("failed", drain.failed), ("dead", drain.dead), ("lost", drain.lost)];
        let drained = counts.into_iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{what} {count}"));
        let ran = schedules.ran.iter().map(|Ran { schedule, error }| match error {
            None => format!("ran {schedule}"),
            Some(error) => format!("failed to run {schedule} ({error})"),
        });
        let did = drained.chain(ran).collect::<Vec<_>>().join(", ");
        (!did.is_empty()).then(|| format!("{name} {did}"))
    });
    components.collect::<Vec<_>>().join("; ")
}

fn failed(answers: &BTreeMap<String, Answer>) -> String {
    let failed = answers.iter().filter_map(|(name, did)| Some(format!("{name}: {}", did.error.as_ref()?.trim_end())));
    failed.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_ring_says_what_was_done_and_nothing_of_components_without_work() {
        let answer = json!({
            "query": { "schedules": { "ran": [{ "schedule": "reconcile" }] }, "drain": { "delivered": 3, "failed": 0 } },
            "search": { "schedules": { "ran": [] }, "drain": { "delivered": 0 } },
            "ai": { "schedules": { "ran": [] }, "drain": { "delivered": 1, "failed": 1 } },
        });
        let answers = serde_json::from_value(answer).unwrap();
        assert_eq!(done(&answers), "ai delivered 1, failed 1; query delivered 3, ran reconcile");
    }

    #[test]
    fn a_component_that_failed_is_named_with_its_reason() {
        let answer = json!({ "query": { "error": "/drain: 503 no database" }, "ai": { "drain": {} } });
        let answers = serde_json::from_value(answer).unwrap();
        assert_eq!(failed(&answers), "query: /drain: 503 no database");
    }
}
