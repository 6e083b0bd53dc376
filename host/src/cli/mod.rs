//! The command line. Every command takes `--manifest`, `--config` and `--data-dir`; it ends with code 0,
//! or with code 1 and one line on standard error.

mod audit;
mod commands;
mod error;
mod events;
mod heap;
mod logs;
mod open_files;
mod output;
mod relay;
mod signals;
mod spin_variables;
mod table;
mod up;
mod watch;

use crate::{
    data_dir::keep_files_private,
    manifest::{ListenAddress, Manifest, ManifestError, RuntimeConfig, texts, with_variables},
    observe,
};
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, error::ErrorKind};
use error::CliError;
use mindflow_backends::error::chain;
use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// MindFlow: a journaling platform of sandboxed WebAssembly components.
#[derive(Debug, Parser)]
#[command(name = "mindflow", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    location: AppLocation,
    #[command(subcommand)]
    command: Command,
}

/// Which application to run, and where its configuration and data are.
#[derive(Debug, Clone, Args)]
pub struct AppLocation {
    /// The application manifest; component files and migrations are found relative to it.
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
    /// Where data and sockets live [default: .mindflow]
    #[arg(long, global = true, value_name = "DIR", env = "MINDFLOW_DATA_DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the platform and serve until SIGTERM or Ctrl-C.
    Up {
        /// Where to listen; :PORT is all addresses of this machine, of IPv4 and IPv6 [env: MINDFLOW_LISTEN] [default: 127.0.0.1:3000]
        // The variable is a setting, whose errors show no value.
        #[arg(long, value_name = "ADDR:PORT")]
        listen: Option<ListenAddress>,
        /// Swap a component when its file changes.
        #[arg(long)]
        watch: bool,
        /// Start on a schema with migrations of a newer version, if they only add.
        #[arg(long)]
        allow_newer_schema: bool,
    },
    /// Bring the databases' schemas up to date, and make the keys and subscriptions that the first start would make.
    Migrate,
    /// Check manifest, configuration and components without starting anything, and say what databases leave open.
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
    /// Deliver archived events to a consumer again; or rebuild what it stores in scratch databases, and compare.
    Replay(events::ReplayArguments),
    /// Manage the signing keys.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Print the variables that Spin needs to work on the stores of the configuration, passwords included.
    SpinVariables {
        /// Print a JSON object instead of lines for a shell.
        #[arg(long)]
        json: bool,
    },
    /// Ring the components of an application on Spin regularly, so that events and schedules do not wait for a write.
    Relay(relay::RelayArguments),
    /// A command that a component executes.
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
        /// At most this many, up to 100.
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

impl AppLocation {
    fn manifest(&self) -> Result<Manifest, ManifestError> {
        Manifest::load(&self.manifest)
    }

    fn manifest_and_config(&self) -> Result<(Manifest, RuntimeConfig), ManifestError> {
        let manifest = self.manifest()?;
        let config = self.config_with(Some(&manifest))?;
        Ok((manifest, config))
    }

    /// Of a command that needs no manifest.
    fn config(&self) -> Result<RuntimeConfig, ManifestError> {
        self.config_with(self.manifest().ok().as_ref())
    }

