//! The figures as a page.

use std::fmt::Write;
use std::time::Duration;

pub struct Row {
    pub name: String,
    pub per_second: f64,
    pub cpu_us: f64,
    pub p50: Duration,
    pub p99: Duration,
}

#[derive(Default)]
pub struct Report {
    facts: Vec<(String, String)>,
    rows: Vec<Row>,
}

impl Report {
    pub fn fact(&mut self, name: &str, value: String) {
        self.facts.push((name.to_owned(), value));
    }

    pub fn row(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub fn markdown(&self, seconds: u64, connections: usize) -> String {
        let command = format!("cargo xtask bench --seconds {seconds} --connections {connections} --write");
        let mut text = format!(
            "# Performance\n\nMade by `{command}`, in one run: `dist` build, embedded default (PostgreSQL with fsync on),\n\
             {connections} connections, each with one request under way, {seconds} s a row. The load comes from the same machine, by a client that\n\
             is not optimised and bounds the first row; one user creates all entries.\n\
             Machine: {}. The rows compare with each other; on another machine all of them move.\n\n\
             ## Requests\n\n| request | requests/s | host CPU µs a request | p50 ms | p99 ms | CPU, relative |\n| --- | ---: | ---: | ---: | ---: | ---: |\n",
            machine()
        );
        let base = self.rows.first().map_or(1.0, |row| row.cpu_us.max(1.0));
        for row in &self.rows {
            let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
            let _ = writeln!(
                text,
                "| {} | {:.0} | {:.0} | {:.1} | {:.1} | {:.1} |",
                row.name,
                row.per_second,
                row.cpu_us,
                ms(row.p50),
                ms(row.p99),
                row.cpu_us / base
            );
        }
        text.push_str("\n## Start, memory, calls\n\n| what | figure |\n| --- | ---: |\n");
        for (name, value) in &self.facts {
            let _ = writeln!(text, "| {name} | {value} |");
        }
        text
    }
}

pub fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .and_then(|rest| rest.split(':').nth(1))
        .unwrap_or("unknown")
        .trim()
        .to_owned();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{cores} cores, {model}")
}
