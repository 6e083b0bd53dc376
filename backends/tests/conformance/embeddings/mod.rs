//! Goal: texts get vectors that express their meaning, from either back end, and a model that ends takes nothing with
//! it. Method: the real model in its own process; the back end for services speaks to the same one over TCP.

use async_trait::async_trait;
use mindflow_backends::embeddings::{self, Config, Disclosing, Embeddings, Error, Leaving};
use mindflow_backends::records::ledger::LedgerError;
use mindflow_test_support::{eventually, until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};
use tokio::net::{TcpListener, UnixStream};

/// A ledger of what left: host, model and bytes. A closed one takes nothing.
#[derive(Default)]
struct Noted {
    left: Mutex<Vec<(String, String, usize)>>,
    closed: bool,
}

#[async_trait]
impl Disclosing for Noted {
    async fn disclose(&self, leaving: Leaving<'_>) -> Result<(), LedgerError> {
        if self.closed {
            return Err(LedgerError("it is closed".into()));
        }
        let Leaving { host, model, bytes } = leaving;
        self.left.lock().unwrap().push((host.to_owned(), model.to_owned(), bytes));
        Ok(())
    }
}

struct Stage {
    embeddings: Arc<dyn Embeddings>,
    folder: tempfile::TempDir,
}

fn program() -> PathBuf {
    let host = std::env::var_os("MINDFLOW_BIN").unwrap_or_else(|| panic!("MINDFLOW_BIN is not set: run scripts/test"));
    PathBuf::from(host).with_file_name("mindflow-embedder")
}

fn model() -> String {
    std::env::var("MINDFLOW_TEST_MODEL")
        .unwrap_or_else(|_| panic!("MINDFLOW_TEST_MODEL is not set: run scripts/test, which installs the model"))
}

async fn open(config: Value, folder: &tempfile::TempDir) -> Arc<dyn Embeddings> {
    let config: Config = serde_json::from_value(config).unwrap();
    embeddings::open(&config, folder.path()).await.unwrap().unwrap()
}

/// The real model, once it is ready.
async fn local() -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let config = json!({ "backend": "local", "model-dir": model(), "program": program() });
    let stage = Stage { embeddings: open(config, &folder).await, folder };
    embedded(&stage, "ready").await;
    stage
}

/// The vector of a text, as soon as there is a model.
async fn embedded(stage: &Stage, text: &str) -> Vec<f32> {
    eventually("there is a model", async || match stage.embeddings.embed(&[text.to_owned()], &Noted::default()).await {
        Ok(mut vectors) => Some(vectors.remove(0)),
        Err(Error::Unavailable(_)) => None,
        Err(error) => panic!("{error}"),
    })
    .await
}

/// The model's process: the one whose arguments name this test's folder.
fn process(stage: &Stage) -> Option<Pid> {
    let socket = stage.folder.path().join("embedder/socket");
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)).find(|pid| {
        let line = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|argument| argument == socket.as_os_str().as_encoded_bytes())
    })
}

