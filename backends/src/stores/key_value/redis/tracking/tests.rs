//! Goal: no copy is given out of which Redis has said that it is out of date, whatever comes between.
//! Method: the client's own connection, whose other end the test plays, word by word. Time stands still.

use super::super::copies::TRUSTED_FOR;
use super::*;
use redis::{ProtocolVersion, RedisConnectionInfo};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

/// Turns of the runtime within which something comes about.
const TURNS_MAX: usize = 10_000;

/// Tracked reads, and the other ends of their connections.
struct Stage {
    tracking: Arc<Tracking>,
    connections: UnboundedReceiver<Server>,
}

/// The other end of a connection.
struct Server {
    reads: BufReader<ReadHalf<DuplexStream>>,
    writes: WriteHalf<DuplexStream>,
}

type Read = JoinHandle<Option<Vec<Option<Entry>>>>;

#[tokio::test(start_paused = true)]
async fn what_was_read_is_a_copy_until_redis_says_that_it_has_changed() {
    let mut stage = Stage::new();
    let mut server = stage.connected().await;
    let first = stage.read(["a"]);
    server.asked_for("a").await;
    server.says(&answer("1", -1)).await;
    assert_eq!(values(first).await, [Some("1".to_owned())]);
    assert_eq!(values(stage.read(["a"])).await, [Some("1".to_owned())], "nothing is asked");
    server.says(&changed("a")).await;
    let other = stage.read(["!b"]);
    assert_eq!(server.asked().await, "HMGET b v n");
    server.says(&entry("2")).await;
    values(other).await;
    let again = stage.read(["a"]);
    server.asked_for("a").await;
    server.says(&answer("3", -1)).await;
    assert_eq!(values(again).await, [Some("3".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn word_of_a_change_before_between_or_right_after_the_answers_leaves_no_copy() {
    let (read, left) = (format!("+OK\r\n{}", entry("old")), ":-1\r\n");
    let word = changed("a");
    for said in [format!("{word}{read}{left}"), format!("{read}{word}{left}"), format!("{read}{left}{word}")] {
        let mut stage = Stage::new();
        let mut server = stage.connected().await;
        let first = stage.read(["a"]);
        server.asked_for("a").await;
        server.says(&said).await;
        assert_eq!(values(first).await, [Some("old".to_owned())], "it was so when it was asked for");
        let again = stage.read(["a"]);
        server.asked_for("a").await;
        server.says(&answer("new", -1)).await;
        assert_eq!(values(again).await, [Some("new".to_owned())], "{said:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_several_names_the_copies_are_as_new_as_what_was_asked_for() {
    let mut stage = Stage::new();
    let mut server = stage.connected().await;
    let first = stage.read(["session"]);
    server.asked_for("session").await;
    server.says(&answer("alive", -1)).await;
    values(first).await;

    let both = stage.read(["session", "!written"]);
    assert_eq!(server.asked().await, "HMGET written v n");
    server.says(&entry("marks")).await;
    assert_eq!(values(both).await, [Some("alive".to_owned()), Some("marks".to_owned())]);

    let both = stage.read(["session", "!written"]);
    assert_eq!(server.asked().await, "HMGET written v n");
    server.says(&format!("{}{}", changed("session"), entry("marks"))).await;
    server.asked_for("session").await;
    server.says(&format!("+OK\r\n{ABSENT}:-2\r\n")).await;
    assert_eq!(values(both).await, [None, Some("marks".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn absence_is_asked_for_each_time() {
    let mut stage = Stage::new();
    let mut server = stage.connected().await;
    for _ in 0..2 {
        let read = stage.read(["a"]);
        server.asked_for("a").await;
        server.says(&format!("+OK\r\n{ABSENT}:-2\r\n")).await;
        assert_eq!(values(read).await, [None]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_was_emptied_leaves_no_copy() {
    let mut stage = Stage::new();
    let mut server = stage.connected().await;
    let first = stage.read(["a"]);
    server.asked_for("a").await;
    // Right after the answer.
    server.says(&format!("{}>2\r\n$10\r\ninvalidate\r\n_\r\n", answer("1", -1))).await;
    values(first).await;
    let again = stage.read(["a"]);
    server.asked_for("a").await;
    server.says(&format!("+OK\r\n{ABSENT}:-2\r\n")).await;
    assert_eq!(values(again).await, [None]);
}

#[tokio::test(start_paused = true)]
async fn copies_end_with_their_connection_and_the_next_one_begins_with_none() {
    let mut stage = Stage::new();
    let mut server = stage.connected().await;
    let first = stage.read(["a"]);
    server.asked_for("a").await;
    server.says(&answer("1", -1)).await;
    values(first).await;
    drop(server);
    turns_until(|| stage.tracking.up().is_none()).await;
    let mut server = stage.connected().await;
    let again = stage.read(["a"]);
    server.asked_for("a").await;
    server.says(&answer("2", -1)).await;
    assert_eq!(values(again).await, [Some("2".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_copy_ends_with_the_lifetime_of_its_entry_and_a_silent_connection_has_none() {
    let mut stage = Stage::new();
    let mut server = stage.connected().await;
    for (left_ms, passes) in [(400, Duration::from_millis(400)), (-1, TRUSTED_FOR)] {
        let first = stage.read(["a"]);
        server.asked_for("a").await;
        server.says(&answer("1", left_ms)).await;
        values(first).await;
        tokio::time::advance(passes - Duration::from_millis(1)).await;
        values(stage.read(["a"])).await;
        tokio::time::advance(Duration::from_millis(1)).await;
        let again = stage.read(["a"]);
        server.asked_for("a").await;
        server.says(&format!("+OK\r\n{ABSENT}:-2\r\n")).await;
        assert_eq!(values(again).await, [None]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_this_process_writes_while_an_answer_is_on_its_way_leaves_no_copy() {
    let mut stage = Stage::new();
    let mut server = stage.connected().await;
    let first = stage.read(["a"]);
    server.asked_for("a").await;
    // The answer to the write came by another connection.
    stage.tracking.forget("a");
    server.says(&answer("old", -1)).await;
    values(first).await;
    let again = stage.read(["a"]);
    server.asked_for("a").await;
    server.says(&answer("own", -1)).await;
    assert_eq!(values(again).await, [Some("own".to_owned())]);
    stage.tracking.forget("a");
    let again = stage.read(["a"]);
    server.asked_for("a").await;
    server.says(&answer("own", -1)).await;
    values(again).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_does_not_answer_is_given_up_and_a_server_that_does_not_track_is_asked_again_later() {
    let mut stage = Stage::new();
    let server = stage.connected().await;
    assert!(stage.read(["a"]).await.unwrap().is_none(), "it is read another way");
    assert!(stage.tracking.up().is_none());
    drop(server);

    let mut server = stage.begun().await;
    assert_eq!(server.asked().await, "CLIENT TRACKING ON OPTIN");
    server.says("-NOPERM this user has no permissions\r\n").await;
    turns_until(|| matches!(*stage.tracking.link(), Link::Down(Some(_)))).await;
    assert!(stage.read(["a"]).await.unwrap().is_none());
    assert!(stage.connections.try_recv().is_err(), "it rests");
    tokio::time::advance(REST).await;
    stage.connected().await;
}

// === impl Stage ===

impl Stage {
    fn new() -> Self {
        let (ends, connections) = unbounded_channel();
        let connect: Connect = Box::new(move |config| {
            let ends = ends.clone();
            Box::pin(async move {
                let (ours, theirs) = tokio::io::duplex(64 * 1024);
                let (reads, writes) = tokio::io::split(theirs);
                let _ = ends.send(Server { reads: BufReader::new(reads), writes });
                let info = RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP3);
                let info = info.set_skip_set_lib_name();
                let (connection, driver) = MultiplexedConnection::new_with_config(&info, ours, config).await?;
                tokio::spawn(driver);
                Ok(connection)
            })
        });
        Self { tracking: Arc::new(Tracking::new(connect, "redis://test".to_owned())), connections }
    }

    /// The other end of a connection that is being made.
    async fn begun(&mut self) -> Server {
        assert!(self.read(["a"]).await.unwrap().is_none(), "there is none yet");
        let mut server = self.connections.recv().await.unwrap();
        assert!(server.asked().await.starts_with("HELLO 3"));
        server.says("+OK\r\n").await;
        server
    }

    async fn connected(&mut self) -> Server {
        let mut server = self.begun().await;
        assert_eq!(server.asked().await, "CLIENT TRACKING ON OPTIN");
        server.says("+OK\r\n").await;
        turns_until(|| self.tracking.up().is_some()).await;
        server
    }

    /// Of a name with `!` no copy will do.
    fn read<const N: usize>(&self, names: [&'static str; N]) -> Read {
        let tracking = Arc::clone(&self.tracking);
        let wanted = |name: &str| match name.strip_prefix('!') {
            Some(name) => Wanted { name: name.to_owned(), copied: false },
            None => Wanted { name: name.to_owned(), copied: true },
        };
        let wanted = names.map(wanted);
        tokio::spawn(async move { tracking.entries(&wanted).await })
    }
}

impl Tracking {
    fn up(&self) -> Option<Arc<Tracked>> {
        match &*self.link() {
            Link::Up(tracked) if !tracked.copies.has_ended() => Some(Arc::clone(tracked)),
            _ => None,
        }
    }
}

// === impl Server ===

impl Server {
    /// The next command.
    async fn asked(&mut self) -> String {
        let mut words = Vec::new();
        for _ in 0..self.number('*').await {
            let mut word = vec![0; self.number('$').await + 2];
            self.reads.read_exact(&mut word).await.unwrap();
            words.push(String::from_utf8(word).unwrap().trim_end().to_owned());
        }
        words.join(" ")
    }

    async fn asked_for(&mut self, name: &str) {
        for expected in ["CLIENT CACHING YES".to_owned(), format!("HMGET {name} v n"), format!("PTTL {name}")] {
            assert_eq!(self.asked().await, expected);
        }
    }

    async fn number(&mut self, kind: char) -> usize {
        let mut line = String::new();
        self.reads.read_line(&mut line).await.unwrap();
        line.trim_end().strip_prefix(kind).unwrap_or_else(|| panic!("{line:?} is no {kind}")).parse().unwrap()
    }

    async fn says(&mut self, text: &str) {
        self.writes.write_all(text.as_bytes()).await.unwrap();
    }
}

/// Neither value nor version.
const ABSENT: &str = "*2\r\n_\r\n_\r\n";

fn entry(value: &str) -> String {
    format!("*2\r\n${}\r\n{value}\r\n$1\r\n5\r\n", value.len())
}

/// Of a tracked read.
fn answer(value: &str, left_ms: i64) -> String {
    format!("+OK\r\n{}:{left_ms}\r\n", entry(value))
}

fn changed(name: &str) -> String {
    format!(">2\r\n$10\r\ninvalidate\r\n*1\r\n${}\r\n{name}\r\n", name.len())
}

async fn values(read: Read) -> Vec<Option<String>> {
    let entries = read.await.unwrap().expect("a tracked read");
    let text = |entry: Entry| String::from_utf8(entry.value.to_vec()).unwrap();
    entries.into_iter().map(|found| found.map(text)).collect()
}

async fn turns_until(is_so: impl Fn() -> bool) {
    for _ in 0..TURNS_MAX {
        if is_so() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it has not come about in {TURNS_MAX} turns");
}
