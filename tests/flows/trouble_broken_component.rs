//! Goal: a component that fails harms only its callers. Method: the query service is swapped for
//! one that traps, loops, eats memory or hangs, while other users go on with everything else; then it is
//! swapped back.

use crate::trouble_kit::{component, grants, guest, manifest, state, swap, writer};
use mindflow_tests::{Account, Platform, eventually, send};
use reqwest::Method;
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

/// Failures that open a circuit (`engine/breaker.rs`).
const FAILURES_MAX: usize = 5;

/// A platform whose query service has little CPU, memory and time, and a user that it knows.
async fn with_a_broken_query() -> (Platform, Account) {
    with_a_broken_query_of("max = 12\ncpu-ms-max = 300\ndeadline-ms = 1500\nmemory-mib-max = 32").await
}

async fn with_a_broken_query_of(limits: &'static str) -> (Platform, Account) {
    let limits = move |table: &mut toml::Table| {
        let limits = limits.parse::<toml::Table>().expect("limits");
        grants(table, "query").insert("instances".to_owned(), limits.into());
    };
    let platform = Platform::services()
        .manifest(manifest(limits))
        .variable("free_entries_per_month", "1000")
        // So that a story can have clients at several addresses.
        .config("[http]\ntrusted-proxies = [\"127.0.0.1\"]")
        .start()
        .await;
    let ada = writer(&platform, "before").await;
    swap(&platform, "query", &guest("broken-query")).await;
    (platform, ada)
}

/// Users who sign up, log in and write all the time, none of whom may notice anything.
struct Bystanders {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU32>,
    task: tokio::task::JoinHandle<()>,
}

impl Bystanders {
    fn begin(platform: &Platform) -> Self {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (stopped, count, http) = (Arc::clone(&stop), Arc::clone(&done), platform.http().clone());
        let task = tokio::spawn(async move {
            while !stopped.load(Ordering::Acquire) {
                let bob = Account::register(&http).await.login().await;
                let input = json!({ "title": "meanwhile", "content": "all is well" });
                let mutation =
                    "mutation ($input: CreateJournalEntryInput!) { createJournalEntry(input: $input) { id title } }";
                bob.data(mutation, json!({ "input": input })).await;
                bob.data("mutation { recordMood(mood: CALM) { mood } }", json!({})).await;
                bob.get("/auth/sessions").await.expect(200);
                count.fetch_add(1, Ordering::AcqRel);
            }
        });
        Self { stop, done, task }
    }

    async fn end(self) {
        let done = &self.done;
        let before = done.load(Ordering::Acquire);
        eventually(
            "another request was answered",
            || async move { (done.load(Ordering::Acquire) > before).then_some(()) },
        )
        .await;
        self.stop.store(true, Ordering::Release);
        self.task.await.expect("no other request failed");
    }
}

/// The error code for a client whose own request exceeds a limit.
const TOO_COSTLY: &str = "QUERY_TOO_COMPLEX";

/// What a component does to a call.
#[derive(PartialEq)]
enum Harm {
    /// It fails, for every caller.
    Fails,
    /// The call exceeds a limit, which may be its content's doing.
    Costs,
}

async fn only_the_harmful_calls_fail(field: &str, reason: &str, harm: Harm) {
    let (platform, ada) = with_a_broken_query().await;
    let bystanders = Bystanders::begin(&platform);

    let first = ada.graphql(field, json!({})).await;
    assert_eq!(first.error_code(), if harm == Harm::Costs { TOO_COSTLY } else { "UNAVAILABLE" });
    assert!(!first.text().contains("query"), "a client learns nothing of the inside: {}", first.text());
    // The next call has a fresh instance.
    assert_eq!(entries(&ada).await, 1);

    match harm {
        Harm::Fails => {
            let failing = (0..FAILURES_MAX).map(|_| ada.graphql(field, json!({})));
            for answer in futures::future::join_all(failing).await {
                assert_eq!(answer.error_code(), "UNAVAILABLE");
            }
        }
        Harm::Costs => costs_are_charged_to_their_clients(&platform, &ada, field).await,
    }
    assert_eq!(state(&platform, "query").await["state"], "open");
    // An open circuit answers for functions that would work, too.
    assert_eq!(ada.graphql(ENTRIES, json!({})).await.error_code(), "UNAVAILABLE");
    ada.get("/api/journals").await.expect_problem(503, "unavailable");
    let ready = platform.http().get("/health/ready").await.expect(503).json();
    assert_eq!(ready["checks"]["component:query"]["status"], "failing", "{ready}");
    assert_eq!(platform.http().get("/health/live").await.status, 200);

    swap(&platform, "query", &component("query")).await;
    let healed = ada.data("{ me { id } recentEntries { title } }", json!({})).await;
    assert_eq!(healed["recentEntries"][0]["title"], "before");
    bystanders.end().await;
    let log = platform.log();
    assert!(log.contains(reason), "the log says why: {reason}");
    assert!(log.contains("failed repeatedly and is left alone"), "the log names the circuit");
}

