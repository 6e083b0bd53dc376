//! Goal: a full disk is reported and loses nothing. Method: a data directory on a small file system of the test's own,
//! mounted in a user namespace.

use crate::trouble_kit::assert_says;
use mindflow_tests::{Account, Http, Platform, eventually};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// The host on a small file system of its own; the embedded PostgreSQL needs some 60 MB.
struct SmallDisk {
    child: Child,
    folder: PathBuf,
}

/// `mindflow up` with a data directory on a new file system of `mib`; when that ends and there is a `later_mib`,
/// once more with so much.
fn command(platform: &Platform, mib: u32, later_mib: Option<u32>) -> Command {
    let data = platform.data_dir();
    let disk = data.with_file_name("disk");
    std::fs::create_dir_all(&disk).expect("a mount point");
    let up = platform.command();
    let arguments: Vec<String> = std::iter::once(up.get_program())
        .chain(up.get_args())
        .map(|word| {
            word.to_string_lossy().replace(&data.display().to_string(), &disk.join("data").display().to_string())
        })
        .collect();
    let mut script = format!("mount -t tmpfs -o size={mib}m disk \"$0\"");
    if let Some(later) = later_mib {
        script.push_str(&format!("; \"$@\" up --listen 127.0.0.1:0; mount -o remount,size={later}m \"$0\""));
    }
    script.push_str(" && exec \"$@\" up --listen 127.0.0.1:0");
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]).arg(disk).args(arguments);
    for (name, value) in up.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stdin(Stdio::null());
    command
}

/// Whether this machine lets a test mount a file system; containers may not.
fn may_mount() -> bool {
    let script = "mount -t tmpfs -o size=1m disk /mnt";
    let outcome = Command::new("unshare").args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).output();
    let may = outcome.is_ok_and(|output| output.status.success());
    if !may {
        eprintln!("skipped: no file system can be mounted here");
    }
    may
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_a_full_disk_is_refused_in_one_line_and_leaves_nothing_half_made() {
    if !may_mount() {
        return;
    }
    let platform = Platform::embedded().env("RUST_LOG", "off").prepare().await;
    for mib in [1, 20] {
        let output = command(&platform, mib, None).output().expect("it runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert_says(&stderr, &["mindflow: ", "disk is full", "free some space"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_found_no_room_works_once_there_is_some() {
    if !may_mount() {
        return;
    }
    let platform = Platform::embedded().env("RUST_LOG", "off").prepare().await;
    let printed = platform.data_dir().with_file_name("stderr");
    let mut command = command(&platform, 45, Some(220));
    command.stderr(std::fs::File::create(&printed).expect("a file"));
    let (_disk, http) = SmallDisk::start(command, &platform);
    let printed = std::fs::read_to_string(printed).expect("what the first start said");
    assert_eq!(printed.lines().count(), 1, "{printed}");
    assert_says(&printed, &["mindflow: ", "disk is full", "free some space"]);
    Account::register(&http).await;
}

impl SmallDisk {
    fn start(mut command: Command, platform: &Platform) -> (Self, Http) {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let stdout = child.stdout.take().expect("piped");
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let address = lines.find_map(|line| line.strip_prefix("ready ").map(str::to_owned));
        let http = Http::at(&address.expect("it is ready"));
        // The file system is seen only through the eyes of a process that lives in it.
        let folder =
            PathBuf::from(format!("/proc/{}/root{}", child.id(), platform.data_dir().with_file_name("disk").display()));
        (Self { child, folder }, http)
    }

    /// Leaves not one byte.
    fn fill(&self) -> PathBuf {
        let path = self.folder.join("ballast");
        let mut file = std::fs::File::create(&path).expect("a file");
        let mut size = 1 << 20;
        while size > 0 {
            if file.write_all(&vec![1; size]).is_err() {
                size /= 2;
            }
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

async fn write(ada: &Account, title: &str) -> mindflow_tests::Answer {
    // Long and different each time, so that it cannot fit into what pages have left.
    let content: String = std::iter::repeat_with(|| uuid::Uuid::new_v4().to_string()).take(2_500).collect();
    let create = "mutation ($input: CreateJournalEntryInput!) { createJournalEntry(input: $input) { id } }";
    ada.graphql(create, json!({ "input": { "title": title, "content": content } })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_fails_writes_cleanly_and_reads_go_on() {
    if !may_mount() {
        return;
    }
    let platform = Platform::embedded().variable("free_entries_per_month", "100000").prepare().await;
    let (disk, http) = SmallDisk::start(command(&platform, 220, None), &platform);
    let ada = Account::register(&http).await;
    let seen = "{ me { id } recentEntries { title } }";
    write(&ada, "before").await.data();
    ada.eventually(seen, json!({}), |data| data["recentEntries"][0]["title"] == "before").await;

    let ballast = disk.fill();
    let refused = eventually("a write that finds no room", || async {
        let answer = write(&ada, "while full").await;
        answer.json().get("errors").is_some().then_some(answer)
    })
    .await;
    assert_eq!(refused.error_code(), "UNAVAILABLE");
    for _ in 0..5 {
        let answer = ada.graphql("{ onThisDay { title } }", json!({})).await;
        assert!(answer.json().get("errors").is_none() || answer.error_code() == "UNAVAILABLE", "{}", answer.text());
    }
    http.get("/health/live").await.expect(200);
    let not_ready = eventually("readiness sees it", || async {
        let answer = http.get("/health/ready").await;
        (answer.status == 503 && answer.json()["checks"]["disk"]["status"] == "failing").then_some(answer.json())
    })
    .await;
    assert_says(&not_ready["checks"]["disk"]["reason"].to_string(), &["the disk is full", "free some space"]);

    std::fs::remove_file(Path::new(&ballast)).expect("room again");
    eventually("a write works again", || async {
        write(&ada, "after").await.json().get("errors").is_none().then_some(())
    })
    .await;
    ada.eventually(seen, json!({}), |data| data["recentEntries"][0]["title"] == "after").await;
    eventually("it is ready again", || async { (http.get("/health/ready").await.status == 200).then_some(()) }).await;
}
