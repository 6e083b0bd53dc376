//! The attacks that once stopped the platform, each as a task that goes on until it is dropped. What is refused is tried again after a second:
//! an attacker that does not wait harms this machine, which has the client as well, and not the host.

mod accounts;
mod door;
mod work;

use crate::honest::at;
use anyhow::Result;
use clap::ValueEnum;
use futures::future::{BoxFuture, join_all};
use mindflow_tests::attacker::Attacker;
use mindflow_tests::{Account, Http};
use std::collections::BTreeMap;
use std::future::Future;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// Until a client that was refused comes again.
const AGAIN: Duration = Duration::from_secs(1);
/// Kinds of answers that are shown.
const SHOWN_MAX: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Attack {
    /// Requests whose body never comes
    Bodies,
    /// HTTP/2 streams with a window of 0
    UnreadStreams,
    /// Downloads that no client reads, and some read a byte at a time
    UnreadDownloads,
    /// Idle WebSockets
    Websockets,
    /// Idle server-sent events
    EventStreams,
    /// Connections that say nothing, or only the preface of HTTP/2
    Silent,
    /// Logins to unknown addresses
    Logins,
    /// Access tokens of unknown keys
    Tokens,
    /// Operations that cost too much, alone and in batches
    Queries,
    /// Pictures whose profile unpacks to 400 MB
    Pictures,
    /// Uploads that come a kilobyte a second
    SlowUploads,
    /// Webhooks to a silent receiver, and events for them
    Webhooks,
    /// Uploads of 10 MB, one after another
    Uploads,
    /// Sign-ups, one after another
    Registrations,
    /// Sessions of one user
    Sessions,
    /// No attack: a component that fails by itself opens its circuit
    BrokenComponent,
}

/// Where an attack happens.
#[derive(Clone)]
pub struct Ground {
    pub http: Http,
    /// Of addresses, for what is prepared.
    pub block: u8,
    pub times: usize,
    pub tally: Tally,
    /// The URL of a receiver that takes requests and does not answer.
    pub receiver: String,
}

/// What attackers were answered, counted.
#[derive(Clone, Default)]
pub struct Tally(Arc<Mutex<BTreeMap<String, u64>>>);

pub type Running = BoxFuture<'static, ()>;

// === impl Attack ===

impl Attack {
    pub const ALL: [Self; 16] = [
        Self::Bodies,
        Self::UnreadStreams,
        Self::UnreadDownloads,
        Self::Websockets,
        Self::EventStreams,
        Self::Silent,
        Self::Logins,
        Self::Tokens,
        Self::Queries,
        Self::Pictures,
        Self::SlowUploads,
        Self::Webhooks,
        Self::Uploads,
        Self::Registrations,
        Self::Sessions,
        Self::BrokenComponent,
    ];

    /// Its place among all.
    pub fn number(self) -> u8 {
        Self::ALL.iter().take_while(|attack| **attack != self).map(|_| 1).sum()
    }

    /// For the report, with the numbers that are multiplied.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bodies => "6 requests whose body never comes",
            Self::UnreadStreams => "4 connections, 800 HTTP/2 streams with a window of 0",
            Self::UnreadDownloads => "40 downloads of 9 MB that are not read, or a byte at a time",
            Self::Websockets => "516 idle WebSockets after an empty `connection_init`",
            Self::EventStreams => "516 idle server-sent events",
            Self::Silent => "1,200 connections that say nothing, half a head or HTTP/2's preface",
            Self::Logins => "100 connections that log in to unknown addresses",
            Self::Tokens => "400 connections with access tokens of unknown keys",
            Self::Queries => {
                "8 at a time: 40 × five contents of 200 KB, 300 searches, 10 × 100 in a batch, 249 × `tags`"
            }
            Self::Pictures => "6 PNGs at a time whose profile unpacks to 400 MB",
            Self::SlowUploads => "256 uploads of 1 KB a second",
            Self::Webhooks => "10 webhooks to a silent receiver, moods without end",
            Self::Uploads => "36 uploads at a time of 10 MB",
            Self::Registrations => "100 connections that sign up",
            Self::Sessions => "152 logins at a time of one user",
            Self::BrokenComponent => "a component that fails by itself",
        }
    }
}

