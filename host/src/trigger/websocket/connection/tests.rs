//! A model of a component behind a connection whose pipe holds little, so that both sides' queues fill.

use super::*;
use crate::{
    capability::{
        realtime::bindings::mindflow::platform::realtime::Error as TopicError,
        websocket::bindings::mindflow::platform::websocket::{Close, Performed, Task},
    },
    trigger::websocket::{MESSAGE_BYTES_MAX, component::Notice, intake::Intake, web_socket},
};
use futures::SinkExt;
use mindflow_backends::messaging::realtime::Subscription;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    task::JoinHandle,
};
use tokio_tungstenite::{WebSocketStream, tungstenite::protocol::Role};

/// What the kernel would hold of each direction.
const PIPE_BYTES: usize = 512;
/// Of what is counted of a connection: more than any of it, where no test is about that.
const ROOM_BYTES: u64 = 64 << 20;
/// Longer than anything here takes but the pings, by which a stuck client is found.
const QUIET: Duration = Duration::from_secs(20);

/// Answers each message with itself: a `task …` by a task and once more when that has finished, and others in the step.
#[derive(Default)]
struct Model {
    calls: AtomicUsize,
}

impl Component for Model {
    async fn step(
        self: &Arc<Self>,
        state: Vec<u8>,
        happening: Happening,
        _: Arc<str>,
    ) -> Result<Reaction, CallFailure> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        // As a call: it takes a moment.
        tokio::task::yield_now().await;
        let action = match happening {
            Happening::Received(Message::Text(text)) if text.starts_with("task") => {
                Some(Action::Start(Task { tag: text.clone(), work: text.into() }))
            }
            Happening::Received(message) => Some(Action::Send(message)),
            Happening::Finished(finished) => Some(Action::Send(Message::Text(finished.tag))),
            _ => None,
        };
        Ok(Reaction { state, actions: action.into_iter().collect() })
    }

    async fn perform(
        self: &Arc<Self>,
        _: Vec<u8>,
        work: Vec<u8>,
        _: Arc<str>,
    ) -> Result<Result<Performed, ()>, CallFailure> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        let messages = vec![Message::Text(String::from_utf8(work).unwrap())];
        Ok(Ok(Performed { messages, outcome: Vec::new() }))
    }

    async fn present(
        self: &Arc<Self>,
        _: Vec<u8>,
        _: Notice,
        _: Arc<str>,
    ) -> Result<Result<Vec<Message>, ()>, CallFailure> {
        Ok(Ok(Vec::new()))
    }

    async fn listen(&self, _: &str, _: Option<String>) -> Result<Box<dyn Subscription>, TopicError> {
        Err(TopicError::Unavailable("the model has no topics".to_owned()))
    }
}

struct Bed {
    model: Arc<Model>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Bed {
    /// A connection that is served, and the client's end of it.
    async fn open() -> (Self, DuplexStream) {
        Self::open_in(ROOM_BYTES).await
    }

    async fn open_in(room_bytes: u64) -> (Self, DuplexStream) {
        let (host, client) = tokio::io::duplex(PIPE_BYTES);
        let (model, stop, unfinished) = (Arc::new(Model::default()), CancellationToken::new(), Unfinished::default());
        let keeping = ConnectionContext {
            peer: ([127, 0, 0, 1], 1).into(),
            correlation_id: "c".into(),
            address: [127, 0, 0, 1].into(),
            bodies: Budget::new(room_bytes, room_bytes),
            answers: Budget::new(room_bytes, room_bytes),
            of_users: Budget::new(1, 1),
            stop: stop.clone(),
        };
        let intake = Intake::new(host, unfinished.clone(), keeping.bodies.share(keeping.address));
        let connection = Connection::new(Arc::clone(&model), web_socket(intake).await, unfinished, &keeping);
        let serving = tokio::spawn(connection.run(None, stop.clone()));
        (Self { model, stop, serving }, client)
    }

    async fn open_socket() -> (Self, WebSocketStream<DuplexStream>) {
        let (bed, client) = Self::open().await;
        (bed, WebSocketStream::from_raw_socket(client, Role::Client, None).await)
    }

    /// Waits until nothing moves any more.
    async fn is_still(&self) -> usize {
        tokio::time::sleep(QUIET).await;
        self.model.calls.load(Ordering::Relaxed)
    }

    async fn ended(self) {
        tokio::time::timeout(Duration::from_secs(200), self.serving).await.expect("it ends").unwrap();
    }
}

/// More than all buffers hold together.
fn pipelined() -> Vec<Frame> {
    let padding = "x".repeat(200);
    let message = |number: usize| match number % 5 {
        0 => Frame::text(format!("task {number} {padding}")),
        1 => Frame::Ping(number.to_string().into()),
        _ => Frame::text(format!("ping {number} {padding}")),
    };
    (0..400).map(message).collect()
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_all_before_it_reads_fills_both_queues_and_then_gets_every_answer() {
    let (bed, client) = Bed::open_socket().await;
    let (mut sink, mut stream) = client.split();
    let sending = tokio::spawn(async move {
        for frame in pipelined() {
            sink.send(frame).await.unwrap();
        }
        sink
    });
    // Both directions are full: the host neither reads nor calls on, and holds no more than its bounds.
    let calls = bed.is_still().await;
    assert!(!sending.is_finished() && calls < 100, "{calls} calls");
    let (mut echoed, mut of_tasks) = (Vec::new(), 0);
    while echoed.len() < 240 || of_tasks < 160 {
        match stream.next().await.unwrap().unwrap() {
            Frame::Text(text) if text.starts_with("ping") => echoed.push(text.to_string()),
            Frame::Text(_) => of_tasks += 1,
            _ => {}
        }
    }
    let sent = pipelined().into_iter().filter_map(|frame| frame.into_text().ok().map(|text| text.to_string()));
    assert_eq!(echoed, sent.filter(|text| text.starts_with("ping")).collect::<Vec<_>>());
    // It is as alive as before.
    let mut sink = sending.await.unwrap();
    sink.send(Frame::text("ping last")).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), Frame::text("ping last"));
    sink.send(Frame::Close(None)).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(Frame::Close(_)))));
    bed.ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_is_disconnected_and_one_that_leaves_is_gone() {
    for leaves in [false, true] {
        let (bed, mut client) = Bed::open_socket().await;
        let sending = tokio::spawn(async move {
            for frame in pipelined() {
                if client.feed(frame).await.is_err() || client.flush().await.is_err() {
                    return;
                }
            }
        });
        bed.is_still().await;
        assert!(!sending.is_finished() && !bed.serving.is_finished());
        if leaves {
            sending.abort();
        }
        bed.ended().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_a_connection_whose_queues_are_full() {
    let (bed, client) = Bed::open_socket().await;
    let (mut sink, _unread) = client.split();
    let sending = tokio::spawn(async move {
        for frame in pipelined() {
            sink.send(frame).await.unwrap()
        }
    });
    bed.is_still().await;
    bed.stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), bed.serving).await.expect("it ends").unwrap();
    drop(sending);
}

