//! Goal: the GraphQL endpoint is GraphQL over HTTP to the letter. Method: every audit of the `graphql-http`
//! package against the built binary, by the script in `tests/graphql-http`.

use mindflow_tests::{Platform, root};
use serde_json::Value;
use tokio::process::Command;

/// Of `graphql-http` 1.23.1.
const AUDITS: usize = 61;

#[tokio::test(flavor = "multi_thread")]
async fn all_61_audits_of_graphql_over_http_are_ok() {
    let folder = root().join("tests/graphql-http");
    assert!(
        folder.join("node_modules/graphql-http").is_dir(),
        "the Node packages are missing: run scripts/test, or `npm ci` in {}",
        folder.display()
    );
    let platform = Platform::services().start().await;
    let output = Command::new("node")
        .arg(folder.join("audit.mjs"))
        .arg(platform.http().url("/graphql"))
        .output()
        .await
        .unwrap_or_else(|error| panic!("node: {error}; install Node 20 or newer"));
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    let audits: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let failing: Vec<String> = audits
        .iter()
        .filter(|audit| audit["status"] != "ok")
        .map(|audit| format!("{} {} {}: {}", audit["status"], audit["id"], audit["name"], audit["reason"]))
        .collect();
    assert!(failing.is_empty(), "{} of {} audits are not ok:\n{}", failing.len(), audits.len(), failing.join("\n"));
    assert_eq!(audits.len(), AUDITS);
}
