//! A real mail server for one test: aiosmtpd, whose Python packages `scripts/test` lays into the cache folder.

#![allow(dead_code, reason = "each suite that includes it uses a part of it")]

use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The folder with the packages of `requirements.txt`.
const PACKAGES_ENV: &str = "MINDFLOW_PYTHON_SMTP_SERVER";

/// A server, its mails, and its process, which ends with it.
pub struct SmtpServer {
    pub port: u16,
    mails: tempfile::TempDir,
    process: Child,
}

impl SmtpServer {
    pub async fn start() -> Self {
        Self::start_with(0, &[]).await
    }

    /// A server on the port of one that was stopped.
    pub async fn again(&self) -> Self {
        Self::start_with(self.port, &[]).await
    }

    /// On a port, 0 for any; TLS as `server.py` takes it: its kind, the certificate's file and the key's.
    pub async fn start_with(port: u16, tls: &[&str]) -> Self {
        let packages = std::env::var(PACKAGES_ENV)
            .unwrap_or_else(|_| panic!("{PACKAGES_ENV} is not set: run scripts/test, which installs the mail server"));
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance/smtp_server/server.py");
        let mails = tempfile::tempdir().expect("a folder");
        let mut process = Command::new("python3")
            .arg(script)
            .arg(mails.path())
            .arg(port.to_string())
            .args(tls)
            .env("PYTHONPATH", packages)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("python3 starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("its output");
        BufReader::new(stdout).read_line(&mut line).await.expect("the server says its port");
        let port = line.trim().parse().expect("the server says its port");
        Self { port, mails, process }
    }

    /// Every mail that was taken, as it came, in no order; before it a line with the envelope.
    pub fn mails(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.mails.path()).expect("the folder");
        entries
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
            .map(|path| String::from_utf8(std::fs::read(path).expect("a mail")).expect("mails are ASCII"))
            .collect()
    }

    pub async fn stop(&mut self) {
        self.process.kill().await.expect("the server ends");
    }
}