const ENTRIES: &str = "{ journalEntries { totalCount } }";

async fn entries(account: &Account) -> u64 {
    account.data(ENTRIES, json!({})).await["journalEntries"]["totalCount"].as_u64().expect("a count")
}

/// One client's costs refuse this client, and no other; those of five clients open the circuit.
async fn costs_are_charged_to_their_clients(platform: &Platform, ada: &Account, field: &str) {
    let bob = platform.register().await;
    let mut codes = Vec::new();
    for _ in 0..FAILURES_MAX {
        codes.push(ada.graphql(field, json!({})).await.error_code());
    }
    // One call was before.
    assert_eq!(codes, [TOO_COSTLY, TOO_COSTLY, TOO_COSTLY, TOO_COSTLY, "RATE_LIMITED"]);
    let refused = ada.graphql(ENTRIES, json!({})).await;
    assert_eq!(refused.error_code(), "RATE_LIMITED", "she is refused for a while");
    assert!(refused.error()["extensions"]["retryAfter"].as_u64().is_some_and(|seconds| seconds > 0));
    ada.get("/api/journals").await.expect_problem(429, "rate-limited");
    assert_eq!(state(platform, "query").await["state"], "ready");
    assert_eq!(platform.http().get("/health/ready").await.status, 200);
    assert_eq!(entries(&bob).await, 0);
    // She counts as one of the five.
    let others = (2..=FAILURES_MAX).map(|number| {
        let request = bob.request(Method::POST, "/graphql").json(&json!({ "query": field }));
        send(request.header("x-forwarded-for", format!("203.0.113.{number}")))
    });
    for answer in futures::future::join_all(others).await {
        assert_eq!(answer.error_code(), TOO_COSTLY);
    }
    assert_eq!(bob.graphql(ENTRIES, json!({})).await.error_code(), "UNAVAILABLE", "the circuit is open for all");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_traps_fails_its_own_calls_alone() {
    only_the_harmful_calls_fail("{ me { id } }", "broken on purpose", Harm::Fails).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_loops_fails_its_own_calls_alone() {
    only_the_harmful_calls_fail("{ recentEntries { id } }", "CPU", Harm::Costs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_eats_memory_fails_its_own_calls_alone() {
    only_the_harmful_calls_fail("{ tags { id } }", "memory", Harm::Costs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_never_answers_fails_its_own_calls_alone() {
    only_the_harmful_calls_fail("{ insights { id } }", "did not answer within", Harm::Fails).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_not_ready_while_calls_wait_in_vain_for_a_component_whose_places_are_taken() {
    // Two calls have its places for sixteen seconds, and others wait twelve seconds for one.
    let (platform, ada) = with_a_broken_query_of("max = 2\ndeadline-ms = 16000").await;
    let ready = async || platform.http().get("/health/ready").await;
    assert_eq!(ready().await.status, 200);
    let clients = [ada, platform.register().await, platform.register().await];
    let call = |number: usize| {
        let request =
            clients[number].request(Method::POST, "/graphql").json(&json!({ "query": "{ insights { id } }" }));
        tokio::spawn(send(request.header("x-forwarded-for", format!("203.0.113.{number}"))))
    };
    let mut calls = vec![call(0), call(1)];
    let taken = async || (state(&platform, "query").await["calls"] == 2).then_some(());
    eventually("both places are taken", taken).await;
    calls.extend([call(2), call(2), call(2)]);
    let checks = eventually("it says that it is not", async || {
        let answer = ready().await;
        (answer.status == 503).then(|| answer.json()["checks"].clone())
    })
    .await;
    let reason = "all its places are taken, and waiting calls get none";
    assert_eq!(checks["component:query"], json!({ "status": "failing", "reason": reason }));
    assert_eq!(platform.http().get("/health/live").await.status, 200);
    for call in calls {
        assert_eq!(call.await.expect("an answer").error_code(), "UNAVAILABLE");
    }
    eventually("it is ready again", async || (ready().await.status == 200).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_broken_component_says_never_reaches_a_client() {
    let (platform, ada) = with_a_broken_query().await;
    platform.grant(&ada.email, "admin").await;
    let answer = ada.login().await.graphql("{ users { edges { node { id } } } }", json!({})).await;
    assert_eq!(answer.error_code(), "INTERNAL");
    assert!(!answer.text().contains("secret"), "{}", answer.text());
    assert!(platform.log().contains("secret text of a broken component"), "the log has it");
    // What it would add to another's answer is null, and the rest is there.
    let change = "mutation { updateProfile(displayName: \"Ada L.\") { displayName quota { used } } }";
    let changed = ada.graphql(change, json!({})).await.json();
    assert_eq!(changed["data"], json!({ "updateProfile": { "displayName": "Ada L.", "quota": null } }), "{changed}");
    assert_eq!(changed["errors"][0]["path"], json!(["updateProfile", "quota"]));
}
