//! Goal: a service inside a composition has what the manifest grants it and nothing else, although all services there are one
//! component to Spin, with one set of variables. Method: the guest that asks for more than it was given on the host does so here,
//! with the service `auth`, which was given more.

use super::Bed;
use mindflow_spin_tests::runtime::Spin;
use mindflow_tests::Http;
use serde_json::json;
use std::io::{Read, Write};

/// A server that answers every request with 204.
fn server() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_in_a_composition_gets_what_was_granted_and_is_denied_what_its_neighbour_has() {
    let (allowed, other) = (server(), server());
    let bed = Bed::lay(super::FURTHER, &[("greedy_origin", &format!("http://{allowed}"))]).await;
    let spin = Spin::up(bed.application().only(&["greedy"])).await;
    let http = Http::at(spin.url());
    let ask = async |words: &[&str]| http.post("/greedy", &json!(words)).await.expect(200).text();
    for granted in [
        &["sql", "write", "service"][..],
        &["bucket", "cache"],
        &["publish", "write", "GreedyTook"],
        &["topic", "crumbs:x"],
        &["limit", "crumbs", "a-user"],
        &["http", &allowed],
        &["variable", "own"],
    ] {
        assert_eq!(ask(granted).await, "\"granted\"", "{granted:?}");
    }
    for (denied, reason) in [
        (&["sql", "read", "service"][..], "AccessDenied"),
        (&["sql", "read", "no.real.token"], "AccessDenied"),
        (&["sql", "analytics", "service"], "AccessDenied"),
        (&["statement", "write", "SELECT * FROM auth.users"], "42501"),
        (&["statement", "write", "SELECT * FROM command.journals"], "42501"),
        (&["statement", "write", "SELECT * FROM mindflow.signing_keys"], "42501"),
        (&["statement", "write", "SELECT mindflow.wrapped_signing_key('x')"], "42501"),
        (&["statement", "write", "SET ROLE mindflow_auth"], "AccessDenied"),
        (&["change", "write", "INSERT INTO delivery.archive DEFAULT VALUES"], "42501"),
        (&["change", "write", "DELETE FROM delivery.queue"], "42501"),
        (&["change", "write", "SELECT pg_try_advisory_xact_lock(7883954000182931319)"], "AccessDenied"),
        (&["change", "write", "SELECT lo_create(0)"], "AccessDenied"),
        (&["limit", "refresh", "a-user"], "limit `refresh` is not granted to `greedy`"),
        (&["bucket", "sessions"], "AccessDenied"),
        (&["bucket", "nowhere"], "AccessDenied"),
        (&["container", "media"], "AccessDenied"),
        (&["publish", "write", "UserRegistered"], "AccessDenied"),
        (&["topic", "user:x"], "AccessDenied"),
        (&["listen", "crumbs:x"], "AccessDenied"),
        (&["http", &other], "HttpRequestDenied"),
        (&["environment"], "none"),
        // Of the composition, and even of the adapter that works for it.
        (&["variable", "write_dsn"], "none"),
        (&["variable", "auth_write_dsn"], "none"),
        (&["variable", "bcrypt_cost"], "none"),
        (&["variable", "jwt_wrapping_secret"], "none"),
        (&["seal", "crumbs:x"], "AccessDenied"),
    ] {
        let got = ask(denied).await;
        assert!(got.starts_with("\"refused: ") && got.contains(reason), "{denied:?}: {got}");
    }
}