    fn config_with(&self, manifest: Option<&Manifest>) -> Result<RuntimeConfig, ManifestError> {
        let relative = self.manifest.parent().unwrap_or(Path::new("")).join(&self.config);
        let path = if self.config.exists() || !relative.exists() { &self.config } else { &relative };
        let mut config = RuntimeConfig::load(path, manifest)?;
        if let Some(data_dir) = &self.data_dir {
            config.data_dir.clone_from(data_dir);
        }
        Ok(config)
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    keep_files_private();
    heap::bound_arenas();
    let (command, operated) = command();
    let matches = match command.try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return refused(&error),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(CliError::from);
    let outcome = runtime.and_then(|runtime| {
        let outcome = runtime.block_on(run(&matches, &operated));
        // Nothing waits for the results of tasks that still run.
        runtime.shutdown_background();
        outcome
    });
    observe::logs::flush();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if output::has_lost_its_reader(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let variables = std::env::vars_os().map(|(name, _)| name);
            output::note(format_args!("mindflow: {}", with_variables(&chain(&error), variables)));
            ExitCode::FAILURE
        }
    }
}

/// Prints help and version; anything else is a wrong command line, printed in one line like every other error.
fn refused(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return match error.print().map_err(CliError::Output) {
            Err(error) if !output::has_lost_its_reader(&error) => {
                output::note(format_args!("mindflow: {}", chain(&error)));
                ExitCode::FAILURE
            }
            _ => ExitCode::SUCCESS,
        };
    }
    let text = error.to_string();
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = output::line(text.trim_end());
        output::note("mindflow: say which command");
        return ExitCode::FAILURE;
    }
    if error.kind() == ErrorKind::InvalidUtf8 {
        // Only this one of the variables is text; paths may have any bytes.
        let of_variable = texts::text(relay::TOKEN).err().map(|rule| rule.to_string());
        let rule = of_variable.unwrap_or_else(|| "an argument is no UTF-8, and only paths may be".to_owned());
        output::note(format_args!("mindflow: {rule}"));
        return ExitCode::FAILURE;
    }
    let what = paragraph(&text, " ");
    let usage = text
        .split_once("Usage: ")
        .map_or("see `mindflow --help`".to_owned(), |(_, usage)| format!("usage: {}", paragraph(usage, " | ")));
    output::note(format_args!("mindflow: {}; {usage}", what.strip_prefix("error: ").unwrap_or(&what)));
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
        if let Some(path) = argument.as_bytes().strip_prefix(b"--manifest=") {
            return Some(PathBuf::from(OsStr::from_bytes(path)));
        }
    }
    std::env::var_os("MINDFLOW_MANIFEST").map(PathBuf::from)
}

async fn run(matches: &ArgMatches, operated: &[String]) -> Result<(), CliError> {
    if let Some((name, arguments)) = matches.subcommand()
        && operated.iter().any(|operated| operated == name)
        && let Ok(words) = arguments.try_get_many::<String>("words")
    {
        let location = AppLocation::from_arg_matches(matches)?;
        let mut words: Vec<String> = words.into_iter().flatten().cloned().collect();
        let given = |flag: &&clap::Id| {
            flag.as_str() != "json" && matches!(arguments.try_get_one(flag.as_str()), Ok(Some(true)))
        };
        words.extend(arguments.ids().filter(given).map(|flag| format!("--{flag}")));
        return commands::operate(&location, name, words, arguments.get_flag("json")).await;
    }
    let Cli { location, command } = Cli::from_arg_matches(matches)?;
    match command {
        Command::Up { listen, watch, allow_newer_schema } => {
            up::run(&location, listen, watch, allow_newer_schema).await
        }
        Command::Migrate => commands::migrate(&location).await,
        Command::Check => commands::check(&location).await,
        Command::Components(ComponentsCommand::List { json }) => commands::components(&location, json).await,
        Command::Swap { component, file } => commands::swap(&location, component, &file).await,
        Command::DeadLetters(command) => commands::dead_letters(&location, command).await,
        Command::Archive(command) => events::archive(&location, command).await,
        Command::Audit(command) => audit::audit(&location, command).await,
        Command::Logs(arguments) => logs::logs(&location, arguments).await,
        Command::Replay(arguments) => events::replay(&location, arguments).await,
        Command::SpinVariables { json } => spin_variables::print(&location, json),
        Command::Relay(arguments) => relay::relay(arguments).await,
        Command::Keys(KeysCommand::Rotate) => commands::rotate_keys(&location).await,
        Command::Operator(words) => Err(CliError::UnknownCommand(words.into_iter().next().unwrap_or_default())),
    }
}
