//! A sentence model in a process of its own, `mindflow-embedder`: started when it is first wanted, asked over a
//! unix socket, and started again when it ends. It ends with this process, because its standard input does.
//!
//! The program and the model may be installed while the host runs: on a new machine the host is ready before them.

use super::{Disclosing, Embeddings, Error, LocalConfig, OpenError, api::Api};
use crate::clock;
use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBuilder};
use std::{
    fs::File,
    os::fd::AsRawFd,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    sync::{Notify, watch},
    task::JoinHandle,
    time::timeout,
};

/// The name of its folder in the cache folder, which is the model's as well.
const MODEL: &str = "all-minilm-l6-v2";
const PROGRAM: &str = "mindflow-embedder";
/// In a folder of its own.
const SOCKET: &str = "socket";
/// Until it has read its model; a few seconds on a slow disk.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a text waits for a start: as long as one takes on an idle machine.
const READY_WAIT: Duration = Duration::from_secs(5);
/// Between an end and the next start; doubles with each failed start.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);
const PAUSES: ExponentialBuilder =
    ExponentialBuilder::new().with_min_delay(PAUSE_MIN).with_max_delay(PAUSE_MAX).without_max_times();
/// How often a program or model that is not installed is looked for.
const INSTALLED_POLL: Duration = Duration::from_secs(1);
/// After a process has lived so long, the next start is a first one again.
const STABLE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Starting,
    Ready,
    Down(String),
}

pub(super) struct Local {
    api: Api,
    state: watch::Receiver<State>,
    wanted: Arc<Notify>,
    supervisor: JoinHandle<()>,
    /// Where the socket lies.
    _folder: File,
}

struct Supervisor {
    program: PathBuf,
    model_dir: PathBuf,
    socket: PathBuf,
    state: watch::Sender<State>,
    /// Nothing is started before: an operator's command needs no model.
    wanted: Arc<Notify>,
}

impl Local {
    pub async fn start(config: &LocalConfig, data_dir: &Path) -> Result<Self, OpenError> {
        let model_dir = match &config.model_dir {
            Some(configured) => configured.clone(),
            // Without a folder for it there is no model, as before one is installed.
            None => cache().map(|cache| cache.join("models").join(MODEL)).unwrap_or_default(),
        };
        let program = match &config.program {
            Some(configured) => configured.clone(),
            None => std::env::current_exe().map_err(|_| OpenError::NoProgram)?.with_file_name(PROGRAM),
        };
        let folder = data_dir.join("embedder");
        private_folder(&folder).await.map_err(|source| OpenError::Folder { folder: folder.clone(), source })?;
        let socket = folder.join(SOCKET);
        // The kernel takes at most 107 bytes as a socket's path, so the folder is held open and the socket is named through it.
        let opened = File::open(&folder).map_err(|source| OpenError::Folder { folder: folder.clone(), source })?;
        let short = PathBuf::from(format!("/proc/self/fd/{}/{SOCKET}", opened.as_raw_fd()));
        let name = model_dir.file_name().map_or_else(|| MODEL.into(), |name| name.to_string_lossy().into_owned());
        let api = Api::on_socket(&short, name)?;
        let (sender, state) = watch::channel(State::Starting);
        let wanted = Arc::new(Notify::new());
        let supervisor = Supervisor { program, model_dir, socket, state: sender, wanted: Arc::clone(&wanted) };
        Ok(Self { api, state, wanted, supervisor: tokio::spawn(supervisor.run()), _folder: opened })
    }

    async fn ready(&self) -> Result<(), Error> {
        self.warm_up();
        let mut state = self.state.clone();
        let settled = timeout(READY_WAIT, state.wait_for(|state| *state != State::Starting)).await;
        match settled {
            Ok(Ok(state)) => match &*state {
                State::Down(reason) => Err(Error::Unavailable(reason.clone())),
                State::Starting | State::Ready => Ok(()),
            },
            Ok(Err(_)) => Err(Error::Unavailable("the host is stopping".into())),
            Err(_) => Err(Error::Unavailable("the model is being read".into())),
        }
    }
}

/// Other users' processes may not use it.
async fn private_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    tokio::fs::create_dir_all(folder).await?;
    tokio::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).await
}

