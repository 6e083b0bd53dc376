//! The web client: built by npm into `web/dist`, from which the component `web` has its files, and its tests. Nothing is built again that has not
//! changed.
//!
//! It takes minutes and Node 24, so no build of components does it by itself: without it, the component has a page that says so.

use crate::bench;
use crate::bench::host::{Host, Launch};
use crate::cargo::succeed;
use crate::workspace::{HOST, Workspace};
use crate::{lookup, npm};
use anyhow::{Context, Result};
use clap::Args;
use sha2::{Digest, Sha256};
use std::env;
use std::fs::{self, File, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCES: &str = "web";
/// Written last by the client's build.
const LIST: &str = "dist/files.json";
/// The digest of the sources that `dist` was built from.
const STAMP: &str = "node_modules/.built";
/// The stories, in its folder.
const STORIES: &str = "e2e";
/// What the host of its stories runs on.
const EMBEDDED: &str = "runtime-config/embedded.toml";
/// A sentence model next to it, which its stories know by the same setting.
const EMBEDDINGS: (&str, &str) = ("MINDFLOW_EMBEDDINGS__BACKEND", "local");
/// The schedule of exports and imports, in the manifest.
const JOBS: &str = "name = \"run-jobs\"\n";
/// As many workers as there are receivers: `web/playwright.config.ts`.
const STORIES_AT_A_TIME: usize = 3;
/// Folders that nothing in `dist` comes from. Those that begin with a dot are tools'.
const NO_SOURCES: [&str; 6] = ["budgets", "dist", STORIES, "node_modules", "playwright-report", "test-results"];

#[derive(Args)]
pub struct WebArgs {
    /// Also run its tests, which start the built host
    #[arg(long)]
    test: bool,
    /// Also lint it
    #[arg(long)]
    lint: bool,
}

pub fn run(workspace: &Workspace, args: &WebArgs) -> Result<()> {
    let client = Client::of(workspace)?;
    client.build(workspace)?;
    if args.lint {
        client.lint()?;
    }
    if args.test {
        client.test(workspace, &lookup::postgres_bin()?, true)?;
    }
    Ok(())
}

/// The client's folder, and the Node that it needs.
pub struct Client {
    sources: PathBuf,
    npm: PathBuf,
    /// `PATH` with Node 24 first.
    path: std::ffi::OsString,
}

impl Client {
    /// Whether the repository has it.
    pub fn is_here(workspace: &Workspace) -> bool {
        workspace.root.join(SOURCES).join("package-lock.json").is_file()
    }

    pub fn of(workspace: &Workspace) -> Result<Self> {
        let npm = lookup::on_path("npm").context("there is no npm here: install Node with npm")?;
        let rest = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(std::iter::once(lookup::node_bin()?).chain(env::split_paths(&rest)))?;
        Ok(Self { sources: workspace.root.join(SOURCES), npm, path })
    }

    /// # Errors
    /// It cannot be built; what was built before may be gone.
    pub fn build(&self, workspace: &Workspace) -> Result<()> {
        // Concurrent builds share the folder.
        let lock = workspace.target().join("web.lock");
        fs::create_dir_all(workspace.target()).context("make the target folder")?;
        let lock = File::options()
            .create(true)
            .append(true)
            .open(&lock)
            .with_context(|| format!("open {}", lock.display()))?;
        lock.lock().context("wait for another build of the web client")?;

        npm::install(self.npm(), &self.sources, "the web client")?;
        let wanted = digest(&self.sources)?;
        let stamp = self.sources.join(STAMP);
        if self.sources.join(LIST).is_file() && fs::read_to_string(&stamp).is_ok_and(|built| built == wanted) {
            println!("build: the web client is unchanged");
            return Ok(());
        }
        println!("build: the web client");
        self.script("build")?;
        fs::write(&stamp, wanted).with_context(|| format!("write {}", stamp.display()))
    }

    pub fn lint(&self) -> Result<()> {
        self.script("lint")
    }

    /// Its units, and on a host of their own: its agreement with the server's schema, and its stories in a browser where they are asked for.
    pub fn test(&self, workspace: &Workspace, postgres_bin: &Path, stories: bool) -> Result<()> {
        let data = bench::data_dir("mindflow-web-")?;
        let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let manifest = data.path().join("stories.toml");
        fs::write(&manifest, stories_manifest(&workspace.root)?).context("write the manifest of the stories")?;
        let receivers = receivers().context("find ports for receivers of webhooks")?;
        let model = self.model_into(data.path())?;
        let settings = vec![
            setting("MINDFLOW_MANIFEST", &manifest.display().to_string()),
            // What a user may have called is on the public internet otherwise.
            setting("MINDFLOW_OUTBOUND__ALLOW_PRIVATE", &format!("{receivers:?}")),
            setting("MINDFLOW_POSTGRES_BIN", &postgres_bin.display().to_string()),
            // So that stories do not wait for hashes.
            setting("MINDFLOW_VARIABLE_BCRYPT_COST", "4"),
            setting("MINDFLOW_VARIABLE_ALLOW_WEAK_BCRYPT", "true"),
            // A model that takes no time: what is installed takes a core.
            setting(EMBEDDINGS.0, EMBEDDINGS.1),
            setting("MINDFLOW_EMBEDDINGS__PROGRAM", &model.display().to_string()),
            setting("MINDFLOW_EMBEDDINGS__MODEL_DIR", &self.sources.join(STORIES).display().to_string()),
        ];
        let mut launch =
            Launch::new(&workspace.root, data.path()).on(EMBEDDED, settings).logging_to(data.path().join("host.log"));
        launch.program = workspace.target().join("debug").join(HOST);
        let host = Host::start(&launch)?;
        let url = format!("http://{}", host.address);
        let check_schema = ["gql:check", "--", "--from", &url];
        let mut scripts = vec![&["test"][..], &check_schema];
        scripts.extend(stories.then_some(&["e2e"][..]));
        for script in scripts {
            let mut run = self.npm();
            run.arg("run").args(script).current_dir(&self.sources);
            run.env("MINDFLOW_URL", &url).env("MINDFLOW_WEB_URL", &url);
            // Some stories are of an operator's, or read the mails.
            run.env("MINDFLOW_BIN", &launch.program).env("MINDFLOW_DATA_DIR", data.path());
            run.env("MINDFLOW_MANIFEST", &manifest).env("MINDFLOW_CONFIG", workspace.root.join(EMBEDDED));
            run.env("MINDFLOW_RECEIVERS", receivers.join(",")).env(EMBEDDINGS.0, EMBEDDINGS.1);
            succeed(&mut run, &format!("npm run {} of the web client", script.join(" ")))?;
        }
        host.stop()
    }

    /// Writes the program of the stories' sentence model, which the host starts without any environment.
    fn model_into(&self, folder: &Path) -> Result<PathBuf> {
        let node = lookup::node_bin()?.join("node");
        let model = self.sources.join(STORIES).join("embedder.ts");
        let program = folder.join("stories-model");
        let text = format!("#!/bin/sh\nexec '{}' '{}' \"$@\"\n", node.display(), model.display());
        fs::write(&program, text).context("write the program of the stories' model")?;
        fs::set_permissions(&program, Permissions::from_mode(0o700)).context("make it a program")?;
        Ok(program)
    }

    fn script(&self, script: &str) -> Result<()> {
        let mut run = self.npm();
        succeed(run.args(["run", script]).current_dir(&self.sources), &format!("npm run {script} of the web client"))
    }

    fn npm(&self) -> Command {
        let mut npm = Command::new(&self.npm);
        npm.env("PATH", &self.path);
        npm
    }
}

/// The repository's manifest for a host whose stories do not wait for the next minute: exports and imports begin within a second.
fn stories_manifest(root: &Path) -> Result<String> {
    let path = root.join("spin.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let (every_minute, every_second) = (format!("{JOBS}cron = \"* * * * *\""), format!("{JOBS}cron = \"* * * * * *\""));
    anyhow::ensure!(
        text.contains(&every_minute),
        "{} has no schedule of jobs that begins every minute",
        path.display()
    );
    let absolute = |text: String, folder: &str| {
        text.replace(&format!("\"{folder}/"), &format!("\"{}/", root.join(folder).display()))
    };
    Ok(absolute(absolute(text.replace(&every_minute, &every_second), "target/components"), "migrations"))
}

