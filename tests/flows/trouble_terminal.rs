//! Goal: a reader that leaves, a terminal that closes and a command during a start end nothing else.
//! Method: the built binary with pipes that nothing reads, signals, and two processes on one data directory.

use futures::{StreamExt, stream};
use mindflow_tests::{Platform, run};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs::File,
    io::{BufRead, BufReader, pipe},
    process::{Child, Command, Stdio},
    time::Duration,
};

const START_WITHIN: Duration = Duration::from_secs(180);

/// Commands that print on any platform, also a new one.
const PRINTING: [&[&str]; 10] = [
    &["--help"],
    &["--version"],
    &["components", "list"],
    &["components", "list", "--json"],
    &["logs"],
    &["users", "list"],
    &["check"],
    &["migrate"],
    &["audit", "verify"],
    &["archive", "status"],
];

/// A pipe whose reader has left.
fn unread() -> Stdio {
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

fn command(platform: &Platform, words: &[&str]) -> Command {
    let mut command = platform.command();
    command.args(words).stdin(Stdio::null());
    command
}

/// Its exit code and what it wrote to standard error.
async fn run_into(platform: &Platform, words: &[&str], stdout: Stdio) -> (Option<i32>, String) {
    let child = command(platform, words).stdout(stdout).stderr(Stdio::piped()).spawn().expect("it starts");
    let output = tokio::task::spawn_blocking(|| child.wait_with_output()).await.expect("waited for").expect("ended");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A host whose standard output is read up to `ready`, and whose standard error is never read.
async fn start(platform: &Platform) -> (Child, String) {
    let mut up = command(platform, &["up", "--listen", "127.0.0.1:0"]);
    let mut child = up.stdout(Stdio::piped()).stderr(unread()).spawn().expect("it starts");
    let stdout = child.stdout.take().expect("piped");
    let first = tokio::task::spawn_blocking(move || BufReader::new(stdout).lines().next());
    let line = tokio::time::timeout(START_WITHIN, first).await.expect("in time").expect("the reader ends");
    let line = line.expect("a line").expect("text");
    (child, line.strip_prefix("ready ").unwrap_or_else(|| panic!("{line}")).to_owned())
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("it is there");
}

async fn ended(mut child: Child) -> Option<i32> {
    let ended = tokio::task::spawn_blocking(move || child.wait().expect("its end"));
    tokio::time::timeout(START_WITHIN, ended).await.expect("in time").expect("waited for").code()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_reader_has_left_ends_well_and_says_nothing() {
    let platform = Platform::services().start().await;
    let further: [&[&str]; 4] =
        [&["logs", "--json"], &["dead-letters", "list"], &["audit", "export"], &["keys", "rotate"]];
    for words in PRINTING.into_iter().chain(further) {
        let (code, stderr) = run_into(&platform, words, unread()).await;
        assert_eq!((code, stderr.contains("panicked")), (Some(0), false), "{words:?}: {stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_output_finds_no_room_says_so_and_fails() {
    let platform = Platform::services().start().await;
    platform.register().await;
    let kept = &platform;
    mindflow_tests::eventually("there are lines to print", || async move {
        (!kept.cli(&["logs"]).await.stdout.is_empty()).then_some(())
    })
    .await;
    for words in PRINTING {
        let full = File::options().write(true).open("/dev/full").expect("a device without room");
        let (code, stderr) = run_into(&platform, words, full.into()).await;
        assert_eq!((code, stderr.contains("panicked")), (Some(1), false), "{words:?}: {stderr}");
        assert!(stderr.contains("mindflow: standard output: No space left on device"), "{words:?}: {stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_serves_on_when_nothing_reads_its_output_and_stops_in_order_when_its_terminal_closes() {
    let platform = Platform::services().prepare().await;
    let (host, address) = start(&platform).await;
    for _ in 0..20 {
        let answer = reqwest::get(format!("{address}/health/ready")).await.expect("an answer");
        assert_eq!(answer.status(), 200);
    }
    signal(&host, Signal::HUP);
    assert_eq!(ended(host).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_ctrl_c_ends_a_host_that_is_still_stopping() {
    // A request whose body does not go on holds up the stop.
    let platform = Platform::services().config("[http]\ndrain-ms = 600000\nbody-idle-ms = 600000").prepare().await;
    let (host, address) = start(&platform).await;
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let first = stream::once(async {
        let _ = begun.send(());
        Ok::<_, std::io::Error>(b"{".to_vec())
    });
    let body = reqwest::Body::wrap_stream(first.chain(stream::pending()));
    let request = reqwest::Client::new().post(format!("{address}/graphql")).header("content-type", "application/json");
    let held = tokio::spawn(request.body(body).send());
    has_begun.await.expect("the client sends");
    // One request later the host has seen the first one's head.
    reqwest::get(format!("{address}/health/live")).await.expect("it serves");
    signal(&host, Signal::INT);
    mindflow_tests::eventually("the host takes no connection any more", || async {
        reqwest::get(format!("{address}/health/live")).await.is_err().then_some(())
    })
    .await;
    signal(&host, Signal::INT);
    assert_eq!(ended(host).await, Some(130));
    held.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_during_a_hosts_start_wait_for_it_and_all_of_them_succeed() {
    let platform = Platform::embedded().prepare().await;
    let commands = ["users", "dead-letters"].map(|word| tokio::spawn(run(command(&platform, &[word, "list"]))));
    let (host, address) = start(&platform).await;
    let late = run(command(&platform, &["users", "list"])).await;
    assert_eq!(late.code, Some(0), "{late:?}");
    for command in commands {
        let output = command.await.expect("it ends");
        assert_eq!(output.code, Some(0), "{output:?}");
    }
    let answer = reqwest::get(format!("{address}/health/ready")).await.expect("an answer");
    assert_eq!(answer.status(), 200, "no command has stopped the server of the host");
    signal(&host, Signal::TERM);
    assert_eq!(ended(host).await, Some(0));
}
