//! Clients that misbehave: bare connections from an address of their own, and what they say on them. `flows/abuse` waits for
//! what comes of it, `abuse/` goes on with it for a long time.

use crate::Http;
use bytes::Bytes;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, tungstenite};

/// RFC 9113 §3.4.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// An empty SETTINGS frame.
pub const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
/// Of an answer's head: more than any has.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// What the kernel keeps for a client that does not read. It doubles it.
const NARROW: u32 = 4 << 10;
/// Streams that one connection tries to open.
const STREAMS: usize = 800;

/// A client on this machine, at another address than the users of a platform.
#[derive(Debug, Clone)]
pub struct Attacker {
    platform: Http,
    /// Made when it is asked for: reading the certificates of its TLS takes a tenth of a second.
    http: Arc<OnceLock<Http>>,
    address: Ipv4Addr,
}

impl Attacker {
    /// At an address of its own.
    pub fn new(http: &Http) -> Self {
        Self::at(http, Ipv4Addr::new(127, 0, 0, 66))
    }

    /// At this address, which must be in 127.0.0.0/8.
    pub fn at(http: &Http, address: Ipv4Addr) -> Self {
        Self { platform: http.clone(), http: Arc::default(), address }
    }

    /// Its client for usual requests.
    pub fn http(&self) -> &Http {
        self.http.get_or_init(|| self.platform.coming_from(self.address.into()))
    }

    /// # Errors
    /// The host is not there, or this machine has no port left.
    pub async fn connect(&self) -> io::Result<TcpStream> {
        self.connect_by(TcpSocket::new_v4()?).await
    }

    /// A connection that has asked for the file and takes little before it is read.
    ///
    /// # Errors
    /// There is no connection, or the host closes it before.
    pub async fn download(&self, token: &str, path: &str) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(NARROW)?;
        let mut stream = self.connect_by(socket).await?;
        let head = format!("GET {path} HTTP/1.1\r\nHost: mindflow\r\nAuthorization: Bearer {token}\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        Ok(stream)
    }

    async fn connect_by(&self, socket: TcpSocket) -> io::Result<TcpStream> {
        let host = self.platform.url("");
        let host: SocketAddr = host.trim_start_matches("http://").parse().map_err(io::Error::other)?;
        socket.bind((self.address, 0).into())?;
        socket.connect(host).await
    }

    /// A connection that has sent this much.
    ///
    /// # Errors
    /// There is no connection, or the host closes it before.
    pub async fn sent(&self, bytes: &[u8]) -> io::Result<TcpStream> {
        let mut stream = self.connect().await?;
        stream.write_all(bytes).await?;
        Ok(stream)
    }

    /// A WebSocket on which nothing was said.
    ///
    /// # Errors
    /// The host refuses it.
    pub async fn websocket(&self) -> Result<WebSocketStream<TcpStream>, tungstenite::Error> {
        let mut request = self.platform.url("/graphql").replacen("http", "ws", 1).into_client_request()?;
        request
            .headers_mut()
            .insert("sec-websocket-protocol", tungstenite::http::HeaderValue::from_static("graphql-transport-ws"));
        let stream = self.connect().await?;
        Ok(tokio_tungstenite::client_async(request, stream).await?.0)
    }

    /// A subscription by server-sent events: the status and the head of its answer, and its connection.
    ///
    /// # Errors
    /// The host closes the connection.
    pub async fn subscribe(&self, token: &str) -> io::Result<(u16, String, TcpStream)> {
        let body = serde_json::json!({ "query": "subscription { entryChanged { kind } }" }).to_string();
        let headers = format!("Accept: text/event-stream\r\nAuthorization: Bearer {token}\r\n");
        let mut stream = self.sent(format!("{}{body}", post(body.len(), &headers)).as_bytes()).await?;
        let (status, head) = head(&mut stream).await?;
        Ok((status, head, stream))
    }
}

/// The head of an operation's request, whose body has so many bytes.
pub fn post(announced: usize, headers: &str) -> String {
    format!(
        "POST /graphql HTTP/1.1\r\nHost: mindflow\r\nContent-Type: application/json\r\nContent-Length: {announced}\r\n{headers}\r\n"
    )
}

/// An upload of a picture of so many bytes, without its last hundred.
pub fn unfinished_upload(token: &str, bytes: usize) -> Vec<u8> {
    let part = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n";
    let picture = [b"\x89PNG\r\n\x1a\n".as_slice(), &vec![0; bytes]].concat();
    let head = format!(
        "POST /media HTTP/1.1\r\nHost: mindflow\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\nAuthorization: Bearer {token}\r\n\r\n",
        part.len() + picture.len() + 100
    );
    [head.as_bytes(), part.as_bytes(), &picture].concat()
}

/// The head of an answer: its status, and its lines in lower case.
///
/// # Errors
/// The connection ends before.
pub async fn head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(u16, String)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
        if head.len() > HEAD_BYTES_MAX {
            return Err(io::Error::other("the head does not end"));
        }
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.ok_or_else(|| io::Error::other("the answer has no status"))?, head))
}

/// Waits until the host has closed the connection, and takes what comes before.
pub async fn closed(stream: &mut (impl AsyncRead + Unpin)) {
    let mut bytes = [0; 1024];
    // A connection that is reset is closed, too.
    while stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
}

/// As many HTTP/2 streams as the host lets a connection open at a time, each of which asks and reads nothing.
///
/// # Errors
/// The host ends the connection.
pub async fn open_unread_streams(socket: TcpStream) -> Result<Vec<h2::client::ResponseFuture>, h2::Error> {
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(0);
    let (client, connection) = builder.handshake::<_, Bytes>(socket).await?;
    tokio::spawn(connection);
    let mut answers = Vec::new();
    for _ in 0..STREAMS {
        let request = http::Request::post("http://mindflow/graphql").header("content-type", "application/json");
        // What waits for a stream to open waits on its own.
        let Ok(mut ready) = client.clone().ready().await else { break };
        let Ok((answer, mut body)) = ready.send_request(request.body(()).expect("a request"), false) else { break };
        if body.send_data(Bytes::from_static(b"{\"query\":\"{ __typename }\"}"), true).is_err() {
            break;
        }
        answers.push(answer);
        if answers.len() >= client.current_max_send_streams() {
            break;
        }
    }
    Ok(answers)
}

/// Opens streams and resets each of them, as in CVE-2023-44487, until the host ends the connection.
pub async fn reset_streams(socket: TcpStream) {
    let Ok((client, connection)) = h2::client::Builder::new().handshake::<_, Bytes>(socket).await else { return };
    let connection = tokio::spawn(connection);
    while let Ok(mut ready) = client.clone().ready().await {
        let request = http::Request::get("http://mindflow/auth/sessions").body(()).expect("a request");
        let Ok((answer, _)) = ready.send_request(request, true) else { break };
        drop(answer);
        tokio::task::yield_now().await;
    }
    drop(client);
    let _ = connection.await;
}

/// The same field so many times, under other names.
pub fn aliases(times: usize, field: &str) -> String {
    let fields: String = (0..times).map(|alias| format!("a{alias}: {field} ")).collect();
    format!("{{ {fields} }}")
}