/// Addresses of this machine that nothing listens at: one for each worker of the stories, whose receivers of webhooks are there. Not of
/// the ports that connections are given: a story listens at its own only later.
fn receivers() -> Result<Vec<String>> {
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let found: Vec<_> =
        (20_000..32_000).filter(free).map(|port| format!("127.0.0.1:{port}")).take(STORIES_AT_A_TIME).collect();
    anyhow::ensure!(found.len() == STORIES_AT_A_TIME, "no port from 20000 to 31999 is free");
    Ok(found)
}

/// Of the paths and the bytes of all sources.
fn digest(sources: &Path) -> Result<String> {
    let mut digest = Sha256::new();
    for file in files_under(sources).with_context(|| format!("read {}", sources.display()))? {
        digest.update(file.strip_prefix(sources).unwrap_or(&file).as_os_str().as_encoded_bytes());
        digest.update([0]);
        digest.update(fs::read(&file).with_context(|| format!("read {}", file.display()))?);
    }
    Ok(hex::encode(digest.finalize()))
}

/// In the order of their paths.
fn files_under(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") || NO_SOURCES.iter().any(|other| name == *other) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            files.extend(files_under(&entry.path())?);
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stories_have_the_repositorys_manifest_with_jobs_of_every_second() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let text = stories_manifest(root).unwrap();
        assert!(text.contains("name = \"run-jobs\"\ncron = \"* * * * * *\""));
        assert!(text.contains(&format!("\"{}/web.wasm\"", root.join("target/components").display())));
        assert!(!text.contains("\"migrations/"));
    }

    #[test]
    fn the_client_is_built_again_when_a_source_has_changed_and_not_for_what_was_built() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        write("src/main.ts", "one");
        write("package.json", "{}");
        let first = digest(folder.path()).unwrap();
        for other in ["dist/main.js", "node_modules/x/index.js", "e2e/login.spec.ts", ".angular/cache"] {
            write(other, "x");
        }
        assert_eq!(digest(folder.path()).unwrap(), first);
        write("src/main.ts", "two");
        let second = digest(folder.path()).unwrap();
        write("src/app/one.ts", "");
        assert!(second != first && digest(folder.path()).unwrap() != second);
    }
}
