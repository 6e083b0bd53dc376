//! A real mail server, for one test: aiosmtpd.

use crate::child::{python, start};
use tokio::process::Child;

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

    /// On a port, 0 for any free one; TLS as `server.py` takes it: its kind, the certificate's file and the key's. Or "utf8".
    pub async fn start_with(port: u16, tls: &[&str]) -> Self {
        let mails = tempfile::tempdir().expect("a folder");
        let mut command = python("smtp", "MINDFLOW_PYTHON_SMTP_SERVER");
        let (process, port) = start(command.arg(mails.path()).arg(port.to_string()).args(tls)).await;
        let port = port.parse().expect("the server prints its port");
        Self { port, mails, process }
    }

    /// Every mail that was accepted, as it came, in any order; a line with the envelope precedes each.
    pub fn mails(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.mails.path()).expect("the folder");
        entries
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
            .map(|path| String::from_utf8(std::fs::read(path).expect("a mail")).expect("mails are UTF-8"))
            .collect()
    }

    pub async fn stop(&mut self) {
        self.process.kill().await.expect("the server ends");
    }
}
