//! The servers of the tests listen on unix sockets alone, and Spin connects to PostgreSQL and Redis over TCP alone. A bridge
//! takes connections of a port of the loopback interface to a socket.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::{TcpListener, UnixStream};
use tokio::task::JoinHandle;
use tokio_postgres::config::Host;

/// A port that leads to a socket, for as long as the value is there.
pub struct Bridge {
    port: u16,
    taken: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Bridge {
    /// To the PostgreSQL of a connection string.
    pub async fn to_postgres(dsn: &str) -> Self {
        let config: tokio_postgres::Config = dsn.parse().expect("a connection string");
        let port = config.get_ports().first().copied().unwrap_or(5432);
        match config.get_hosts() {
            [Host::Unix(folder)] => Self::to(folder.join(format!(".s.PGSQL.{port}"))).await,
            hosts => panic!("{hosts:?}: the tests' PostgreSQL is on a unix socket"),
        }
    }

    /// To the Redis of a URL.
    pub async fn to_redis(url: &str) -> Self {
        let path = ["redis+unix://", "unix://"].iter().find_map(|scheme| url.strip_prefix(scheme));
        let path = path.unwrap_or_else(|| panic!("{url}: the tests' Redis is on a unix socket"));
        let path = path.split('?').next().unwrap_or(path);
        Self::to(Path::new(path).to_owned()).await
    }

    async fn to(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let taken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&taken);
        let task = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let socket = socket.clone();
                tokio::spawn(async move {
                    if let Ok(mut server) = UnixStream::connect(&socket).await {
                        // Either side may end it.
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                    }
                });
            }
        });
        Self { port, taken, task }
    }

    /// How many connections it has taken so far.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// `127.0.0.1:PORT`
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A connection string of a role and database of the PostgreSQL that it leads to.
    pub fn postgres(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@{}/{database}?sslmode=disable", self.address())
    }

    /// The URL of the Redis that it leads to.
    pub fn redis(&self) -> String {
        format!("redis://{}", self.address())
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.task.abort();
    }
}
