//! This instance's memory, shared by the calls that are in it at the same time. Each call that reads entries takes a place of
//! the size that it can need, before it reads, and waits while there is none: a call that finds no memory would end all.

use crate::failure::{Failure, Kind};
use crate::web::Response;
use crate::web::body::{BODY_BYTES_MAX, BODY_BYTES_USUAL};
use futures::future::{Either, select};
use futures::stream::{self, StreamExt};
use mindflow_guest::clock;
use serde::Serialize;
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Of an answer, as JSON: a page of a hundred entries of 40 KB.
pub const ANSWER_BYTES_MAX: usize = 4 << 20;
/// Of what a request's resolvers take from services, counted as often as it is taken.
pub const TAKEN_BYTES_MAX: u64 = 8 << 20;
/// The same, and an answer of the query service that is on its way (its `PAGE_BYTES_MAX`).
pub const READ_BYTES_MAX: u64 = TAKEN_BYTES_MAX + (6 << 20);

/// Half of what the manifest gives an instance. The rest is for the schemas, parsed documents (12 MiB), bodies (8 MiB: 32 of 256 KiB, which
/// the host has read whole before their calls; and 15 MiB for larger ones, as [`BODIES_KIB`] says), and small answers.
const POOL_KIB: u32 = 64 << 10;
/// Of bodies that are larger than usual, with the values that are made of them: six of the largest, twice. They have a pool of
/// their own, since a request that keeps its body waits for a place in the other one.
const BODIES_KIB: u32 = 6 * 2 * (BODY_BYTES_MAX as u32 >> 10);
/// Of the smallest call.
const PLACE_KIB_MIN: u32 = 64;
/// A larger answer keeps its place until its client has taken it.
const KEPT_BYTES: usize = 64 << 10;
/// A seventh of a call's deadline.
const WAIT_MAX: Duration = Duration::from_secs(4);
/// For a body: its call waits with it, and a client that sends large ones slowly must not hold more calls than those that they are
/// received in.
const RECEIVE_WAIT_MAX: Duration = Duration::from_secs(1);
/// Pieces of a large body.
const PIECE_BYTES: usize = 64 << 10;

static POOL: Semaphore = Semaphore::const_new(POOL_KIB as usize);
static BODIES: Semaphore = Semaphore::const_new(BODIES_KIB as usize);

