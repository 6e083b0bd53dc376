//! Goal: a host starts wherever it is put. Method: the built binary without a home, in a data directory whose name has a comma and
//! bytes that are no UTF-8, at a name of this machine instead of an address.

use mindflow_tests::{Account, Http, Platform, eventually, run};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    ffi::OsStr,
    fs::File,
    io::{BufRead, BufReader},
    os::unix::ffi::OsStrExt,
    path::Path,
    process::{Child, Command, Stdio},
};

/// Ends it in order.
struct Host(Child);

impl Drop for Host {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let _ = self.0.wait();
    }
}

/// `mindflow` on this data directory, by a user without a home, as services and containers have.
fn homeless(platform: &Platform, data: &Path, words: &[&str]) -> Command {
    let usual = platform.command();
    let named = platform.data_dir();
    let mut command = Command::new(usual.get_program());
    command.args(usual.get_args().map(|word| if word == named { data.as_os_str() } else { word })).args(words);
    for (name, value) in usual.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    for name in ["HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "MINDFLOW_CACHE"] {
        command.env_remove(name);
    }
    command.current_dir(platform.path(".")).stdin(Stdio::null());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_without_a_home_starts_in_a_data_directory_of_any_name_at_a_name_of_this_machine() {
    // The model that reads what is written is looked for in the home.
    let platform = Platform::embedded().env("MINDFLOW_EMBEDDINGS__BACKEND", "local").prepare().await;
    let data = platform.path(".").join(OsStr::from_bytes(b"a,b caf\xe9"));
    let log = platform.path("log");
    let mut up = homeless(&platform, &data, &["up", "--listen", "localhost:0"]);
    up.stdout(Stdio::piped()).stderr(File::create(&log).expect("a log"));
    let mut host = Host(up.spawn().expect("it starts"));
    let stdout = host.0.stdout.take().expect("piped");
    let line = tokio::task::spawn_blocking(move || BufReader::new(stdout).lines().next()).await.expect("it is read");
    let line = line.unwrap_or_else(|| panic!("it ended: {}", platform.log())).expect("text");
    let address = line.strip_prefix("ready ").unwrap_or_else(|| panic!("{line}"));
    assert!(address.starts_with("http://127.0.0.1:"), "{address}");

    // A client may take the name for either of its addresses.
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        let by_ipv6 = address.replace("127.0.0.1", "[::1]");
        Http::at(&by_ipv6).get("/health/live").await.expect(200);
    }

    let ada = Account::register(&Http::at(address)).await;
    ada.write(serde_json::json!({ "title": "Far from home", "content": "words" })).await;
    let listed = run(homeless(&platform, &data, &["users", "list"])).await;
    assert!(listed.code == Some(0) && listed.stdout.contains(&ada.email), "{listed:?}");
    eventually("the log says what is missing", || async {
        platform.log().contains("neither HOME nor [embeddings] model-dir").then_some(())
    })
    .await;
}
