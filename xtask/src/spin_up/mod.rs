//! Runs the composed application by the command `spin`, on a PostgreSQL and a Redis of its own: what `spin up` alone would do for
//! an application without stores.

mod secrets;
mod stores;

use crate::cargo::{cargo, from_xtask, succeed};
use crate::signals::{Signals, run_to_end, run_to_end_by};
use crate::workspace::{HOST, Workspace};
use crate::{lookup, plugin};
use anyhow::{Context, Result, bail};
use cargo_metadata::semver::Version;
use clap::{Args, ValueEnum};
use mindflow_servers::end_with_parent;
use rustix::process::Signal;
use secrets::Secrets;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode};
use stores::Stores;

/// The first version with the interfaces of `xtask/src/compose/spin-4.1.txt`.
const SPIN_MIN: Version = Version::new(4, 1, 0);
/// Names the program, if it is not on the PATH.
const SPIN_ENV: &str = "SPIN";
/// Where Spin keeps plugins, if not in the user's folder.
const SPIN_DATA_DIR: &str = "SPIN_DATA_DIR";
/// See `tests/tour`.
const TOUR: &str = "mindflow-tour";
const CONFIG: &str = "runtime-config/services.toml";

#[derive(Args)]
pub struct SpinUpArgs {
    /// Where the databases and secrets of this application are kept
    #[arg(long, value_name = "DIR", default_value = ".mindflow/spin")]
    data_dir: PathBuf,
    /// Where to listen
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:3000")]
    listen: String,
    /// This host's program, which migrates, rings and knows the variables
    #[arg(long, value_name = "FILE")]
    host: Option<PathBuf>,
    /// What runs the application; either works on the stores of the other
    #[arg(long, value_enum, default_value_t)]
    engine: Engine,
    /// Go on with what is edited: `spin watch`, which builds and restarts, or `mindflow up --watch`, which swaps what was built
    #[arg(long)]
    watch: bool,
    /// Instead, walk through the application on fresh stores, on Spin and on this host, and say what differs and how fast each is
    #[arg(long)]
    tour: bool,
    /// Only this part of the tour (may be given several times)
    #[arg(long, value_enum, value_name = "PART", requires = "tour")]
    part: Vec<Part>,
    /// Further arguments of `spin up`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "SPIN ARGS")]
    spin: Vec<OsString>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Engine {
    #[default]
    Spin,
    /// This host
    Mindflow,
    /// This host, as the plugin `mindflow` of the command `spin`
    Plugin,
}

/// As `tests/tour` names them.
#[derive(Clone, Copy, ValueEnum)]
enum Part {
    /// What a client does, and what must come of it
    Walk,
    /// How fast each is
    Load,
    /// What a client sees while a source is edited, which is put back: `spin watch`, and the plugin with `--watch`
    Swap,
}

pub fn run(workspace: &Workspace, args: &SpinUpArgs) -> Result<ExitCode> {
    let spin = if args.engine != Engine::Mindflow || args.tour { spin()? } else { PathBuf::new() };
    if args.tour {
        return tour(workspace, args);
    }
    let data = workspace.root.join(&args.data_dir);
    let secrets = Secrets::of(&data)?;
    // From here on, a signal ends `spin` and then this function.
    let mut signals = Signals::watch()?;
    let stores = Stores::start(&data, &secrets)?;
    let host =
        Host { program: args.host(workspace)?, root: workspace.root.clone(), settings: stores.settings(&secrets) };
    write_settings(&data.join("host.env"), &data.join("host"), &host.settings)?;
    succeed(host.command().arg("migrate").arg("--data-dir").arg(data.join("host")), "mindflow migrate")?;
    if signals.arrived() {
        return Ok(ExitCode::FAILURE);
    }
    let mut up = match args.engine {
        Engine::Spin => {
            let variables = host.variables()?;
            let _relay = Relay::start(&host, &format!("http://{}", args.listen), &secrets)?;
            // It builds by cargo when it watches.
            let mut up = from_xtask(Command::new(spin), &workspace.root);
            up.arg(if args.watch { "watch" } else { "up" }).arg("--from").arg(workspace.root.join("spin.toml"));
            if args.watch {
                up.arg("--");
            }
            up.args(["--listen", &args.listen, "--log-dir"]).arg(data.join("logs"));
            up.args(&args.spin).envs(variables.iter().map(|(name, value)| (environment_name(name), value)));
            // At SIGTERM it ends without its child, which serves.
            end_with_parent(&mut up, Signal::INT);
            return run_to_end_by(up, "spin", signals, Signal::INT);
        }
        Engine::Mindflow => host.command(),
        Engine::Plugin => host.as_plugin(&spin, &data)?,
    };
    up.args(["up", "--listen", &args.listen, "--data-dir"]).arg(data.join("host"));
    if args.watch {
        up.arg("--watch");
    }
    if args.engine == Engine::Plugin {
        // Spin has the host stop in order at this signal alone.
        end_with_parent(&mut up, Signal::INT);
        return run_to_end_by(up, "spin mindflow", signals, Signal::INT);
    }
    end_with_parent(&mut up, Signal::TERM);
    run_to_end(up, "mindflow up", signals)
}

/// Hands over to the program that is a client, `tests/tour`.
fn tour(workspace: &Workspace, args: &SpinUpArgs) -> Result<ExitCode> {
    let mut build = cargo(&workspace.root);
    succeed(build.args(["build", "--package", "mindflow-tests", "--bin", TOUR]), "the build of the tour")?;
    let mut tour = from_xtask(Command::new(workspace.target().join("debug").join(TOUR)), &workspace.root);
    tour.args(args.part.iter().filter_map(|part| Some(part.to_possible_value()?.get_name().to_owned())))
        .env("MINDFLOW_XTASK", std::env::current_exe().context("find xtask")?)
        .env("MINDFLOW_BIN", args.host(workspace)?);
    end_with_parent(&mut tour, Signal::TERM);
    run_to_end(tour, "the tour", Signals::watch()?)
}

/// For commands of this host on the same stores: `set -a; . host.env; set +a`.
fn write_settings(path: &Path, data_dir: &Path, settings: &[(String, String)]) -> Result<()> {
    let text: String = settings.iter().map(|(name, value)| format!("{name}='{value}'\n")).collect();
    let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path);
    let head = format!("MINDFLOW_CONFIG='{CONFIG}'\nMINDFLOW_DATA_DIR='{}'", data_dir.display());
    let written = file.and_then(|mut file| writeln!(file, "{head}\n{}", text.trim_end()));
    written.with_context(|| format!("write {}", path.display()))
}

