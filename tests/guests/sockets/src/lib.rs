//! A component whose clients say what it does to their connections, right or wrong: each message, a JSON string, is a word
//! and its argument. An event stream says it once, in its request's header `x-say`. The state is a format's number, the
//! count of messages, so that an answer shows what was kept, and whether it is an event stream.

mindflow_guest::bindings! {
    from "../../../wit/",
    world: "mindflow:test-guests/sockets" in "../tests/guests/sockets/world.wit",
}

use http::StatusCode;
use mindflow_guest::realtime;
use mindflow_guest::web::{Response as Answer, header, wire};
use mindflow_guest::websocket::{Action, Close, Happening, Message, Performed, Reaction, Subscription, Task};
use wasip3::clocks::monotonic_clock;
use wasip3::http::types::{ErrorCode, Request, Response};

/// No version of the gateway writes it.
const FORMAT: u8 = 200;
const MIB: usize = 1 << 20;
/// What the host calls an answer that it keeps.
const HOLD: &str = "mindflow-hold";
/// The protocol of event streams.
const EVENTS: &str = "test-events";
/// A presentation takes up to nine of these, the later an item the shorter.
const PRESENTATION_NS: u64 = 10_000_000;

struct Sockets;

/// How a connection is spoken to.
#[derive(Clone, Copy)]
struct Speech {
    is_stream: bool,
}

impl Speech {
    fn of(state: &[u8]) -> Self {
        Self { is_stream: state.get(2) == Some(&1) }
    }

    fn said(self, text: impl AsRef<str>) -> Message {
        let text = format!("\"{}\"", text.as_ref());
        Message::Text(if self.is_stream { format!("event: next\ndata: {text}\n\n") } else { text })
    }
}

fn number(text: &str) -> usize {
    text.parse().unwrap_or_default()
}

#[allow(clippy::panic, reason = "what it is for")]
fn received(speech: Speech, count: &mut u8, word: &str, argument: &str) -> Vec<Action> {
    *count += 1;
    let task = |work: Vec<u8>| vec![Action::Start(Task { tag: format!("task {count}"), work })];
    match word {
        "count" => vec![Action::Send(speech.said(count.to_string()))],
        "close" => vec![Action::Close(Close { code: argument.parse().unwrap_or(1000), reason: "as asked".to_owned() })],
        "timer" => vec![Action::SetTimer(argument.parse().unwrap_or(0))],
        "clear" => vec![Action::ClearTimer, Action::Send(speech.said("cleared"))],
        "subscribe" => vec![Action::Subscribe(Subscription {
            tag: argument.to_owned(),
            topic: argument.to_owned(),
            after: None,
            work: Vec::new(),
        })],
        "stop" => vec![Action::Stop(argument.to_owned())],
        "work" => task(vec![b' '; number(argument)]),
        "tasks" => (0..number(argument))
            .map(|index| Action::Start(Task { tag: index.to_string(), work: b"wait 3600000".to_vec() }))
            .collect(),
        "panic" => panic!("a step that is broken on purpose"),
        _ => task(format!("{word} {argument}").into_bytes()),
    }
}

impl bindings::exports::mindflow::platform::websocket_handler::Guest for Sockets {
    async fn handle(state: Vec<u8>, happening: Happening) -> Reaction {
        let mut count = state.get(1).copied().unwrap_or_default();
        let mut speech = Speech::of(&state);
        let mut size = 3;
        let actions = match happening {
            Happening::Opened(upgrade) => {
                speech.is_stream = upgrade.protocol == EVENTS;
                Vec::new()
            }
            Happening::Received(Message::Binary(bytes)) if !speech.is_stream => {
                vec![Action::Send(Message::Binary(bytes))]
            }
            Happening::Received(message) => {
                let text = match message {
                    Message::Text(text) => text,
                    Message::Binary(bytes) => String::from_utf8(bytes).unwrap_or_default(),
                };
                let text = text.trim_matches('"');
                let (word, argument) = text.split_once(' ').unwrap_or((text, ""));
                if word == "grow" {
                    size = number(argument);
                }
                received(speech, &mut count, word, argument)
            }
            Happening::Finished(finished) => vec![Action::Send(speech.said(format!("finished {}", finished.tag)))],
            Happening::Failed(failed) => {
                vec![Action::Send(speech.said(format!("failed {} {:?}", failed.tag, failed.reason)))]
            }
            Happening::Timer => vec![Action::Send(speech.said("timer"))],
        };
        let mut state = vec![0; size];
        let known = [FORMAT, count, u8::from(speech.is_stream)];
        state.iter_mut().zip(known).for_each(|(kept, new)| *kept = new);
        Reaction { state, actions }
    }

    #[allow(clippy::panic, reason = "what it is for")]
    async fn perform(state: Vec<u8>, work: Vec<u8>) -> Result<Performed, ()> {
        let speech = Speech::of(&state);
        let text = String::from_utf8(work).unwrap_or_default();
        let (word, argument) = text.split_once(' ').unwrap_or((&*text, ""));
        let mut messages = Vec::new();
        match word {
            "trap" => panic!("a task that is broken on purpose"),
            "memory" => {
                let mut hoard = Vec::new();
                loop {
                    hoard.push(std::hint::black_box(vec![1_u8; MIB]));
                }
            }
            "wait" => monotonic_clock::wait_for(number(argument) as u64 * 1_000_000).await,
            "say" => messages.push(speech.said(argument)),
            "shout" => messages.extend((0..number(argument)).map(|_| speech.said("x".repeat(MIB / 4)))),
            "publish" => {
                let (topic, items) = argument.split_once(' ').unwrap_or((argument, "1"));
                for item in 0..number(items) {
                    let published = realtime::publish(topic.to_owned(), item.to_string().into_bytes()).await;
                    messages.extend(published.err().map(|error| speech.said(format!("{error:?}").replace('"', "'"))));
                }
            }
            "confuse" => return Err(()),
            _ => {}
        }
        Ok(Performed { messages, outcome: Vec::new() })
    }

    async fn present(state: Vec<u8>, _: Vec<u8>, item: Vec<u8>, _: String) -> Result<Vec<Message>, ()> {
        let text = String::from_utf8(item).unwrap_or_default();
        let shorter = 9 - (number(&text) as u64) % 10;
        monotonic_clock::wait_for(shorter * PRESENTATION_NS).await;
        Ok(vec![Speech::of(&state).said(format!("item {text}"))])
    }
}

impl wasip3::exports::http::handler::Guest for Sockets {
    /// An event stream that is to be kept, also where the host has not offered it if the client says so.
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let headers = wire::head(&request)?.headers;
        let says = header(&headers, "x-say").unwrap_or_default().to_owned();
        let answer = Answer::text(StatusCode::OK, "text/event-stream", says);
        let wants = headers.contains_key(HOLD) || headers.contains_key("x-anyway");
        wire::send(if wants { answer.header(HOLD, EVENTS) } else { answer })
    }
}

wasip3::http::service::export!(Sockets);
bindings::export!(Sockets with_types_in bindings);
