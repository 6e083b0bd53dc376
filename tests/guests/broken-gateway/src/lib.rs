//! A misbehaving gateway; the path selects how. It must harm neither the host's own endpoints nor concurrent requests.

mindflow_guest::bindings! {
    from "../../../wit/",
    world: "mindflow:test-guests/broken-gateway" in "../tests/guests/broken-gateway/world.wit",
}

use mindflow_guest::websocket::{Happening, Message, Performed, Reaction};
use wasip3::http::types::{ErrorCode, Fields, Request, Response};

const MIB: usize = 1 << 20;
const A_DAY_NS: u64 = 86_400_000_000_000;

struct Broken;

impl wasip3::exports::http::handler::Guest for Broken {
    #[allow(clippy::panic, reason = "what it is for")]
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        match request.get_path_with_query().as_deref() {
            Some("/api/trap") => panic!("broken on purpose"),
            Some("/api/loop") => loop {
                std::hint::black_box(());
            },
            Some("/api/memory") => {
                let mut hoard = Vec::new();
                loop {
                    hoard.push(std::hint::black_box(vec![1_u8; MIB]));
                }
            }
            Some("/api/hang") => wasip3::clocks::monotonic_clock::wait_for(A_DAY_NS).await,
            Some("/api/error") => {
                return Err(ErrorCode::InternalError(Some("secret text of a broken component".to_owned())));
            }
            _ => {}
        }
        let (_, trailers) = wasip3::wit_future::new(|| Ok(None));
        let (response, _sent) = Response::new(Fields::new(), None, trailers);
        Ok(response)
    }
}

impl bindings::exports::mindflow::platform::websocket_handler::Guest for Broken {
    #[allow(clippy::panic, reason = "what it is for")]
    async fn handle(_: Vec<u8>, _: Happening) -> Reaction {
        panic!("broken on purpose")
    }

    async fn perform(_: Vec<u8>, _: Vec<u8>) -> Result<Performed, ()> {
        Err(())
    }

    async fn present(_: Vec<u8>, _: Vec<u8>, _: Vec<u8>, _: String) -> Result<Vec<Message>, ()> {
        Err(())
    }
}

wasip3::http::service::export!(Broken);
bindings::export!(Broken with_types_in bindings);
