//! What the stories of trouble share: manifests with something wrong in them, components made to fail, and
//! commands that must be refused.

use mindflow_tests::{Account, Platform, components};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A component of `tests/guests`, built by `cargo xtask build --tests`.
pub fn guest(name: &str) -> PathBuf {
    components().join("test").join(name).with_extension("wasm")
}

/// A component of the platform.
pub fn component(name: &str) -> PathBuf {
    components().join(name).with_extension("wasm")
}

/// A change of the manifest's tables, for `Builder::manifest`.
pub fn manifest(
    change: impl FnOnce(&mut toml::Table) + Send + 'static,
) -> impl FnOnce(String) -> String + Send + 'static {
    move |text| {
        let mut tables: toml::Table = text.parse().expect("spin.toml parses");
        change(&mut tables);
        tables.to_string()
    }
}

/// `[component.NAME]`.
fn entry<'a>(manifest: &'a mut toml::Table, name: &str) -> &'a mut toml::Table {
    manifest["component"][name].as_table_mut().expect("a component")
}

/// Has the host run another file as the component.
pub fn run(manifest: &mut toml::Table, name: &str, file: impl AsRef<Path>) {
    let file = file.as_ref().display().to_string();
    let own = grants(manifest, name);
    if own.contains_key("component") {
        own.insert("component".to_owned(), file.into());
    } else {
        entry(manifest, name).insert("source".to_owned(), file.into());
    }
}

/// `[component.NAME.tool.mindflow]`.
pub fn grants<'a>(manifest: &'a mut toml::Table, name: &str) -> &'a mut toml::Table {
    entry(manifest, name)["tool"]["mindflow"].as_table_mut().expect("its grants")
}

/// Further tables of the manifest, such as a component of the test's own.
pub fn with_tables(tables: String) -> impl FnOnce(String) -> String + Send + 'static {
    move |text| format!("{text}\n{tables}")
}

/// The tables of a command that may send what is disclosed, to one port of this machine.
pub fn outlaw_tables(port: u16) -> String {
    format!(
        r#"
[application.tool.mindflow.commands.outlaw]
component = "outlaw"
about = "Reach past the platform"
usage = ["outlaw WORDS"]

[component.outlaw]
source = {:?}
allowed_outbound_hosts = ["http://127.0.0.1:{port}"]
tool.mindflow = {{ outbound = {{ disclosed = true }}, disclosure-ledger = true }}
"#,
        guest("outlaw")
    )
}

/// Swaps a component by the command line; it must be taken.
pub async fn swap(platform: &Platform, name: &str, file: &Path) {
    let output = platform.cli(&["swap", name, &file.display().to_string()]).await;
    assert_eq!(output.code, Some(0), "{output:?}");
}

/// The one line by which a command is refused. Logs are off, so that nothing else may be on standard error.
pub async fn refusal(platform: &Platform, arguments: &[&str]) -> String {
    let output = platform.cli(arguments).await;
    assert_eq!(output.code, Some(1), "{arguments:?}: {output:?}");
    let lines: Vec<&str> = output.stderr.lines().filter(|line| !is_log(line)).collect();
    let [line] = lines.as_slice() else { panic!("{arguments:?}: {output:?}") };
    assert!(!output.stdout.contains("ready"), "{output:?}");
    line.strip_prefix("mindflow: ").unwrap_or_else(|| panic!("{line}")).to_owned()
}

/// Log lines open with a time.
fn is_log(line: &str) -> bool {
    line.starts_with("20") && line.contains("Z ")
}

/// A start that must fail.
pub async fn start_refused(platform: &Platform) -> String {
    refusal(platform, &["up", "--listen", "127.0.0.1:0"]).await
}

/// Asserts that a line holds all the parts.
#[track_caller]
pub fn assert_says(line: &str, parts: &[&str]) {
    for part in parts {
        assert!(line.contains(part), "{part:?} is not in: {line}");
    }
}

/// How a component is, as `components list` says.
pub async fn state(platform: &Platform, name: &str) -> Value {
    let output = platform.cli(&["components", "list", "--json"]).await;
    assert_eq!(output.code, Some(0), "{output:?}");
    let list: Value = serde_json::from_str(&output.stdout).expect("JSON");
    list.as_array().expect("a list").iter().find(|entry| entry["name"] == name).expect("the component").clone()
}

/// A user with one entry that the read side knows.
pub async fn writer(platform: &Platform, title: &str) -> Account {
    let account = platform.register().await;
    write_and_see(&account, title).await;
    account
}

/// Writes an entry and waits until the read side has it.
pub async fn write_and_see(account: &Account, title: &str) {
    account.write(serde_json::json!({ "title": title, "content": "some words" })).await;
    see(account, title).await;
}

/// Waits until the read side has the entry among the latest.
pub async fn see(account: &Account, title: &str) {
    account
        .eventually("{ me { id } recentEntries(limit: 100) { title } }", serde_json::json!({}), |data| {
            data["recentEntries"].as_array().is_some_and(|entries| entries.iter().any(|entry| entry["title"] == title))
        })
        .await;
}
