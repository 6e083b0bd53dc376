//! Why a command failed. It is printed with its causes, as one line.

use crate::{
    application::ApplicationError,
    data_dir::DataDirError,
    databases::DatabasesError,
    manifest::ManifestError,
    observe::{BuildError, logs::LogError},
    operator::OperatorError,
    start_error::StartError,
};
use std::{io, net::SocketAddr, path::PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    Application(#[from] ApplicationError),
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error(transparent)]
    Databases(#[from] DatabasesError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Operator(#[from] OperatorError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Metrics(#[from] BuildError),
    #[error(transparent)]
    Arguments(#[from] clap::Error),
    #[error("there is no command `{0}`; `mindflow --help` lists them")]
    UnknownCommand(String),
    /// A rule of an argument is broken; the text names both.
    #[error("{0}")]
    Argument(String),
    /// The command ended, and its result is not as it should be.
    #[error("{0}")]
    Result(String),
    #[error("cannot listen on {address}; {mend} {setting}")]
    Listen { address: SocketAddr, source: io::Error, mend: &'static str, setting: &'static str },
    #[error("cannot watch {}", path.display())]
    Watch { path: PathBuf, source: notify::Error },
    #[error("{}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{}", path.display())]
    Line { path: PathBuf, source: mindflow_backends::records::audit::export::LineError },
    #[error("standard output")]
    Output(#[source] io::Error),
    #[error("the host's answer cannot be read")]
    Answer(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Interrupted(#[from] tokio::task::JoinError),
}
