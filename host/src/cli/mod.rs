//! The command line. Every command takes `--manifest`, `--config` and `--data-dir`; it ends with code 0,
//! or with code 1 and one line on standard error.

mod audit;
mod commands;
mod events;
mod logs;
mod table;
mod up;
mod watch;

use crate::manifest::{Manifest, RuntimeConfig};
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, error::ErrorKind};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// MindFlow: a journaling platform of sandboxed WebAssembly components.
#[derive(Debug, Parser)]
#[command(name = "mindflow", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

/// Which application, and where.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// The application manifest; component files and migrations are found beside it.
    #[arg(long, global = true, value_name = "FILE", default_value = "spin.toml", env = "MINDFLOW_MANIFEST")]
    manifest: PathBuf,
    /// The runtime configuration: which back ends to use. Relative to the manifest if it is not here.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        default_value = "runtime-config/embedded.toml",
        env = "MINDFLOW_CONFIG"
    )]
    config: PathBuf,
    /// Where data, compiled components and sockets live [default: .mindflow]
    #[arg(long, global = true, value_name = "DIR", env = "MINDFLOW_DATA_DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the platform and serve until SIGTERM or Ctrl-C.
    Up {
        /// Where to listen [default: 127.0.0.1:3000]
        #[arg(long, value_name = "ADDR:PORT", env = "MINDFLOW_LISTEN")]
        listen: Option<SocketAddr>,
        /// Swap a component when its file changes.
        #[arg(long)]
        watch: bool,
    },
    /// Bring the databases' schemas up to date.
    Migrate,
    /// Check manifest, configuration and components without starting anything.
    Check,
    /// Look at the components.
    #[command(subcommand)]
    Components(ComponentsCommand),
    /// Replace a component of the running host; requests go on.
    Swap {
        /// The component's name, such as `query`.
        component: String,
        /// The new component file.
        file: PathBuf,
    },
    /// Look at the events that a subscription gave up on, and deliver or discard them.
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// Copy the archive of events to object storage, fill it from there, or say what is copied.
    #[command(subcommand)]
    Archive(events::ArchiveCommand),
    /// Verify the audit trail, or export it.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Look at what hosts and components logged.
    Logs(logs::LogsArguments),
    /// Hand archived events to a consumer once more; or build what it keeps anew beside the live one, and compare.
    Replay(events::ReplayArguments),
    /// Look after the signing keys.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// A command that a component carries out.
    #[command(external_subcommand)]
    Operator(Vec<String>),
}

#[derive(Debug, Subcommand)]
enum ComponentsCommand {
    /// List the components with their state.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
enum DeadLettersCommand {
    /// List them, newest first.
    List {
        /// Only this subscription's, such as `query`.
        #[arg(long, value_name = "NAME")]
        consumer: Option<String>,
        /// At most this many, and no more than 100.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one with its whole event, as JSON.
    Show { id: String },
    /// Deliver one again, then what waits behind it, in order.
    Retry { id: String },
    /// Give one up and go on with what waits behind it; the archive keeps the event.
    Discard { id: String },
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Sign with a new key from now on; tokens of the old one stay valid until they expire.
    Rotate,
}

impl Place {
    fn manifest(&self) -> Result<Manifest, String> {
        Manifest::load(&self.manifest).map_err(|error| line(&error))
    }