#[tokio::test(start_paused = true)]
async fn pings_of_a_client_that_reads_nothing_fill_no_memory() {
    let (bed, mut client) = Bed::open().await;
    // A masked ping of 125 bytes, with the mask 0.
    let ping: Vec<u8> = [&[0x89, 0x80 | 125, 0, 0, 0, 0][..], &[b'p'; 125]].concat();
    let sending = tokio::spawn(async move {
        for _ in 0..10_000 {
            client.write_all(&ping).await.unwrap();
        }
    });
    bed.is_still().await;
    assert!(!sending.is_finished(), "the host has read them all");
    bed.ended().await;
}

/// All that the host sends to a client that has sent this and reads on to the end. Whether the client ends its side as well.
async fn answer(sent: &[u8], ends: bool) -> Vec<u8> {
    answer_of(Bed::open().await, sent, ends).await
}

async fn answer_of((bed, client): (Bed, DuplexStream), sent: &[u8], ends: bool) -> Vec<u8> {
    let (mut reading, mut writing) = tokio::io::split(client);
    let writer = async {
        writing.write_all(sent).await.unwrap();
        if ends {
            writing.shutdown().await.unwrap();
        }
    };
    let mut received = Vec::new();
    let (read, ()) = tokio::join!(reading.read_to_end(&mut received), writer);
    read.unwrap();
    drop((reading, writing));
    bed.ended().await;
    received
}

/// A frame of a client, with the mask 0.
fn frame(head: u8, payload: &[u8]) -> Vec<u8> {
    [&[head, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0][..], payload].concat()
}

/// The same with a length of eight bytes, and so much of its payload.
fn large(head: u8, bytes: usize, sent: usize) -> Vec<u8> {
    [&[head, 0x80 | 127][..], &(bytes as u64).to_be_bytes(), &[0; 4], &vec![b'x'; sent]].concat()
}

/// The first bytes and the payloads of a host's frames.
fn frames(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let [head, length, rest @ ..] = bytes {
        let (length, rest) = match (*length, rest) {
            (126, [high, low, rest @ ..]) => (usize::from(u16::from_be_bytes([*high, *low])), rest),
            (length, rest) => (usize::from(length), rest),
        };
        let (payload, rest) = rest.split_at(length);
        frames.push((*head, payload.to_vec()));
        bytes = rest;
    }
    frames
}

/// The code of the close with which it ends.
fn code(answer: &[u8]) -> Option<u16> {
    let close = answer.windows(2).rposition(|head| head[0] == 0x88 && usize::from(head[1]) < 126)?;
    let payload = &answer[close + 2..];
    assert_eq!(payload.len(), usize::from(answer[close + 1]), "nothing follows the close");
    Some(u16::from_be_bytes(payload.get(..2)?.try_into().unwrap()))
}

