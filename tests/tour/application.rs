//! The application on one engine, with stand-ins for what is not on this machine.

use mindflow_backends::stores::objects::Config;
use mindflow_servers::end_with_parent;
use mindflow_test_support::s3;
use mindflow_tests::messages_api::MessagesApi;
use mindflow_tests::{Account, Http, LIMITS_FACTOR, NO_LIMITS, binary, root, until_within};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::fmt;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// All compile the components when their caches are empty.
const READY_WITHIN: Duration = Duration::from_secs(300);
/// `spin watch` builds before.
const BUILT_WITHIN: Duration = Duration::from_secs(1_200);
/// Of the log, when something is wrong.
const LOG_LINES: usize = 60;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Spin,
    Mindflow,
    /// The host as a plugin of the command `spin`.
    Plugin,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Spin => "spin",
            Self::Mindflow => "mindflow",
            Self::Plugin => "plugin",
        })
    }
}

/// Running; it ends with this.
pub struct Application {
    pub engine: Engine,
    pub http: Http,
    pub claude: MessagesApi,
    pub started_in: Duration,
    process: Child,
    data: tempfile::TempDir,
    _s3: s3::Server,
}

impl Application {
    pub async fn start(engine: Engine) -> Self {
        Self::start_with(engine, &[], READY_WITHIN).await
    }

    /// Goes on with what is edited and built.
    pub async fn watching(engine: Engine) -> Self {
        Self::start_with(engine, &["--watch"], BUILT_WITHIN).await
    }

    async fn start_with(engine: Engine, arguments: &[&str], ready_within: Duration) -> Self {
        let (claude, s3) = (MessagesApi::start().await.expect("the stand-in for Claude"), s3::start().await);
        let data = tempfile::tempdir().expect("a folder");
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").port();
        let address = format!("127.0.0.1:{port}");
        let begun = Instant::now();
        let xtask = std::env::var_os("MINDFLOW_XTASK").expect("`cargo xtask spin-up --tour` starts this");
        let mut command = Command::new(xtask);
        command.current_dir(root()).args([
            "spin-up",
            "--listen",
            &address,
            "--engine",
            &engine.to_string(),
            "--data-dir",
        ]);
        command.arg(data.path()).arg("--host").arg(binary()).args(arguments);
        command.env("ANTHROPIC_API_KEY", "test-key").env("MINDFLOW_CLAUDE_URL", claude.url());
        command.env("MINDFLOW_VARIABLE_BCRYPT_COST", "10").env("MINDFLOW_VARIABLE_ALLOW_WEAK_BCRYPT", "true");
        // Its figures are those of few users at one address, as fast as they are answered.
        command.env(LIMITS_FACTOR, NO_LIMITS);
        let Config::S3 { endpoint: Some(endpoint), .. } = &s3.settings else { panic!("a server of one's own") };
        let url = format!("s3://copies/tour?region=us-east-1&endpoint={endpoint}");
        for (name, value) in [
            ("BLOB_MEDIA_URL", url.as_str()),
            ("BLOB_ORIGIN", endpoint),
            ("BLOB_ACCESS_KEY_ID", "test"),
            ("BLOB_SECRET_ACCESS_KEY", "test"),
        ] {
            command.env(format!("MINDFLOW_VARIABLE_{name}"), value);
        }
        let log = std::fs::File::create(data.path().join("tour.log")).expect("a log");
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
        end_with_parent(&mut command, Signal::TERM);
        let process = command.spawn().expect("xtask starts");
        let http = Http::at(&format!("http://{address}"));
        let mut application = Self { engine, http, claude, started_in: Duration::ZERO, process, data, _s3: s3 };
        let client = reqwest::Client::new();
        let url = application.http.url("/graphql");
        let ready = until_within(ready_within, "the application answers", async || {
            let ended = application.process.try_wait().expect("a child");
            assert!(ended.is_none(), "it has ended before it answered: {ended:?}");
            let query = client.post(&url).json(&json!({ "query": "{ __typename }" })).send().await;
            query.is_ok_and(|answer| answer.status() == 200)
        });
        ready.await;
        application.started_in = begun.elapsed();
        application
    }

    /// A new user with a role, logged in with it.
    pub async fn register_as(&self, role: &str) -> Account {
        let account = Account::register(&self.http).await;
        let granted = self.host(&["users", "grant", &account.email, role]);
        assert!(granted.status.success(), "{granted:?}");
        account.login().await
    }

    /// The process that serves, among the children of `xtask`.
    pub fn server(&self) -> u32 {
        let name = self.engine.to_string();
        let mut open = vec![self.process.id()];
        let mut found = None;
        while let Some(pid) = open.pop() {
            let named = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            // `spin up` starts itself once more, as the trigger.
            if named.trim() == name {
                found = Some(pid);
            }
            for task in std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
                let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
                open.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
            }
        }
        found.unwrap_or_else(|| panic!("no process `{name}` runs"))
    }

    pub async fn stop(self) {
        let pid = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, Signal::TERM).expect("it runs");
        tokio::task::spawn_blocking(move || {
            let mut application = self;
            let _ = application.process.wait();
        })
        .await
        .expect("it ends");
    }

    /// For commands of this host on the same stores.
    pub fn settings(&self) -> Vec<(String, String)> {
        let settings = std::fs::read_to_string(self.data.path().join("host.env")).expect("what `spin-up` left");
        let settings = settings.lines().filter_map(|line| line.split_once('='));
        settings.map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned())).collect()
    }

    fn host(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = Command::new(binary());
        command.current_dir(root()).args(arguments).envs(self.settings()).output().expect("the host's program starts")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.data.path().join("tour.log")).unwrap_or_default()
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let last = lines.len().saturating_sub(LOG_LINES);
            eprintln!("the last lines of `xtask spin-up --engine {}`:\n{}", self.engine, lines[last..].join("\n"));
        }
    }
}
