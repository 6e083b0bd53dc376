//! Goal: a host that runs out of file descriptors says so once, works on with what it has, and takes connections as soon as it can.
//! Method: its limit is lowered from outside to what it has open.

use mindflow_tests::attacker::{Attacker, closed, head};
use mindflow_tests::{Platform, WITHIN, eventually};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use std::collections::BTreeSet;
use tokio::time::timeout;

/// The line that says it.
const SAID: &str = "no connection can be taken";

/// Sets how many files the process may have open; answers what it was.
fn limit(pid: u32, files: Rlimit) -> Rlimit {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process");
    prlimit(Some(pid), Resource::Nofile, files).expect("its limit is changed")
}

/// The number that the process's next file would have.
fn lowest_free(pid: u32) -> u64 {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("its files").flatten();
    let open: BTreeSet<u64> = open.filter_map(|file| file.file_name().to_string_lossy().parse().ok()).collect();
    (0..).find(|number| !open.contains(number)).expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn without_descriptors_connections_wait_and_the_log_says_so_once() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let files = Rlimit { current: Some(lowest_free(platform.pid())), maximum: getrlimit(Resource::Nofile).maximum };
    let before = limit(platform.pid(), files);
    let client = Attacker::new(platform.http());
    let mut waiting = Vec::new();
    for _ in 0..16 {
        let request = b"GET /health/live HTTP/1.1\r\nHost: mindflow\r\nConnection: close\r\n\r\n";
        waiting.push(client.sent(request).await.expect("the kernel takes it"));
    }
    let lifted = async {
        eventually("the log says it", || async { platform.log().contains(SAID).then_some(()) }).await;
        // Over a connection that there is.
        ada.get("/auth/sessions").await.expect(200);
        limit(platform.pid(), before);
    };
    // A command waits as well, and others come after it.
    let (listed, ()) = tokio::join!(platform.cli(&["components", "list"]), lifted);
    assert_eq!(listed.code, Some(0), "{listed:?}");
    for mut stream in waiting {
        let (status, _) = timeout(WITHIN, head(&mut stream)).await.expect("an answer in time").expect("an answer");
        assert_eq!(status, 200);
        timeout(WITHIN, closed(&mut stream)).await.expect("its end");
    }
    assert_eq!(platform.cli(&["components", "list"]).await.code, Some(0));
    let log = platform.log();
    assert_eq!(log.lines().filter(|line| line.contains(SAID) && line.contains("clients")).count(), 1, "{log}");
    assert!(log.contains("ulimit -n"), "{log}");
}
