//! Goal: the tour of README.md works as it stands there, and once more. Method: its block is run by a shell, with the address and
//! the program of the test's platform in place of those of `scripts/up`.

use mindflow_tests::readme::{ReadmeTour, UNTIL_ANALYZED};
use mindflow_tests::{Platform, components};

/// Runs the tour, with other times to wait; what it printed.
async fn walk(platform: &Platform, listen_s: &str, wait: &str) -> String {
    let host = platform.command();
    let words = std::iter::once(host.get_program()).chain(host.get_args());
    let program = words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ");
    let tour = ReadmeTour::of(&platform.http().url(""), &program).waiting(listen_s, wait);
    let tour = tour.with("target/components", &components().display().to_string());
    tour.walk(host.get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned)))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_of_the_readme_works_in_one_terminal_and_works_again() {
    let platform = Platform::services().start().await;
    let printed = walk(&platform, "3", UNTIL_ANALYZED).await;
    assert!(printed.contains("A first page") && printed.contains("\"entryAnalyzed\""), "{printed}");
    assert!(printed.lines().any(|line| line.starts_with('{') && line.ends_with('}') && line.contains("accessToken")));
    let again = walk(&platform, "0", "").await;
    assert!(again.contains("accessToken"), "Ann logs in: {again}");
}
