//! Goal: a client that reads its answer slowly or not at all keeps neither the host's memory nor its calls, and one that is only
//! slow has its answer. Method: downloads of a picture that is larger than what the kernel takes ahead, over HTTP/1.

use super::door_kit::{Honest, metric};
use mindflow_tests::attacker::Attacker;
use mindflow_tests::pictures::{noise_png, upload};
use mindflow_tests::{Account, Platform, WITHIN, eventually, send};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// Pixels of its side: 9 MB.
const SIDE: u32 = 1_750;
const DOWNLOADS: usize = 40;
/// What 40 answers may have of an eighth of `answers-max`, and what a debug build takes besides. The pictures are 360 MB.
const MEMORY_KIB_MAX: u64 = 160 << 10;
/// What a phone with a bad connection reads.
const SLOW_BYTES: usize = 16 << 10;
const SLOW_EVERY: Duration = Duration::from_millis(100);

/// A user's picture, and where it is.
async fn picture(platform: &Platform) -> (Account, String, usize) {
    let owner = platform.register().await;
    let bytes = noise_png(SIDE);
    let media = send(upload(&owner, "noise.png", &bytes)).await.expect(201).json();
    let path = format!("/media/{}", media["id"].as_str().unwrap());
    let whole = owner.get(&path).await.expect(200).bytes.len();
    (owner, path, whole)
}

async fn downloads(platform: &Platform, owner: &Account, path: &str) -> Vec<TcpStream> {
    let attacker = Attacker::new(platform.http());
    let mut downloads = Vec::new();
    for _ in 0..DOWNLOADS {
        downloads.push(attacker.download(&owner.token, path).await.expect("a connection"));
    }
    downloads
}

/// Resident, of the host.
fn memory_kib(platform: &Platform) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", platform.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn unread_downloads_are_ended_and_take_little_memory() {
    let platform = Platform::services().config("[http]\nresponse-idle-ms = 2000").start().await;
    let honest = Honest::begin(&platform).await;
    let (owner, path, whole) = picture(&platform).await;
    let before = memory_kib(&platform);
    let unread = downloads(&platform, &owner, &path).await;
    let ended = || async {
        let taken = memory_kib(&platform).saturating_sub(before);
        assert!(taken < MEMORY_KIB_MAX, "{taken} KiB for {DOWNLOADS} unread answers");
        let closed = metric(&platform, "mindflow_http_closed_total{reason=\"unread\"}").await;
        (closed >= DOWNLOADS as u64).then_some(())
    };
    eventually("all are ended", ended).await;
    // What the kernel had is still there, and then the end.
    for mut download in unread {
        let mut bytes = Vec::new();
        let _ = timeout(WITHIN, download.read_to_end(&mut bytes)).await.expect("an end");
        assert!(bytes.len() < whole, "{} of {whole} bytes", bytes.len());
    }
    assert_eq!(owner.get(&path).await.expect(200).bytes.len(), whole);
    honest.was_served(&platform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_that_are_read_a_byte_at_a_time_end_with_the_time_for_an_answer() {
    // However busy the machine is, they are read more often than the first of these, and the owner reads all within the second.
    let limits = "[http]\nresponse-idle-ms = 60000\nresponse-timeout-ms = 8000";
    let platform = Platform::services().config(limits).start().await;
    let honest = Honest::begin(&platform).await;
    let (owner, path, whole) = picture(&platform).await;
    let reading = downloads(&platform, &owner, &path).await.into_iter().map(|mut download| async move {
        let mut bytes = 0;
        while download.read_u8().await.is_ok() {
            bytes += 1;
            sleep(Duration::from_millis(10)).await;
        }
        bytes
    });
    let reading = tokio::spawn(futures::future::join_all(reading));
    eventually("all are ended", || async {
        let closed = metric(&platform, "mindflow_http_closed_total{reason=\"long-answer\"}").await;
        (closed >= DOWNLOADS as u64).then_some(())
    })
    .await;
    reading.abort();
    assert_eq!(owner.get(&path).await.expect(200).bytes.len(), whole);
    honest.was_served(&platform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_slowly_and_steadily_is_not_taken_for_one_that_reads_nothing() {
    let platform = Platform::services().config("[http]\nresponse-idle-ms = 3000").start().await;
    let (owner, path, whole) = picture(&platform).await;
    let mut download = Attacker::new(platform.http()).download(&owner.token, &path).await.expect("a connection");
    let mut bytes = vec![0; SLOW_BYTES];
    // For longer than an answer may stand still: a client that reads 160 KB a second.
    for _ in 0..80 {
        timeout(WITHIN, download.read_exact(&mut bytes)).await.expect("bytes in time").expect("it goes on");
        sleep(SLOW_EVERY).await;
    }
    let mut read = 80 * SLOW_BYTES;
    timeout(WITHIN, async {
        // The connection stays open for a next request, so the end is known by its length.
        while read < whole {
            let count = download.read(&mut bytes).await.expect("it goes on");
            assert!(count > 0, "it has an end before its time");
            read += count;
        }
    })
    .await
    .expect("all of it in time");
    assert_eq!(metric(&platform, "mindflow_http_closed_total{reason=\"unread\"}").await, 0);
}
