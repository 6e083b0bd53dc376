//! The tour of README.md, as it stands there, run by a shell.

use crate::root;
use std::ffi::OsString;
use std::process::{Command, Output};

/// Its block, from the first line on, for an address and a program of the test's.
pub struct ReadmeTour(String);

// === impl ReadmeTour ===

impl ReadmeTour {
    /// `program`: the host's command line up to the command, in words of a shell.
    pub fn of(url: &str, program: &str) -> Self {
        let readme = std::fs::read_to_string(root().join("README.md")).expect("README.md");
        let (_, block) = readme.split_once("```sh\nURL=").expect("the tour begins with its address");
        let block = format!("URL={}", block.split_once("\n```").expect("the block's end").0);
        let line =
            block.lines().find(|line| line.starts_with("MINDFLOW=")).expect("the tour names the host").to_owned();
        let tour = Self(block).with("URL=http://127.0.0.1:3000", &format!("URL={url}"));
        tour.with(&line, &format!("MINDFLOW='{program}'"))
    }

    /// Replaces what must be there.
    #[must_use]
    pub fn with(self, from: &str, to: &str) -> Self {
        assert!(self.0.contains(from), "the tour has {from:?}");
        Self(self.0.replace(from, to))
    }

    /// The same without what only a host has: a component is replaced while it runs.
    #[must_use]
    pub fn without_the_swap(self) -> Self {
        let (rest, _) = self.0.split_once("\n# 6.").expect("the tour ends with its sixth step");
        Self(rest.to_owned())
    }

    /// Other times to wait: before the insights are listened for, and until they are there. They are, when what was printed
    /// (the file `$PRINTED`) has them.
    #[must_use]
    pub fn waiting(self, listen_s: &str, wait: &str) -> Self {
        self.with("; sleep 1\n", &format!("; sleep {listen_s}\n")).with("sleep 5;", wait)
    }

    /// What it printed; a variable without a value is not there.
    pub async fn walk(&self, environment: impl IntoIterator<Item = (OsString, Option<OsString>)>) -> String {
        let printed = tempfile::NamedTempFile::new().expect("a file");
        let mut command = Command::new("bash");
        command.current_dir(root()).args(["-euc", &self.0]);
        command.env("PRINTED", printed.path()).stdout(printed.reopen().expect("a file"));
        for (name, value) in environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let run = tokio::task::spawn_blocking(move || command.output()).await.expect("it ends").expect("bash");
        let Output { status, stderr, .. } = run;
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        let printed = std::fs::read_to_string(printed.path()).expect("what it printed");
        assert!(status.success(), "{status}: {stderr}\n{printed}");
        assert!(!printed.contains("\"errors\"") && !stderr.contains("rror"), "{stderr}\n{printed}");
        printed
    }
}

/// Ends when the insights were printed, or after half a minute.
pub const UNTIL_ANALYZED: &str =
    "for _ in $(seq 300); do ! grep -q '\"entryAnalyzed\"' \"$PRINTED\" || break; sleep 0.1; done;";
