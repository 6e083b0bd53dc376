//! Closed-loop load: each connection sends its next request when it has the answer to the last.

use super::host::Host;
use super::report::Row;
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::time::{Duration, Instant};

#[derive(Clone)]
pub struct Request {
    path: &'static str,
    token: Option<String>,
    body: Option<String>,
}

impl Request {
    pub fn get(path: &'static str) -> Self {
        Self { path, token: None, body: None }
    }

    pub fn graphql(token: &str, query: &str) -> Self {
        Self { path: "/graphql", token: Some(token.to_owned()), body: Some(json!({ "query": query }).to_string()) }
    }

    fn send(&self, agent: &ureq::Agent, address: &str) -> Result<()> {
        let url = format!("http://{address}{}", self.path);
        let mut answer = match &self.body {
            None => agent.get(url).call()?,
            Some(body) => {
                let mut request = agent.post(url).header("content-type", "application/json");
                if let Some(token) = &self.token {
                    request = request.header("authorization", format!("Bearer {token}"));
                }
                request.send(body)?
            }
        };
        let text = answer.body_mut().read_to_string()?;
        if text.contains("\"errors\"") {
            bail!("{text}");
        }
        Ok(())
    }
}

pub struct Load<'a> {
    pub name: &'a str,
    pub request: Request,
    pub connections: usize,
    pub duration: Duration,
}

impl Load<'_> {
    pub fn run(self, host: &Host) -> Result<Row> {
        // The first requests build instances and fill caches; that is the start's cost, not a request's.
        self.drive(host, Duration::from_secs(2))?;
        let cpu = host.cpu()?;
        let started = Instant::now();
        let mut latencies = self.drive(host, self.duration)?;
        let elapsed = started.elapsed();
        let cpu = host.cpu()?.saturating_sub(cpu);
        latencies.sort_unstable();
        let requests = latencies.len();
        let percentile = |part: f64| {
            latencies.get(((requests.saturating_sub(1)) as f64 * part) as usize).copied().unwrap_or_default()
        };
        Ok(Row {
            name: self.name.to_owned(),
            per_second: requests as f64 / elapsed.as_secs_f64(),
            cpu_us: cpu.as_secs_f64() * 1e6 / requests.max(1) as f64,
            p50: percentile(0.5),
            p99: percentile(0.99),
        })
    }

    fn drive(&self, host: &Host, duration: Duration) -> Result<Vec<Duration>> {
        let until = Instant::now() + duration;
        let all = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.connections)
                .map(|_| {
                    scope.spawn(|| -> Result<Vec<Duration>> {
                        let agent = ureq::Agent::new_with_defaults();
                        let mut latencies = Vec::new();
                        while Instant::now() < until {
                            let sent = Instant::now();
                            self.request.send(&agent, &host.address).with_context(|| self.name.to_owned())?;
                            latencies.push(sent.elapsed());
                        }
                        Ok(latencies)
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|_| bail!("a connection's thread panicked")))
                .collect::<Result<Vec<_>>>()
        })?;
        Ok(all.into_iter().flatten().collect())
    }
}