/// The program, if it is one that can run the application.
fn spin() -> Result<PathBuf> {
    let named = std::env::var_os(SPIN_ENV).map(PathBuf::from);
    let Some(program) = named.or_else(|| lookup::on_path("spin")) else {
        bail!(
            "the command `spin` is not installed; get Spin {SPIN_MIN} or later from spinframework.dev, or name it by {SPIN_ENV}=FILE"
        );
    };
    let printed = Command::new(&program).arg("--version").output();
    let printed = printed.with_context(|| format!("start {}", program.display()))?.stdout;
    let printed = String::from_utf8_lossy(&printed);
    match version(&printed) {
        Some(found) if is_new_enough(&found) => Ok(program),
        Some(found) => bail!("{} is Spin {found}; {SPIN_MIN} or later is needed", program.display()),
        None => bail!("{} does not say which version it is: {}", program.display(), printed.trim()),
    }
}

/// Of `spin 4.1.0-pre0 (94a8fc8 2026-08-21)`.
fn version(printed: &str) -> Option<Version> {
    printed.split_whitespace().find_map(|word| Version::parse(word).ok())
}

/// A build before a release has what the release has.
fn is_new_enough(found: &Version) -> bool {
    (found.major, found.minor, found.patch) >= (SPIN_MIN.major, SPIN_MIN.minor, SPIN_MIN.patch)
}

/// As Spin's provider of variables by the environment has it.
fn environment_name(variable: &str) -> String {
    format!("SPIN_VARIABLE_{}", variable.to_uppercase())
}

impl SpinUpArgs {
    fn host(&self, workspace: &Workspace) -> Result<PathBuf> {
        let program = self.host.clone().unwrap_or_else(|| workspace.target().join("release").join(HOST));
        program.canonicalize().with_context(|| format!("find this host's program, {}", program.display()))
    }
}

/// This host's program with the stores in its environment.
struct Host {
    program: PathBuf,
    root: PathBuf,
    settings: Vec<(String, String)>,
}

impl Host {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(&self.root)
            .args(["--config", CONFIG])
            .envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The same by the command `spin`, with the plugin that `cargo xtask plugin` makes, installed for this application alone.
    fn as_plugin(&self, spin: &Path, data: &Path) -> Result<Command> {
        let manifest = plugin::write(&self.program, &data.join("plugin"), None)?;
        let plugins = data.join("plugins");
        let mut install = Command::new(spin);
        install.args(["plugins", "install", "--yes", "--file"]).arg(manifest).env(SPIN_DATA_DIR, &plugins);
        succeed(&mut install, "spin plugins install")?;
        let mut command = Command::new(spin);
        command
            .current_dir(&self.root)
            .args([HOST, "--config", CONFIG])
            .env(SPIN_DATA_DIR, plugins)
            .envs(self.settings.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }

    /// By the names in `spin.toml`.
    fn variables(&self) -> Result<BTreeMap<String, String>> {
        let printed = self.command().args(["spin-variables", "--json"]).output();
        let printed = printed.with_context(|| format!("start {}", self.program.display()))?;
        if !printed.status.success() {
            bail!("{}", String::from_utf8_lossy(&printed.stderr).trim());
        }
        serde_json::from_slice(&printed.stdout).context("read what `mindflow spin-variables` prints")
    }
}

/// `mindflow relay`. Dropped, it ends.
struct Relay(Child);

impl Relay {
    fn start(host: &Host, url: &str, secrets: &Secrets) -> Result<Self> {
        let mut relay = Command::new(&host.program);
        relay.args(["relay", "--to", url]).env("MINDFLOW_RELAY_TOKEN", &secrets.relay).current_dir(Path::new("/"));
        end_with_parent(&mut relay, Signal::TERM);
        Ok(Self(relay.spawn().with_context(|| format!("start {}", host.program.display()))?))
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_of_spin_is_read_and_a_build_before_its_release_counts() {
        let found = version("spin 4.1.0-pre0 (94a8fc8 2026-08-21)\n").unwrap();
        assert!(is_new_enough(&found) && is_new_enough(&Version::new(5, 0, 0)));
        assert!(!is_new_enough(&version("spin 3.6.3 (abc 2026-01-01)").unwrap()));
        assert_eq!(version("spin"), None);
    }
}
