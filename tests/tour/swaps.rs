//! What a client sees while a source is edited: of `spin watch`, which builds and restarts, and of this host as a plugin of the
//! command `spin` with `--watch`, which swaps what `cargo xtask build` has built. The edit is one of a text that clients are answered.
//! Then the source is put back, which is the second edit, so that what is built is as it was as well.

use crate::application::{Application, Engine};
use crate::figures::Figures;
use mindflow_tests::{Account, Http, root};
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// A component that is inside the gateway's file on Spin, and a text that it answers to a refresh token of no form, without a store.
const COMPONENT: &str = "auth";
const SOURCE: &str = "components/auth/src/flow/refresh.rs";
const TEXT: &str = "The session has ended. Log in again.";
const EDITED: &str = "The session has ended. Please log in again.";

const SEEN_WITHIN: Duration = Duration::from_secs(1_200);
/// What comes right after a swap is seen as well.
const SETTLED: Duration = Duration::from_secs(2);
/// So long a client waits before it tries again after a refusal.
const AFTER_REFUSAL: Duration = Duration::from_millis(50);
const CHANGED: &str = "subscription { entryChanged { entryId } }";

pub async fn measure(engine: Engine) -> Figures {
    if engine == Engine::Plugin {
        // Builds of one component have a folder of their own; what they depend on is built before.
        build().await;
    }
    let application = Application::watching(engine).await;
    let ada = Account::register(&application.http).await;
    let mut stream = listen(&ada).await;
    let path = root().join(SOURCE);
    println!("  {} is edited, and put back", path.display());
    let edit = Edit::of(path);
    let edited = replaced(engine, &application.http, EDITED).await;
    let stays = hears(&mut stream, &ada).await;
    drop(edit);
    let back = replaced(engine, &application.http, TEXT).await;
    application.stop().await;
    let lost = |seen: &Seen| seen.refused + seen.cut + seen.unavailable;
    if engine == Engine::Plugin {
        assert!(
            stays && lost(&edited) + lost(&back) == 0,
            "a swap is seen: {edited:?} {back:?}, the stream stays: {stays}"
        );
    }
    let both = |figure: &dyn Fn(&Seen) -> String| format!("{} and {}", figure(&edited), figure(&back));
    let seconds = |time: Duration| format!("{:.2}", time.as_secs_f64());
    Figures::new(
        engine,
        vec![
            (
                "a source is saved until its code answers, and when it is put back, s",
                both(&|seen| seconds(seen.new_after)),
            ),
            ("answers meanwhile", both(&|seen| seen.answers.to_string())),
            ("connections refused", both(&|seen| seen.refused.to_string())),
            ("answers cut off", both(&|seen| seen.cut.to_string())),
            ("answers that it is unavailable", both(&|seen| seen.unavailable.to_string())),
            ("the longest time without an answer, s", both(&|seen| seconds(seen.pause_max))),
            ("an event stream", if stays { "stays" } else { "ends" }.to_owned()),
        ],
    )
}

/// What a client saw that asked without a pause.
#[derive(Debug, Default)]
struct Seen {
    answers: u64,
    refused: u64,
    cut: u64,
    unavailable: u64,
    pause_max: Duration,
    /// When the new code answered first.
    new_after: Duration,
}

/// A client asks from the edit on, until the new code alone answers.
async fn replaced(engine: Engine, http: &Http, text: &str) -> Seen {
    let built = async {
        if engine == Engine::Plugin {
            build().await;
        }
    };
    tokio::join!(ask_until(http, text), built).0
}

async fn ask_until(http: &Http, text: &str) -> Seen {
    let begun = Instant::now();
    let (mut seen, mut answered_at, mut new_since) = (Seen::default(), begun, None);
    while new_since.is_none_or(|since: Instant| since.elapsed() < SETTLED) {
        assert!(begun.elapsed() < SEEN_WITHIN, "{text:?} is not answered after {SEEN_WITHIN:?}: {seen:?}");
        let request = http.request(Method::POST, "/auth/refresh").header("cookie", "mf_refresh=none");
        let answer = match request.send().await {
            Ok(response) => {
                let status = response.status();
                response.text().await.map(|body| (status, body))
            }
            Err(error) => Err(error),
        };
        match answer {
            Ok((StatusCode::UNAUTHORIZED, body)) => {
                seen.answers += 1;
                seen.pause_max = seen.pause_max.max(answered_at.elapsed());
                answered_at = Instant::now();
                if !body.contains(text) {
                    new_since = None;
                } else if new_since.is_none() {
                    new_since = Some(answered_at);
                    seen.new_after = begun.elapsed();
                }
                continue;
            }
            Ok(_) => seen.unavailable += 1,
            Err(error) if error.is_connect() => seen.refused += 1,
            Err(_) => seen.cut += 1,
        }
        tokio::time::sleep(AFTER_REFUSAL).await;
    }
    seen
}

async fn listen(ada: &Account) -> reqwest::Response {
    let request = ada.request(Method::POST, "/graphql").header("accept", "text/event-stream");
    let request = request.json(&json!({ "query": CHANGED })).timeout(SEEN_WITHIN * 2);
    request.send().await.expect("a stream")
}

/// Whether a stream from before a swap tells of a write after it.
async fn hears(stream: &mut reqwest::Response, ada: &Account) -> bool {
    ada.write(json!({ "title": "After the swap", "content": "c" })).await;
    while let Ok(Some(chunk)) = stream.chunk().await {
        if String::from_utf8_lossy(&chunk).contains("entryChanged") {
            return true;
        }
    }
    false
}

/// As docs/spin.md says for the host.
async fn build() {
    let xtask = std::env::var_os("MINDFLOW_XTASK").expect("`cargo xtask spin-up --tour` starts this");
    let mut command = Command::new(xtask);
    command.current_dir(root()).args(["build", "--component", COMPONENT]);
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("it ends").expect("xtask starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The source with another text; as it was, when this is dropped.
struct Edit {
    path: PathBuf,
    text: String,
}

// === impl Edit ===

impl Edit {
    fn of(path: PathBuf) -> Self {
        let text = std::fs::read_to_string(&path).expect("a source");
        assert_eq!(text.matches(TEXT).count(), 1, "{} has {TEXT:?} once", path.display());
        std::fs::write(&path, text.replace(TEXT, EDITED)).expect("the source can be edited");
        Self { path, text }
    }
}

impl Drop for Edit {
    fn drop(&mut self) {
        if let Err(error) = std::fs::write(&self.path, &self.text) {
            eprintln!("{} is not as it was: {error}", self.path.display());
        }
    }
}