    fn config(&self) -> Result<RuntimeConfig, String> {
        let beside = self.manifest.parent().unwrap_or(Path::new("")).join(&self.config);
        let path = if self.config.exists() || !beside.exists() { &self.config } else { &beside };
        let mut config = RuntimeConfig::load(path).map_err(|error| line(&error))?;
        if let Some(data_dir) = &self.data_dir {
            config.data_dir.clone_from(data_dir);
        }
        Ok(config)
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let (command, operated) = command();
    let matches = match command.try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return refused(&error),
    };
    let outcome =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string()).and_then(
            |runtime| {
                let outcome = runtime.block_on(run(&matches, &operated));
                // Whatever still computes is of no use to anyone any more.
                runtime.shutdown_background();
                outcome
            },
        );
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("mindflow: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// Help and version as asked for; anything else is a wrong command line, told in one line like every other error.
fn refused(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return if error.print().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let text = error.to_string();
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        println!("{}", text.trim_end());
        eprintln!("mindflow: say which command");
        return ExitCode::FAILURE;
    }
    let what = paragraph(&text, " ");
    let usage = text
        .split_once("Usage: ")
        .map_or("see `mindflow --help`".to_owned(), |(_, usage)| format!("usage: {}", paragraph(usage, " | ")));
    eprintln!("mindflow: {}; {usage}", what.strip_prefix("error: ").unwrap_or(&what));
    ExitCode::FAILURE
}

/// The lines up to the first empty one, as one line.
fn paragraph(text: &str, between: &str) -> String {
    text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(between)
}

/// The commands with those that the manifest adds, so that `--help` shows them all; and the names of the latter.
fn command() -> (clap::Command, Vec<String>) {
    let mut command = Cli::command();
    let mut operated = Vec::new();
    let path = manifest_argument().unwrap_or_else(|| PathBuf::from("spin.toml"));
    let Ok(manifest) = Manifest::load(&path) else { return (command, operated) };
    for (name, entry) in manifest.commands {
        operated.push(name.clone());
        let usage = entry.usage.iter().map(|usage| format!("mindflow {usage}")).collect::<Vec<_>>().join("\n       ");
        let bare = |usage: &String| usage.split_whitespace().filter(|word| !word.starts_with('[')).count() == 1;
        let words = clap::Arg::new("words").num_args(1..).required(!entry.usage.iter().any(bare)).hide(true);
        let json = clap::Arg::new("json").long("json").action(clap::ArgAction::SetTrue).help("Print JSON");
        let flags = entry
            .flags
            .into_iter()
            .map(|(flag, help)| clap::Arg::new(flag.clone()).long(flag).action(clap::ArgAction::SetTrue).help(help));
        let operated = clap::Command::new(name).about(entry.about).override_usage(usage);
        command = command.subcommand(operated.arg(json).arg(words).args(flags));
    }
    (command, operated)
}

/// `--manifest`, before the arguments can be parsed as a whole.
fn manifest_argument() -> Option<PathBuf> {
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--manifest" {
            return arguments.next().map(PathBuf::from);
        }
        if let Some(path) = argument.to_str().and_then(|argument| argument.strip_prefix("--manifest=")) {
            return Some(PathBuf::from(path));
        }
    }
    std::env::var_os("MINDFLOW_MANIFEST").map(PathBuf::from)
}

async fn run(matches: &ArgMatches, operated: &[String]) -> Result<(), String> {
    if let Some((name, arguments)) = matches.subcommand()
        && operated.iter().any(|operated| operated == name)
        && let Ok(words) = arguments.try_get_many::<String>("words")
    {
        let place = Place::from_arg_matches(matches).map_err(|error| error.to_string())?;
        let mut words: Vec<String> = words.into_iter().flatten().cloned().collect();
        let given = |flag: &&clap::Id| {
            flag.as_str() != "json" && matches!(arguments.try_get_one(flag.as_str()), Ok(Some(true)))
        };
        words.extend(arguments.ids().filter(given).map(|flag| format!("--{flag}")));
        return commands::operate(&place, name, words, arguments.get_flag("json")).await;
    }
    let Cli { place, command } = Cli::from_arg_matches(matches).map_err(|error| error.to_string())?;
    match command {
        Command::Up { listen, watch } => up::run(&place, listen, watch).await,
        Command::Migrate => commands::migrate(&place).await,
        Command::Check => commands::check(&place).await,
        Command::Components(ComponentsCommand::List { json }) => commands::components(&place, json).await,
        Command::Swap { component, file } => commands::swap(&place, component, &file).await,
        Command::DeadLetters(command) => commands::dead_letters(&place, command).await,
        Command::Archive(command) => events::archive(&place, command).await,
        Command::Audit(command) => audit::audit(&place, command).await,
        Command::Logs(arguments) => logs::logs(&place, arguments).await,
        Command::Replay(arguments) => events::replay(&place, arguments).await,
        Command::Keys(KeysCommand::Rotate) => commands::rotate_keys(&place).await,
        Command::Operator(words) => Err(format!(
            "there is no command `{}`; `mindflow --help` lists them",
            words.first().map_or("", String::as_str)
        )),
    }
}

/// An error with its causes, in one line.
pub(crate) fn line(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        if !text.contains(&reason) {
            text.push_str(": ");
            text.push_str(&reason);
        }
        cause = error.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
