//! Goal: docs/security.md is right about what it names, and its table of ASVS leaves nothing out. Method: the page compared with the repository's files,
//! the manifest, and the numbers of the standard.

use mindflow_tests::{absolute_manifest, root};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Of OWASP ASVS 5.0.0, the sections with how many requirements of levels 1 and 2 they have, which come first in each. Chapters 10 and 17
/// concern nothing here and have one row each.
const SECTIONS: &str = "1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3 4.2:1 4.3:2 4.4:4 5.1:1
    5.2:3 5.3:2 5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2 8.1:2 8.2:3 8.3:1 8.4:1 9.1:3 9.2:4
    11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1 12.1:3 12.2:2 12.3:4 13.1:1 13.2:5 13.3:2 13.4:5 14.1:2 14.2:4 14.3:3 15.1:3 15.2:3 15.3:7
    16.1:1 16.2:5 16.3:4 16.4:3 16.5:3";
const CHAPTERS_OF_ONE_ROW: [&str; 2] = ["**V10 OAuth and OIDC**", "**V17 WebRTC**"];
/// Folders whose files the page names.
const FOLDERS: [&str; 17] = [
    "address",
    "backends",
    "components",
    "deploy",
    "docs",
    "embedder",
    "events",
    "guest",
    "host",
    "migrations",
    "platform",
    "runtime-config",
    "scripts",
    "servers",
    "spin",
    "tests",
    "xtask",
];
/// Names of settings and metrics have fewer.
const UNDERSCORES_OF_A_TEST: usize = 5;

type Requirement = [u32; 3];

fn page() -> String {
    fs::read_to_string(root().join("docs/security.md")).expect("docs/security.md")
}

/// The cells of the rows about ASVS.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let (_, table) = page.split_once("## OWASP ASVS").expect("the section about ASVS");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix('|'));
    rows.map(|row| row.split(" | ").map(str::trim).collect()).filter(|cells: &Vec<&str>| cells.len() == 3).collect()
}

fn requirement(word: &str) -> Option<Requirement> {
    let parts: Vec<u32> = word.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    parts.try_into().ok()
}

/// Those at the beginning of a row's first cell: `6.4.1, 6.5.1 – 6.5.5 codes`.
fn requirements(cell: &str) -> Vec<Requirement> {
    let mut found: Vec<Requirement> = Vec::new();
    let mut is_range = false;
    for word in cell.split_whitespace() {
        if word == "–" {
            is_range = true;
            continue;
        }
        let Some(next) = requirement(word.trim_end_matches(',')) else { break };
        if let Some(last) = found.last().copied().filter(|_| is_range) {
            assert_eq!(last[..2], next[..2], "{cell}");
            found.extend((last[2] + 1..next[2]).map(|number| [last[0], last[1], number]));
        }
        is_range = false;
        found.push(next);
    }
    found
}

fn standard() -> BTreeSet<Requirement> {
    let sections = SECTIONS.split_whitespace().flat_map(|section| {
        let (name, count) = section.split_once(':').expect("a section and its number");
        (1..=count.parse::<u32>().expect("a number")).map(move |number| format!("{name}.{number}"))
    });
    sections.map(|text| requirement(&text).expect("a requirement")).collect()
}

/// What stands in backticks, outside of blocks of code.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let mut in_block = false;
    let lines = text.lines().filter(move |line| {
        let is_fence = line.starts_with("```");
        in_block ^= is_fence;
        !in_block && !is_fence
    });
    lines.flat_map(|line| line.split('`').skip(1).step_by(2))
}

fn is_path(name: &str) -> bool {
    !name.contains(' ') && name.split_once('/').is_some_and(|(folder, _)| FOLDERS.contains(&folder))
}

/// The beginning of a test's name: all of it, or what is before `…`.
fn test_name(name: &str) -> Option<&str> {
    let beginning = name.trim_end_matches('…');
    let is_word = beginning.chars().all(|c| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit());
    let underscores = if beginning == name { UNDERSCORES_OF_A_TEST } else { 2 };
    (is_word && beginning.matches('_').count() >= underscores).then_some(beginning)
}