/// As `scripts/` have it.
fn cache() -> Option<PathBuf> {
    let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    var("MINDFLOW_CACHE")
        .or_else(|| var("XDG_CACHE_HOME").map(|dir| dir.join("mindflow")))
        .or_else(|| var("HOME").map(|home| home.join(".cache/mindflow")))
}

impl Supervisor {
    async fn run(self) {
        self.wanted.notified().await;
        let mut pauses = PAUSES.build();
        loop {
            self.installed().await;
            let began = clock::instant();
            let reason = match self.start().await {
                Ok(child) => {
                    tracing::info!(model = %self.model_dir.display(), "the sentence model is ready");
                    self.state.send_replace(State::Ready);
                    ended(child).await
                }
                Err(reason) => reason,
            };
            if began.elapsed() >= STABLE {
                pauses = PAUSES.build();
            }
            let pause = pauses.next().unwrap_or(PAUSE_MAX);
            tracing::warn!(reason, pause_s = pause.as_secs(), "the sentence model is down; it is started again");
            self.state.send_replace(State::Down(reason));
            tokio::time::sleep(pause).await;
            self.state.send_replace(State::Starting);
        }
    }

    /// Waits for the program and the model, and says once what it waits for.
    async fn installed(&self) {
        let Some(reason) = self.missing() else { return };
        tracing::info!(reason, "the sentence model is not installed yet; it is used as soon as it is");
        self.state.send_replace(State::Down(reason));
        while let Some(reason) = self.missing() {
            self.state.send_if_modified(|state| {
                let down = State::Down(reason);
                let changed = *state != down;
                *state = down;
                changed
            });
            tokio::time::sleep(INSTALLED_POLL).await;
        }
        self.state.send_replace(State::Starting);
    }

    fn missing(&self) -> Option<String> {
        if self.model_dir.as_os_str().is_empty() {
            return Some("neither HOME nor [embeddings] model-dir says where the model is".to_owned());
        }
        let wanted = [(&self.program, "program"), (&self.model_dir, "model")];
        let (path, what) = wanted.into_iter().find(|(path, _)| !path.exists())?;
        Some(format!("there is no {what} at {}; scripts/up installs it", path.display()))
    }

    /// The process, once it has read its model.
    async fn start(&self) -> Result<Child, String> {
        let mut child = Command::new(&self.program)
            .arg("--model-dir")
            .arg(&self.model_dir)
            .arg("--socket")
            .arg(&self.socket)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", self.program.display()))?;
        let said = child.stdout.take();
        tokio::spawn(log(child.stderr.take()));
        let first = async {
            let mut line = String::new();
            if let Some(stdout) = said {
                BufReader::new(stdout).read_line(&mut line).await?;
            }
            Ok::<_, std::io::Error>(line)
        };
        match timeout(START_TIMEOUT, first).await {
            Ok(Ok(line)) if line.trim() == "ready" => Ok(child),
            Ok(_) => Err(ended(child).await),
            Err(_) => Err(format!("it was not ready within {} s", START_TIMEOUT.as_secs())),
        }
    }
}

/// Waits for the process's end, holding its standard input open until then.
async fn ended(mut child: Child) -> String {
    let input = child.stdin.take();
    let end = child.wait().await;
    drop(input);
    end.map_or_else(|error| error.to_string(), |status| format!("its process ended: {status}"))
}

async fn log(stderr: Option<impl AsyncRead + Unpin>) {
    let Some(stderr) = stderr else { return };
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tracing::warn!(line, "the sentence model says");
    }
}

#[async_trait]
impl Embeddings for Local {
    async fn embed(&self, texts: &[String], ledger: &dyn Disclosing) -> Result<Vec<Vec<f32>>, Error> {
        mindflow_platform::embeddings::check(texts)?;
        self.ready().await?;
        self.api.embed(texts, ledger).await
    }

    fn leaves(&self) -> bool {
        self.api.leaves()
    }

    fn model(&self) -> &str {
        self.api.model()
    }

    fn warm_up(&self) {
        self.wanted.notify_one();
    }

    async fn close(&self) {
        self.supervisor.abort();
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.supervisor.abort();
    }
}