// === impl Ground ===

impl Ground {
    /// One attacker with the numbers of the table, ten with ten times these; none was seen by the host before.
    fn attackers(&self) -> Vec<Attacker> {
        let numbers = (1..).take(self.times);
        numbers.map(|number| Attacker::at(&self.http, Ipv4Addr::new(127, 66, self.block, number))).collect()
    }

    /// A user of each attacker's, who signed up elsewhere.
    async fn accounts(&self) -> Vec<(Attacker, Account)> {
        let accounts = (0..).zip(self.attackers()).map(|(number, attacker)| async move {
            let account = Account::register(&at(&self.http, 2, self.block, number)).await;
            (attacker.clone(), account.with_http(attacker.http().clone()))
        });
        join_all(accounts).await
    }

    /// So many workers for each of `those`, each of which does it again and again.
    fn again<T, F, D>(&self, those: Vec<T>, each: usize, does: D) -> Running
    where
        T: Clone + Send + 'static,
        F: Future<Output = String> + Send + 'static,
        D: Fn(T, usize) -> F + Send + Sync + 'static,
    {
        let (tally, does) = (self.tally.clone(), Arc::new(does));
        Box::pin(async move {
            let mut workers = JoinSet::new();
            for one in those {
                for number in 0..each {
                    let (one, tally, does) = (one.clone(), tally.clone(), Arc::clone(&does));
                    workers.spawn(async move {
                        loop {
                            let answer = does(one.clone(), number).await;
                            let is_taken = answer.starts_with('2');
                            tally.count(answer);
                            if !is_taken {
                                tokio::time::sleep(AGAIN).await;
                            }
                        }
                    });
                }
            }
            while let Some(ended) = workers.join_next().await {
                if ended.is_err() {
                    tally.count("panicked".to_owned());
                }
            }
        })
    }
}

// === impl Tally ===

impl Tally {
    fn count(&self, answer: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(answer).or_default() += 1;
    }

    /// The most frequent first.
    pub fn counted(&self) -> Vec<(String, u64)> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut answers: Vec<_> = answers.iter().map(|(answer, count)| (answer.clone(), *count)).collect();
        answers.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        answers.truncate(SHOWN_MAX);
        answers
    }
}

/// The attack, with all that it needs laid out.
pub async fn prepare(attack: Attack, ground: &Ground) -> Result<Running> {
    Ok(match attack {
        Attack::Bodies => door::bodies(ground).await,
        Attack::UnreadStreams => door::unread_streams(ground),
        Attack::UnreadDownloads => door::unread_downloads(ground).await?,
        Attack::Websockets => door::websockets(ground),
        Attack::EventStreams => door::event_streams(ground).await,
        Attack::Silent => door::silent(ground),
        Attack::SlowUploads => door::slow_uploads(ground).await,
        Attack::Logins => accounts::logins(ground),
        Attack::Tokens => accounts::tokens(ground),
        Attack::Registrations => accounts::registrations(ground),
        Attack::Sessions => accounts::sessions(ground).await,
        Attack::Queries => work::queries(ground).await,
        Attack::Pictures => work::pictures(ground).await,
        Attack::Webhooks => work::webhooks(ground).await,
        Attack::Uploads => work::uploads(ground).await,
        Attack::BrokenComponent => Box::pin(std::future::pending()),
    })
}

/// What came of it in a word.
fn said<E>(answer: Result<u16, E>) -> String {
    answer.map_or_else(|_| "closed".to_owned(), |status| status.to_string())
}

/// A request's status, and the code of its first error in GraphQL.
async fn answered(request: reqwest::RequestBuilder) -> String {
    let answer = async {
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        // A connection is used again when its answer was read.
        let text = answer.text().await?;
        let code = text.split_once("\"code\":\"").and_then(|(_, rest)| rest.split('"').next()).map(ToOwned::to_owned);
        Ok::<_, reqwest::Error>(code.unwrap_or_else(|| status.to_string()))
    };
    answer.await.unwrap_or_else(|error| if error.is_timeout() { "no answer".to_owned() } else { "closed".to_owned() })
}