/// The text of each file of Rust below the path that has tests.
fn tested(path: &Path) -> Vec<String> {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path());
        return entries.filter(|path| !path.ends_with("target")).flat_map(|path| tested(&path)).collect();
    }
    let text = if path.extension().is_some_and(|end| end == "rs") { fs::read_to_string(path).ok() } else { None };
    text.filter(|text| text.contains("#[test]") || text.contains("#[tokio::test")).into_iter().collect()
}

/// The names of all tests.
fn tests() -> Vec<String> {
    let texts = FOLDERS.iter().flat_map(|folder| tested(&root().join(folder)));
    let functions = texts.flat_map(|text| {
        let lines = text.lines().filter_map(|line| line.trim_start().trim_start_matches("async ").strip_prefix("fn "));
        lines.filter_map(|line| Some(line.split_once('(')?.0.to_owned())).collect::<Vec<_>>()
    });
    functions.collect()
}

#[test]
fn the_table_of_asvs_has_each_requirement_of_levels_1_and_2_once() {
    let page = page();
    let rows = rows(&page);
    let listed: Vec<Requirement> = rows.iter().flat_map(|cells| requirements(cells[0])).collect();
    let once: BTreeSet<Requirement> = listed.iter().copied().collect();
    assert_eq!(listed.len(), once.len(), "a requirement has two rows");
    let standard = standard();
    assert_eq!(standard.difference(&once).collect::<Vec<_>>(), Vec::<&Requirement>::new(), "without a row");
    assert_eq!(once.difference(&standard).collect::<Vec<_>>(), Vec::<&Requirement>::new(), "of no such requirement");
    for chapter in CHAPTERS_OF_ONE_ROW {
        assert!(rows.iter().any(|cells| cells[0] == chapter && cells[1] == "–"), "{chapter}");
    }
}

#[test]
fn what_is_met_says_by_what_it_is_shown() {
    let (page, tests) = (page(), tests());
    let mut met = 0;
    for cells in rows(&page).iter().filter(|cells| !requirements(cells[0]).is_empty()) {
        assert!(["yes", "part", "no", "**no**", "–"].contains(&cells[1]), "{cells:?}");
        if cells[1] != "yes" {
            continue;
        }
        met += 1;
        let is_shown = |name: &str| {
            let is_test = |beginning: &str| tests.iter().any(|test| test.starts_with(beginning));
            test_name(name).is_some_and(is_test) || is_path(name) && !tested(&root().join(name)).is_empty()
        };
        let is_page = cells[2].contains("](");
        assert!(
            cells[2].starts_with("by reading") || is_page || names(cells[2]).any(is_shown),
            "{} names neither a test nor a page: {}",
            cells[0],
            cells[2]
        );
    }
    assert!(met > 50, "{met}");
}

#[test]
fn the_files_and_tests_that_the_page_names_are_there() {
    let (page, tests) = (page(), tests());
    let (mut paths, mut named) = (0, 0);
    for name in names(&page) {
        if is_path(name) {
            assert!(root().join(name).exists(), "docs/security.md names `{name}`");
            paths += 1;
        } else if let Some(beginning) = test_name(name) {
            assert!(tests.iter().any(|test| test.starts_with(beginning)), "docs/security.md names the test `{name}`");
            named += 1;
        }
    }
    assert!(paths > 50 && named > 10, "{paths} paths and {named} tests");
}

#[test]
fn defaults_of_sessions_and_quotas_are_those_of_the_manifest() {
    let (page, manifest) = (page(), absolute_manifest().parse::<toml::Table>().expect("spin.toml parses"));
    for (variable, default, shown) in [
        ("session_seconds_max", "7776000", "`session_seconds_max` (7,776,000)"),
        ("sessions_max", "50", "50 (`sessions_max`)"),
        ("media_bytes_max", "2147483648", "2 GiB (`media_bytes_max`)"),
        ("tags_max", "1000", "1,000 (`tags_max`)"),
        ("webhooks_max", "10", "10 (`webhooks_max`)"),
        ("import_bytes_a_day", "2147483648", "2 GiB a day (`import_bytes_a_day`)"),
        ("import_entries_a_day", "20000", "20,000 entries and moods a day (`import_entries_a_day`)"),
        ("free_entries_per_month", "5", "5 (`free_entries_per_month`)"),
    ] {
        assert_eq!(manifest["variables"][variable]["default"].as_str(), Some(default), "{variable}");
        assert!(page.contains(shown), "docs/security.md lacks {shown}");
    }
}
