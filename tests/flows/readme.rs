//! Goal: the tour of README.md works as it stands there, and once more. Method: its block is run by a shell, with the address and
//! the program of the test's platform in place of those of `scripts/up`.

use mindflow_tests::{Platform, components, root};
use std::process::{Command, Output};

/// The block, from its first line on.
fn tour() -> String {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("README.md");
    let (_, block) = readme.split_once("```sh\nURL=").expect("the tour begins with its address");
    format!("URL={}", block.split_once("\n```").expect("the block's end").0)
}

/// Replaces what must be there.
fn with(script: &str, from: &str, to: &str) -> String {
    assert!(script.contains(from), "the tour has {from:?}");
    script.replace(from, to)
}

/// Runs the tour, with other times to wait; what it printed.
async fn walk(platform: &Platform, listen_s: &str, wait: &str) -> String {
    let host = platform.command();
    let words =
        std::iter::once(host.get_program()).chain(host.get_args()).map(|word| word.to_string_lossy().into_owned());
    let host_is = format!("MINDFLOW='{}'", words.collect::<Vec<_>>().join(" "));
    let script = with(&tour(), "URL=http://127.0.0.1:3000", &format!("URL={}", platform.http().url("")));
    let line = script.lines().find(|line| line.starts_with("MINDFLOW=")).expect("the tour names the host").to_owned();
    let script = with(&script, &line, &host_is);
    let script = with(&script, "target/components", &components().display().to_string());
    let script = with(&with(&script, "; sleep 1\n", &format!("; sleep {listen_s}\n")), "sleep 5;", wait);
    let printed = tempfile::NamedTempFile::new().expect("a file");
    let mut command = Command::new("bash");
    command.args(["-euc", &script]).env("PRINTED", printed.path()).stdout(printed.reopen().expect("a file"));
    for (name, value) in host.get_envs() {
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

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_of_the_readme_works_in_one_terminal_and_works_again() {
    let platform = Platform::services().start().await;
    let until_there = "for _ in $(seq 300); do ! grep -q '\"entryAnalyzed\"' \"$PRINTED\" || break; sleep 0.1; done;";
    let printed = walk(&platform, "3", until_there).await;
    assert!(printed.contains("A first page") && printed.contains("\"entryAnalyzed\""), "{printed}");
    assert!(printed.lines().any(|line| line.starts_with('{') && line.ends_with('}') && line.contains("accessToken")));
    let again = walk(&platform, "0", "").await;
    assert!(again.contains("accessToken"), "Ann logs in: {again}");
}