fn cosine(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_of_one_meaning_are_near_by_either_back_end() {
    let stage = local().await;
    // What a service would be: the same model, at an address.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/embeddings", listener.local_addr().unwrap());
    let socket = stage.folder.path().join("embedder/socket");
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = UnixStream::connect(&socket).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
        }
    });
    let http = open(json!({ "backend": "http", "url": url, "model": "minilm" }), &stage.folder).await;
    assert_eq!((http.model(), http.leaves(), stage.embeddings.leaves()), ("minilm", true, false));
    let texts =
        ["The office drained me today.", "exhausted from work", "We baked a cake with plums."].map(String::from);
    let ledger = Noted::default();
    for embeddings in [&stage.embeddings, &http] {
        let vectors = embeddings.embed(&texts, &ledger).await.unwrap();
        let (near, far) = (cosine(&vectors[0], &vectors[1]), cosine(&vectors[0], &vectors[2]));
        assert!(vectors.len() == 3 && near > 0.4 && far < 0.2, "{near} {far}");
    }
    // The texts stay with the model on the host's machine, and only what goes to an address is noted.
    let host = url.strip_prefix("http://").unwrap().strip_suffix("/v1/embeddings").unwrap().to_owned();
    let left = ledger.left.into_inner().unwrap();
    assert!(
        matches!(left.as_slice(), [(to, model, bytes)] if *to == host && model == "minilm" && *bytes > 80),
        "{left:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_the_ledger_does_not_take_is_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let service = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/embeddings", service.local_addr().unwrap());
    let http = open(json!({ "backend": "http", "url": url, "model": "m" }), &folder).await;
    let ledger = Noted { closed: true, ..Noted::default() };
    let refused = http.embed(&["a secret".into()], &ledger).await;
    assert!(matches!(&refused, Err(Error::Unavailable(reason)) if reason.contains("it is closed")), "{refused:?}");
    // A connection that the refused call had opened would be there before this one.
    let probe = tokio::net::TcpStream::connect(service.local_addr().unwrap()).await.unwrap();
    let (_, first) = service.accept().await.unwrap();
    assert_eq!(first, probe.local_addr().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_killed_comes_back_and_ends_with_its_owner() {
    let stage = local().await;
    let first = process(&stage).unwrap();
    kill_process(first, Signal::KILL).unwrap();
    assert_eq!(embedded(&stage, "still there").await.len(), 384);
    let second = process(&stage).unwrap();
    assert_ne!(first, second);
    stage.embeddings.close().await;
    until("the model ends", async || process(&stage).is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_not_there_stops_nothing_and_says_where_it_was_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    for config in [
        json!({ "backend": "local", "model-dir": "/nowhere/model", "program": program() }),
        json!({ "backend": "local", "model-dir": folder.path(), "program": "/nowhere/program" }),
    ] {
        let embeddings = open(config, &folder).await;
        let Error::Unavailable(reason) = embeddings.embed(&["a".into()], &Noted::default()).await.unwrap_err() else {
            panic!("unavailable")
        };
        assert!(reason.contains("/nowhere/"), "{reason}");
    }
    // A folder with no model in it.
    let embeddings =
        open(json!({ "backend": "local", "model-dir": folder.path(), "program": program() }), &folder).await;
    let asked = embeddings.embed(&["a".into()], &Noted::default()).await;
    assert!(matches!(asked, Err(Error::Unavailable(_))), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_installed_later_is_used_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let later = |name: &str| folder.path().join(name);
    let config = json!({ "backend": "local", "model-dir": later("model"), "program": later("program") });
    let stage = Stage { embeddings: open(config, &folder).await, folder: tempfile::tempdir().unwrap() };
    for (name, installed) in [("program", program()), ("model", PathBuf::from(model()))] {
        let asked = stage.embeddings.embed(&["a".into()], &Noted::default()).await;
        let Error::Unavailable(reason) = asked.unwrap_err() else { panic!("unavailable") };
        assert!(reason.contains(&format!("/{name};")), "{reason}");
        std::os::unix::fs::symlink(installed, later(name)).unwrap();
        until(&format!("the {name} to be found"), async || {
            let asked = stage.embeddings.embed(&["a".into()], &Noted::default()).await;
            !matches!(asked, Err(Error::Unavailable(now)) if now == reason)
        })
        .await;
    }
    assert_eq!(embedded(&stage, "there it is").await.len(), 384);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_ask_too_much_are_refused_before_they_reach_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let embeddings = open(json!({ "backend": "http", "url": "http://127.0.0.1:1/", "model": "m" }), &folder).await;
    let long = "x".repeat(embeddings::TEXT_BYTES_MAX + 1);
    for texts in [vec![], vec![String::new(); embeddings::TEXTS_MAX + 1], vec![long]] {
        let ledger = Noted::default();
        assert!(matches!(embeddings.embed(&texts, &ledger).await, Err(Error::Invalid(_))));
        assert_eq!(ledger.left.into_inner().unwrap(), []);
    }
    let none: Config = serde_json::from_value(json!({ "backend": "none" })).unwrap();
    assert!(embeddings::open(&none, folder.path()).await.unwrap().is_none());
}
