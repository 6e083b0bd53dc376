//! Servers that are programs of a package registry: `scripts/test` installs them into the cache folder.

use std::{path::PathBuf, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// The folder that `scripts/test` named.
pub(crate) fn packages(variable: &str) -> PathBuf {
    std::env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} is not set: run scripts/test, which installs the server"))
        .into()
}

/// `servers/NAME/server.py` with its packages.
pub(crate) fn python(name: &str, variable: &str) -> Command {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("servers").join(name).join("server.py");
    let mut command = Command::new("python3");
    command.arg(script).env("PYTHONPATH", packages(variable));
    command
}

/// Starts the server, and gives the line that it prints when it is ready. It ends when its standard input does.
pub(crate) async fn start(command: &mut Command) -> (Child, String) {
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut line = String::new();
    let stdout = process.stdout.take().expect("its output is piped");
    BufReader::new(stdout).read_line(&mut line).await.expect("the server prints a line");
    (process, line.trim().to_owned())
}
