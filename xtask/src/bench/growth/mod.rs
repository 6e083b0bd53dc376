//! How cost grows: with the entries of a user, with all that the databases hold, and with what waits to be delivered; and
//! the plans of what a request runs when the tables are large.

mod drain;
mod plans;
mod requests;
mod server;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use mindflow_servers::{Durability, TemporaryRedis};

use super::host::{Host, Launch};
use super::report::machine;
use crate::lookup;
use crate::workspace::Workspace;
use drain::Drained;
use plans::Statement;
pub use requests::Reader;
use requests::Timed;
use server::Server;

pub const HEADING: &str = "## Growth";
/// Entries of the users who are measured.
const ENTRIES: [u32; 5] = [10, 100, 1_000, 10_000, 100_000];
/// Entries of each of the others.
const ENTRIES_OF_OTHERS: u32 = 100;
const DATABASES: [(&str, &str); 3] = [
    ("write", include_str!("write.sql")),
    ("read", include_str!("read.sql")),
    ("analytics", include_str!("analytics.sql")),
];
/// Every script begins with it.
const FILLED: &str = include_str!("entries.sql");

/// The platform on servers of the benchmark's own.
pub struct Stage {
    pub server: Server,
    /// Holds sessions and the like.
    _redis: TemporaryRedis,
    /// Holds caches, and is emptied before each request: what is measured is the databases.
    cache: TemporaryRedis,
    pub launch: Launch,
}

/// A statement of a request.
type Explained = (String, Statement);

/// The section of the page, and which plans do not fit large tables.
pub fn run(
    workspace: &Workspace,
    data_dir: &Path,
    (entries_in_all, events): (u32, u64),
    program: Option<&Path>,
) -> Result<(String, Vec<String>)> {
    let stage = Stage::start(workspace, data_dir, program)?;
    let host = Host::start(&stage.launch)?;
    let readers = ENTRIES.map(|entries| Reader::register(&host, entries));
    let readers = readers.into_iter().collect::<Result<Vec<_>>>()?;
    let small: Vec<&Reader> = readers.iter().filter(|reader| reader.entries <= 1_000).collect();
    host.stop()?;

    println!("bench: growth, the users alone");
    stage.fill(&small, 0)?;
    let host = Host::start(&stage.launch)?;
    let alone = requests::times(&host, &stage.cache, &small)?;
    host.stop()?;

    println!("bench: growth, {entries_in_all} entries");
    let began = Instant::now();
    let large: Vec<&Reader> = readers.iter().filter(|reader| reader.entries > 1_000).collect();
    let named: u32 = ENTRIES.iter().sum();
    stage.fill(&large, entries_in_all.saturating_sub(named) / ENTRIES_OF_OTHERS)?;
    println!("bench: filled in {:.0} s", began.elapsed().as_secs_f64());
    let host = Host::start(&stage.launch)?;
    let among = requests::times(&host, &stage.cache, &readers.iter().collect::<Vec<_>>())?;
    let largest = readers.last().context("a user")?;
    let explained = stage.explain(&host, largest)?;
    println!("bench: growth, what waits");
    let drained = drain::run(&stage.server, &host, &largest.id, events)?;
    host.stop()?;
    let faults: Vec<String> = explained
        .iter()
        .flat_map(|(request, statement)| {
            statement.faults.iter().map(move |fault| format!("{request}: {}: {fault}", statement.what))
        })
        .collect();
    Ok((markdown((entries_in_all, events), program, [&alone, &among], &explained, &drained), faults))
}

// === impl Stage ===

impl Stage {
    pub fn start(workspace: &Workspace, data_dir: &Path, program: Option<&Path>) -> Result<Self> {
        let server = Server::start()?;
        let redis_server = lookup::redis_server()?;
        let redis =
            || TemporaryRedis::start_program(&redis_server, Durability::None).context("Redis for the benchmark");
        let (redis, cache) = (redis()?, redis()?);
        let mut settings = Vec::new();
        for (name, _) in DATABASES {
            server.run("postgres", &[], &format!("CREATE DATABASE {name};"))?;
            settings.push((
                format!("MINDFLOW_DATABASES__{}__DSN", name.to_uppercase()),
                format!("\"{}\"", server.dsn(name)),
            ));
        }
        server.run("postgres", &[], "CREATE DATABASE keys;")?;
        settings.push(("MINDFLOW_DATA_KEYS__DSN".to_owned(), format!("\"{}\"", server.dsn("keys"))));
        for (setting, of) in [
            ("KEY_VALUE__SESSIONS__URL", &redis),
            ("KEY_VALUE__AUTH_LIMITS__URL", &redis),
            ("REALTIME__URL", &redis),
            ("KEY_VALUE__CACHE__URL", &cache),
        ] {
            settings.push((format!("MINDFLOW_{setting}"), of.url()));
        }
        let mut launch = Launch::new(&workspace.root, data_dir).on("runtime-config/services.toml", settings);
        if let Some(program) = program {
            launch.program = program.to_owned();
        }
        Ok(Self { server, _redis: redis, cache, launch })
    }

