//! One Redis for a whole test run, in memory only.

use super::child::Server;
use super::folder::Folder;
use super::{tail, with_a_free_port};
use anyhow::{Context, Result};
use rustix::process::Signal;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

pub struct Redis {
    pub port: u16,
    _server: Server,
    _folder: Folder,
}

impl Redis {
    pub fn start(program: &Path) -> Result<Self> {
        with_a_free_port(|port| Self::start_on(program, port))
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    fn start_on(program: &Path, port: u16) -> Result<Self> {
        let folder = Folder::new("redis")?;
        let log = folder.path().join("log");
        let output = File::create(&log).context("make Redis's log")?;
        let mut redis = Command::new(program);
        redis.args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--daemonize",
            "no",
            "--dir",
        ]);
        redis.arg(folder.path()).current_dir(folder.path()).stdin(Stdio::null());
        redis.stdout(output.try_clone().context("share Redis's log")?).stderr(output);
        let mut server = Server::spawn("Redis", &mut redis, Signal::TERM)?;
        server.wait_until(|| answers(port)).with_context(|| tail(&log))?;
        Ok(Self { port, _server: server, _folder: folder })
    }
}

fn answers(port: u16) -> bool {
    let ping = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        Ok(&answer == b"+PONG")
    };
    ping().unwrap_or(false)
}