/// A part of the instance's memory, given back with the value.
#[derive(Debug)]
pub struct Reservation(SemaphorePermit<'static>);

/// # Errors
/// `Unavailable` when the others of this instance do not give it back in time.
pub async fn take(bytes: u64) -> Result<Reservation, Failure> {
    take_of(&POOL, kib(bytes), WAIT_MAX).await
}

/// For a body that is larger than usual, until its request is answered.
///
/// # Errors
/// As [`take`].
pub async fn receive() -> Result<Reservation, Failure> {
    take_of(&BODIES, 2 * (BODY_BYTES_MAX as u32 >> 10), RECEIVE_WAIT_MAX).await
}

/// The same for a body that has been received.
///
/// # Errors
/// As [`take`].
pub async fn of_body(bytes: usize) -> Result<Option<Reservation>, Failure> {
    if bytes <= BODY_BYTES_USUAL {
        return Ok(None);
    }
    receive().await.map(Some)
}

async fn take_of(pool: &'static Semaphore, kib: u32, wait_max: Duration) -> Result<Reservation, Failure> {
    if let Ok(permit) = pool.try_acquire_many(kib) {
        return Ok(Reservation(permit));
    }
    let waiting = pin!(pool.acquire_many(kib));
    match select(waiting, pin!(clock::pause(wait_max))).await {
        Either::Left((Ok(permit), _)) => Ok(Reservation(permit)),
        _ => {
            let text = format!("no {kib} KiB of memory within {wait_max:?}");
            Err(Failure::new(Kind::Unavailable, text).retry_after(1))
        }
    }
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(u32::MAX).clamp(PLACE_KIB_MIN, POOL_KIB)
}

impl Reservation {
    /// Keeps this much and gives the rest back.
    #[must_use]
    pub fn shrunk(mut self, bytes: usize) -> Self {
        let kept = kib(bytes as u64) as usize;
        drop(self.0.split(self.0.num_permits().saturating_sub(kept)));
        self
    }

    /// The response with this body, whose memory is in this place until it has been sent.
    pub fn send(self, response: Response, bytes: Vec<u8>) -> Response {
        if bytes.len() <= KEPT_BYTES {
            return response.bytes(bytes);
        }
        let place = self.shrunk(bytes.len());
        let length = bytes.len().to_string();
        let pieces = stream::unfold((bytes, 0, place), async |(bytes, sent, place)| {
            let piece = bytes.get(sent..bytes.len().min(sent + PIECE_BYTES))?.to_vec();
            let sent = sent + piece.len();
            (!piece.is_empty()).then_some((piece, (bytes, sent, place)))
        });
        response.header("content-length", length).stream(pieces.boxed_local())
    }
}

/// The value as JSON, if it has no more bytes.
pub fn json_within(bytes_max: usize, value: &impl Serialize) -> Option<Vec<u8>> {
    let mut json = Bounded { bytes: Vec::new(), bytes_max };
    serde_json::to_writer(&mut json, value).ok().map(|()| json.bytes)
}

/// Takes so many bytes and no more.
struct Bounded {
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + piece.len() > self.bytes_max {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use http::StatusCode;
    use mindflow_guest::web::Body;
    use std::sync::Mutex;

    /// The pool is the process's.
    static ALONE: Mutex<()> = Mutex::new(());

    #[test]
    fn a_place_is_as_large_as_the_pool_at_most_and_is_given_back() {
        let _alone = ALONE.lock();
        let before = POOL.available_permits();
        let place = block_on(take(3 << 20)).unwrap();
        assert_eq!(before - POOL.available_permits(), 3 << 10);
        drop(place);
        assert_eq!((kib(0), kib(u64::MAX)), (PLACE_KIB_MIN, POOL_KIB));
        assert_eq!(POOL.available_permits(), before);
    }

    #[test]
    fn six_of_the_largest_bodies_are_received_at_the_same_time_and_usual_ones_without_a_place() {
        let _alone = ALONE.lock();
        let places: Vec<_> = (0..6).map(|_| block_on(receive()).unwrap()).collect();
        assert_eq!(BODIES.available_permits(), 0);
        assert!(block_on(of_body(BODY_BYTES_USUAL)).unwrap().is_none());
        drop(places);
        assert!(block_on(of_body(BODY_BYTES_USUAL + 1)).unwrap().is_some());
        assert_eq!(BODIES.available_permits(), BODIES_KIB as usize);
    }

    #[test]
    fn json_stops_at_its_bound() {
        assert_eq!(json_within(5, &"abc").as_deref(), Some(br#""abc""#.as_slice()));
        assert_eq!(json_within(4, &"abc"), None);
        assert_eq!(json_within(1 << 10, &vec![0; 1 << 20]), None);
    }

    #[test]
    fn a_large_body_keeps_its_own_size_until_it_is_sent_and_says_how_long_it_is() {
        let _alone = ALONE.lock();
        let before = POOL.available_permits();
        let body = vec![7_u8; 200_000];
        let place = block_on(take(10 << 20)).unwrap();
        let response = place.send(Response::new(StatusCode::OK), body.clone());
        assert_eq!(response.headers["content-length"], "200000");
        assert_eq!(before - POOL.available_permits(), 196);
        let Body::Stream(pieces) = response.body else { panic!("a stream") };
        assert_eq!(block_on(pieces.concat()), body);
        assert_eq!(POOL.available_permits(), before);
        let small = block_on(take(10 << 20)).unwrap().send(Response::new(StatusCode::OK), b"{}".to_vec());
        assert!(matches!(small.body, Body::Bytes(bytes) if bytes == b"{}"));
        assert_eq!(POOL.available_permits(), before);
    }
}