#[tokio::test(start_paused = true)]
async fn a_close_is_answered_with_a_close_also_while_messages_wait() {
    assert_eq!(answer(&frame(0x88, &[0x03, 0xe8, b'b']), false).await, [0x88, 3, 0x03, 0xe8, b'b']);
    assert_eq!(answer(&frame(0x88, &[]), false).await, [0x88, 0]);
    let mut pipelined: Vec<u8> = (0..200).flat_map(|_| frame(0x81, &[b'x'; 100])).collect();
    pipelined.extend(frame(0x88, &4_000_u16.to_be_bytes()));
    assert_eq!(code(&answer(&pipelined, false).await), Some(4_000));
    // A code that must not be sent.
    assert_eq!(code(&answer(&frame(0x88, &1_006_u16.to_be_bytes()), false).await), Some(1_002));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_closed_with_its_code_though_the_client_sends_on() {
    let pieces = [frame(0x01, &[b'x'; 100]), large(0x80, MESSAGE_BYTES_MAX, MESSAGE_BYTES_MAX)].concat();
    let cases: [(u16, Vec<u8>); 14] = [
        (1_009, large(0x81, MESSAGE_BYTES_MAX + 1, 64 * 1024)),
        (1_009, pieces),
        (1_007, frame(0x81, &[0xc3, 0x28])),
        (1_007, [frame(0x01, &[0xe2, 0x82]), frame(0x80, b"x")].concat()),
        (1_002, vec![0x81, 1, b'x']),
        (1_002, frame(0xc1, b"reserved bit")),
        (1_002, frame(0x83, b"unknown opcode")),
        // A control frame in parts, one that is too long, and lengths of more bytes than they need.
        (1_002, frame(0x09, b"and more")),
        (1_002, [&[0x89, 0x80 | 126, 0, 126, 0, 0, 0, 0][..], &[b'p'; 126]].concat()),
        (1_002, vec![0x88, 0x80 | 127]),
        (1_002, [&[0x81, 0x80 | 126, 0, 5, 0, 0, 0, 0][..], b"hello"].concat()),
        (1_002, large(0x81, 5, 5)),
        (1_002, frame(0x80, b"continues nothing")),
        (1_002, frame(0x88, &[3])),
    ];
    for (expected, sent) in cases {
        // More follows, which is discarded.
        let sent = [sent, frame(0x81, &[b'x'; 100]).repeat(20)].concat();
        let shown = sent.get(..20).unwrap_or_default();
        assert_eq!(code(&answer(&sent, false).await), Some(expected), "{shown:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_message_that_is_read_slowly_and_steadily_arrives_in_parts() {
    const BYTES: usize = 100 * 1024;
    const PARTS: usize = 7;
    let (bed, mut client) = Bed::open().await;
    client.write_all(&large(0x82, BYTES, BYTES)).await.unwrap();
    let (mut received, mut part) = (Vec::new(), [0; PIPE_BYTES]);
    // Longer than a client may take nothing. Each part has a head of four bytes.
    while received.len() < BYTES + PARTS * 4 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let bytes = client.read(&mut part).await.unwrap();
        assert_ne!(bytes, 0, "it was disconnected after {} bytes", received.len());
        received.extend_from_slice(&part[..bytes]);
    }
    let frames = frames(&received);
    let heads: Vec<u8> = frames.iter().map(|(head, _)| *head).collect();
    assert_eq!(heads, [0x02, 0, 0, 0, 0, 0, 0x80]);
    assert_eq!(frames.iter().map(|(_, payload)| payload.len()).sum::<usize>(), BYTES);
    drop(client);
    bed.ended().await;
}

#[tokio::test(start_paused = true)]
async fn what_all_clients_may_have_unread_or_unfinished_bounds_a_connection() {
    // Unfinished.
    let half = large(0x82, 300 * 1024, 200 * 1024);
    assert_eq!(code(&answer_of(Bed::open_in(32 << 10).await, &half, false).await), Some(1_013));
    // Unread: it ends long before a client that takes nothing is disconnected.
    for (room_bytes, ends) in [(16 << 10, true), (1 << 20, false)] {
        let (bed, mut client) = Bed::open_in(room_bytes).await;
        client.write_all(&large(0x82, 65 * 1024, 65 * 1024).repeat(2)).await.unwrap();
        bed.is_still().await;
        assert_eq!(bed.serving.is_finished(), ends, "{room_bytes}");
        drop(client);
        bed.ended().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_without_a_word_is_sent_nothing() {
    assert!(answer(b"", true).await.is_empty());
    assert!(answer(&[0x81], true).await.is_empty());
}

#[test]
fn a_component_closes_with_a_code_that_it_may_use_and_a_reason_that_fits() {
    let closed = |code, reason: &str| close_of(&Close { code, reason: reason.to_owned() });
    for (code, sent) in [(1000, 1000), (1012, 1012), (4403, 4403), (1006, 1011), (1001, 1011), (999, 1011)] {
        assert_eq!(u16::from(closed(code, "r").code), sent, "{code}");
    }
    assert_eq!(closed(4400, &"ä".repeat(100)).reason.len(), 122);
}
