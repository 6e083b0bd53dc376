//! Reaches past the platform, for a file or a socket, and reports the result: `outlaw file /etc/passwd`. It imports what no service
//! may have, so nothing composes it for Spin.

mindflow_guest::bindings! {
    from "../../../wit/",
    world: "mindflow:test-guests/outlaw" in "../tests/guests/outlaw/world.wit",
}

struct Outlaw;

impl bindings::exports::mindflow::platform::operator::Guest for Outlaw {
    async fn run(_command: String, arguments: Vec<String>) -> Result<String, String> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let got = match words.as_slice() {
            ["file", path] => std::fs::read(path).map(drop),
            ["socket", address] => std::net::TcpStream::connect(*address).map(drop),
            _ => return Err(format!("outlaw does not know {arguments:?}")),
        };
        Ok(match got {
            Ok(()) => "\"granted\"".to_owned(),
            Err(reason) => format!("{:?}", format!("refused: {reason:?}")),
        })
    }
}

bindings::export!(Outlaw with_types_in bindings);
