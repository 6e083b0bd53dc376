//! Memory while a journal is exported, of a small one and of a large one: if it is the same, it does not grow with the journal. Entries come
//! by SQL; all files are hard links of one file without blocks, so they take no room. The archive takes what it has.

use super::growth::{Reader, Stage};
use super::host::Host;
use super::report::machine;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

pub const HEADING: &str = "## Exports";
/// Entries, and how many of them have a file.
const JOURNALS: [(u32, u32); 2] = [(500, 5), (50_000, 512)];
/// As large as the media service takes them.
const FILE_BYTES: u64 = 10 << 20;
const FILES: &str = include_str!("export.sql");
const MIB: f64 = 1_048_576.0;
const POLL: Duration = Duration::from_millis(250);
const READY_WITHIN: Duration = Duration::from_secs(3_600);
const EXPORTS: &str = "{ exports { status error entriesDone mediaDone bytes } }";

struct Run {
    entries: u32,
    files: u32,
    bytes: f64,
    /// Until the last entry was written, and until the end.
    entries_in: Duration,
    time: Duration,
    /// Of the host, in MiB.
    before: f64,
    most: f64,
    after: f64,
    /// Linear memory of the component's instances, in MiB.
    component: f64,
}

/// The section of the page.
pub fn run(workspace: &Workspace, data_dir: &Path, program: Option<&Path>) -> Result<String> {
    let stage = Stage::start(workspace, data_dir, program)?;
    let host = Host::start(&stage.launch)?;
    let users = JOURNALS.map(|(entries, _)| Reader::register(&host, entries));
    let users = users.into_iter().collect::<Result<Vec<_>>>()?;
    host.stop()?;
    println!("bench: filling in journals of {JOURNALS:?} entries and files");
    stage.fill(&users.iter().collect::<Vec<_>>(), 0)?;
    for (user, (_, files)) in users.iter().zip(JOURNALS) {
        lay_files(&stage, user, files, &data_dir.join("blob/media"))?;
    }
    let host = Host::start(&stage.launch)?;
    let mut runs = Vec::new();
    for (user, (entries, files)) in users.iter().zip(JOURNALS) {
        println!("bench: an export of {entries} entries and {files} files");
        runs.push(export(&host, &user.token(&host)?, (entries, files))?);
    }
    host.stop()?;
    Ok(markdown(&runs, program))
}

/// Rows of files, and what lies in the container for them: the same bytes under each name.
fn lay_files(stage: &Stage, user: &Reader, files: u32, media: &Path) -> Result<()> {
    let variables = [("owner", user.id.clone()), ("files", files.to_string()), ("bytes", FILE_BYTES.to_string())];
    let ids = stage.server.run("write", &variables, FILES)?;
    let mut first = None;
    for id in ids.lines() {
        let folder = media.join(id);
        fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        let file = folder.join("original");
        if let Some(first) = &first {
            fs::hard_link(first, &file).with_context(|| format!("link {}", file.display()))?;
        } else {
            File::create(&file)?.set_len(FILE_BYTES)?;
            first = Some(file);
        }
    }
    ensure!(u32::try_from(ids.lines().count())? == files, "{ids:?} are not {files} files");
    Ok(())
}

fn export(host: &Host, token: &str, (entries, files): (u32, u32)) -> Result<Run> {
    let ask = |query: &str| host.post("/graphql", Some(token), &json!({ "query": query }));
    // Instances are there before anything is counted.
    ask(EXPORTS)?;
    let before = host.forget_peak().and_then(|()| host.memory_mib())?;
    ask("mutation { requestExport(format: MINDFLOW) { id } }")?;
    let (asked, mut began, mut entries_in, mut component) = (Instant::now(), None, None, 0.0_f64);
    let job = loop {
        std::thread::sleep(POLL);
        component = component.max(component_mib(&host.get("/metrics")?));
        let answer = ask(EXPORTS)?;
        let job = answer.pointer("/data/exports/0").context("no export")?.clone();
        match job.get("status").and_then(Value::as_str) {
            Some("WAITING") => {}
            Some("RUNNING" | "READY") => {
                let began = *began.get_or_insert_with(Instant::now);
                if number(&job, "entriesDone") >= f64::from(entries) {
                    entries_in.get_or_insert_with(|| began.elapsed());
                }
            }
            _ => bail!("the export ended: {job}"),
        }
        if job.get("status").is_some_and(|status| status == "READY") {
            break job;
        }
        ensure!(asked.elapsed() < READY_WITHIN, "the export is not over after {READY_WITHIN:?}: {job}");
    };
    let bytes = number(&job, "bytes");
    let is_whole = number(&job, "entriesDone") == f64::from(entries) && number(&job, "mediaDone") == f64::from(files);
    ensure!(is_whole && bytes > f64::from(files) * FILE_BYTES as f64, "the export is not whole: {job}");
    let time = began.unwrap_or(asked).elapsed();
    let (most, after) = (host.memory_peak_mib()?, host.memory_mib()?);
    Ok(Run { entries, files, bytes, entries_in: entries_in.unwrap_or(time), time, before, most, after, component })
}

fn number(job: &Value, name: &str) -> f64 {
    job.get(name).and_then(Value::as_f64).unwrap_or_default()
}

fn component_mib(metrics: &str) -> f64 {
    let gauge = "mindflow_component_memory_bytes{component=\"portability\"} ";
    let bytes = metrics.lines().find_map(|line| line.strip_prefix(gauge)?.parse::<f64>().ok());
    bytes.unwrap_or_default() / MIB
}

fn markdown(runs: &[Run], program: Option<&Path>) -> String {
    let build = if program.is_some() { "a debug build" } else { "the `dist` build" };
    let mut text = format!(
        "{HEADING}\n\nMade by `cargo xtask bench --only export --write`, with {build} of the host, on PostgreSQL (fsync off) and Redis. Entries are filled\n\
         in by SQL; the files of {} MiB are hard links of one that is sparse, and are read and written in the archive as any others. Memory\n\
         of the host is its resident set, with all components in it; of the component, the linear memory of its instances. Times have\n\
         the pauses of the schedule in them, ten seconds of a minute at most. Machine: {}.\n\n\
         | entries | files | archive, MB | host before, MiB | at most | after | component at most, MiB | entries/s | MB/s |\n\
         | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        FILE_BYTES >> 20,
        machine()
    );
    for run in runs {
        let Run { entries, files, bytes, entries_in, time, before, most, after, component } = run;
        let per_second = |amount: f64, time: &Duration| amount / time.as_secs_f64().max(POLL.as_secs_f64());
        let megabytes = bytes / 1e6;
        let _ = writeln!(
            text,
            "| {entries} | {files} | {megabytes:.0} | {before:.0} | {most:.0} | {after:.0} | {component:.1} | {:.0} | {:.1} |",
            per_second(f64::from(*entries), entries_in),
            per_second(megabytes, time)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_components_memory_is_read_from_the_metrics() {
        let metrics = "# TYPE mindflow_component_memory_bytes gauge\nmindflow_component_memory_bytes{component=\"media\"} 1\n\
                       mindflow_component_memory_bytes{component=\"portability\"} 3145728\n";
        assert!((component_mib(metrics) - 3.0).abs() < f64::EPSILON);
        assert_eq!(component_mib("") as u64, 0);
    }
}
