//! What only the file promises: it survives a restart and a `kill -9`, and says what is wrong with it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use mindflow_backends::clock::Clock;
use mindflow_backends::stores::key_value::{self, Condition, Config, Error, KeyValue, OpenError};

/// The folder in which the process that is to be killed writes.
const WRITE_HERE: &str = "MINDFLOW_TEST_WRITE_HERE";

async fn open(folder: &Path) -> Result<Arc<dyn KeyValue>, OpenError> {
    key_value::open(&Config::File {}, "sessions", folder, Clock::system()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_put_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = open(folder.path()).await.unwrap();
    bucket.put("kept", "1".into(), None, Condition::Always).await.unwrap();
    bucket.put("short", "1".into(), Some(Duration::from_millis(1)), Condition::Always).await.unwrap();
    bucket.increment("n", 41, Some(Duration::from_hours(1))).await.unwrap();
    let before = bucket.get("kept").await.unwrap();
    bucket.close().await;

    let bucket = open(folder.path()).await.unwrap();
    assert_eq!(bucket.get("kept").await.unwrap(), before);
    assert_eq!(bucket.increment("n", 1, None).await.unwrap(), 42);
    assert_eq!(bucket.get("short").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_was_dropped_without_a_close_can_be_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..3 {
        let bucket = open(folder.path()).await.unwrap();
        assert_eq!(bucket.increment("n", 1, None).await.unwrap(), number + 1);
        drop(bucket);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_does_not_come_back_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, hand) = Clock::manual(2_000_000_000);
    let write = async |clock: &Clock| {
        let config = Config::File {};
        let bucket = key_value::open(&config, "s", folder.path(), clock.clone()).await.unwrap();
        bucket.put("k", "1".into(), None, Condition::Always).await.unwrap();
        let version = bucket.get("k").await.unwrap().unwrap().version;
        bucket.delete(&["k".to_owned()]).await.unwrap();
        bucket.close().await;
        version
    };
    let before = write(&clock).await;
    // The machine's clock was set back meanwhile.
    hand.set_us(1_000_000_000);
    assert!(write(&clock).await > before);
}

/// Not a story of its own: the process that `nothing_answered_is_lost_by_a_kill` kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_to_be_killed() {
    let Ok(folder) = std::env::var(WRITE_HERE) else {
        return;
    };
    let bucket = open(Path::new(&folder)).await.unwrap();
    for number in 0u32.. {
        let (bucket, key) = (bucket.clone(), format!("k{number}"));
        let ttl = Some(Duration::from_hours(1));
        bucket.put(&key, key.clone().into(), ttl, Condition::IfAbsent).await.unwrap();
        writeln!(std::io::stderr(), "stored {key}").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_answered_is_lost_by_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args(["key_value::only_file::a_writer_to_be_killed", "--exact", "--nocapture"])
        .env(WRITE_HERE, folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(writer.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut stored = Vec::new();
    for line in lines {
        stored.extend(line.strip_prefix("stored ").map(str::to_owned));
        if stored.len() == 40 {
            writer.kill().unwrap();
        }
    }
    writer.wait().unwrap();
    assert!(stored.len() >= 40, "the writer ended by itself after {stored:?}");

    let bucket = open(folder.path()).await.unwrap();
    for key in stored {
        assert_eq!(bucket.get(&key).await.unwrap().unwrap().value, key);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_in_use_is_reported_with_its_path_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let _first = open(folder.path()).await.unwrap();
    let error = open(folder.path()).await.err().unwrap().to_string();
    assert!(error.contains("sessions.redb") && error.contains("--data-dir"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_file_is_reported_with_its_path_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key-value/sessions.redb");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "this is a text, and not a database".repeat(1000)).unwrap();
    let error = open(folder.path()).await.err().unwrap();
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    assert!(error.to_string().contains("move it away"), "{error}");
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("this is a text"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_cannot_be_made_is_reported_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key-value"), "a file in the way").unwrap();
    let error = open(folder.path()).await.err().unwrap();
    assert!(matches!(error, OpenError::Folder { .. }), "{error:?}");
    assert!(error.to_string().contains("sessions.redb"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_go_on_during_many_writes() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = open(folder.path()).await.unwrap();
    bucket.put("k", "0".into(), None, Condition::Always).await.unwrap();
    let writes = (0..200).map(|number| {
        let bucket = bucket.clone();
        tokio::spawn(async move { bucket.put("k", number.to_string().into(), None, Condition::Always).await.map(drop) })
    });
    let writes: Vec<_> = writes.collect();
    for _ in 0..200 {
        bucket.get("k").await.unwrap().unwrap();
    }
    for write in writes {
        write.await.unwrap().unwrap();
    }
    bucket.close().await;
    let late = bucket.delete(&["k".to_owned()]).await;
    assert!(matches!(late, Err(Error::Unavailable(_))), "{late:?}");
}