    /// Fills in the entries of these users and of so many others.
    pub fn fill(&self, readers: &[&Reader], others: u32) -> Result<()> {
        let named: Vec<String> =
            readers.iter().map(|reader| format!("('{}'::uuid, {})", reader.id, reader.entries)).collect();
        let variables = [("owners", named.join(", ")), ("others", others.to_string())];
        std::thread::scope(|scope| {
            let filling: Vec<_> = DATABASES
                .into_iter()
                .map(|(name, script)| {
                    let variables = &variables;
                    scope.spawn(move || self.server.run(name, variables, &format!("{FILLED}\n{script}")))
                })
                .collect();
            for thread in filling {
                thread.join().unwrap_or_else(|_| bail!("a thread panicked"))?;
            }
            Ok(())
        })
    }

    /// The plans of each request's statements.
    fn explain(&self, host: &Host, reader: &Reader) -> Result<Vec<Explained>> {
        let mut rows = BTreeMap::new();
        for (name, _) in DATABASES {
            let answer = self.server.run(
                name,
                &[],
                "SELECT relname, reltuples::bigint FROM pg_class WHERE relkind IN ('r', 'p');",
            )?;
            rows.extend(answer.lines().filter_map(|line| {
                let (table, rows) = line.split_once('|')?;
                Some((table.to_owned(), rows.parse().ok()?))
            }));
        }
        let mut explained: Vec<Explained> = Vec::new();
        let token = reader.token(host)?;
        for request in requests::all() {
            // Once before, so that instances and prepared statements are there.
            requests::cold(host, &self.cache, &token, &request)?;
            let (_, log) = self.server.explained(|| {
                requests::cold(host, &self.cache, &token, &request)?;
                request.settle(host)
            })?;
            for statement in plans::read(&log, &rows)? {
                // Of a request that only reads, what the platform itself does meanwhile is not its own.
                let own = request.writes || statement.role != mindflow_servers::SUPERUSER;
                let known = explained.iter().any(|(_, other)| other.is_same(&statement));
                if own && !known {
                    explained.push((request.name.to_owned(), statement));
                }
            }
        }
        Ok(explained)
    }
}

fn markdown(
    (entries_in_all, events): (u32, u64),
    program: Option<&Path>,
    [alone, among]: [&[Timed]; 2],
    explained: &[Explained],
    drained: &[Drained],
) -> String {
    let host = if program.is_some() { " --host target/debug/mindflow" } else { "" };
    let build = if program.is_some() { "a debug build" } else { "the `dist` build" };
    let mut text = format!(
        "{HEADING}\n\nMade by `cargo xtask bench --only growth{host} --entries {entries_in_all} --waiting {events} --write`, with {build} of the\n\
         host: the platform on PostgreSQL (fsync off, `shared_buffers` 1 GB) and\n\
         Redis, filled by SQL: {entries_in_all} entries, each with two tags, a mood, an analysis, a document of the search index, facts, marks\n\
         and its event. Each request is alone, and the caches are emptied before it. Machine: {}.\n\n\
         ### With the entries of a user\n\nMilliseconds, medians of {} requests, of users with so many entries. In the last column the databases have\n\
         nothing but the {} entries of the first three users.\n\n| request |",
        machine(),
        requests::ROUNDS,
        ENTRIES.iter().filter(|entries| **entries <= 1_000).sum::<u32>()
    );
    for entries in ENTRIES {
        let _ = write!(text, " {entries} |");
    }
    let _ = writeln!(text, " 1000, alone |\n| --- |{}", " ---: |".repeat(ENTRIES.len() + 1));
    for request in requests::all() {
        let _ = write!(text, "| {} |", request.name);
        let of = |timed: &[Timed], entries: u32| {
            let found = timed.iter().find(|timed| timed.request == request.name && timed.entries == entries);
            found.map_or("–".to_owned(), |timed| timed.ms.map_or("refused".to_owned(), |ms| format!("{ms:.1}")))
        };
        for entries in ENTRIES {
            let _ = write!(text, " {} |", of(among, entries));
        }
        let _ = writeln!(text, " {} |", of(alone, 1_000));
    }
    text.push_str(&drain::markdown(drained));
    let _ = write!(
        text,
        "\n### Plans\n\nWhat a request of the user with {} entries ran, as `auto_explain` logged it, under the component's role and row-level security,\n\
         and what followed by its events. Each statement is at the first request that runs it. Rows are those read, filtered ones included;\n\
         milliseconds include the logging. A table of over {:.0} rows that is read from end to end, or a sort of over {:.0} rows, is a\n\
         fault, and fails the command.\n\n\
         | request | role | statement | how | rows | ms |\n| --- | --- | --- | --- | ---: | ---: |\n",
        ENTRIES.last().copied().unwrap_or_default(),
        plans::LARGE_ROWS,
        plans::SORTED_ROWS_MAX
    );
    for (request, statement) in explained {
        let Statement { role, what, nodes, rows_read, ms, faults, .. } = statement;
        let role = role.trim_start_matches("mindflow_").replace(mindflow_servers::SUPERUSER, "platform");
        let fault = if faults.is_empty() { String::new() } else { format!(" **{}**", faults.join(", ")) };
        let _ = writeln!(text, "| {request} | {role} | {what} | {nodes}{fault} | {rows_read:.0} | {ms:.2} |");
    }
    text
}
