//! A client of the `graphql-transport-ws` protocol.

use crate::{Http, WITHIN};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// One connection.
pub struct GraphqlSocket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    operations: u32,
}

/// What the server sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    Message(Value),
    /// The connection's end, with the close code.
    Closed(u16),
}

impl GraphqlSocket {
    /// Connected, and acknowledged as the token's user.
    pub async fn connect(http: &Http, token: Option<&str>) -> Self {
        let mut socket = Self::open(http).await;
        socket.init(token).await;
        let answer = socket.message().await;
        assert_eq!(answer["type"], "connection_ack", "{answer}");
        socket
    }

    /// Connected, nothing said yet.
    pub async fn open(http: &Http) -> Self {
        Self::try_open(http, "graphql-transport-ws").await.expect("the server takes the connection")
    }

    /// # Errors
    /// The server refused the handshake.
    pub async fn try_open(http: &Http, protocol: &str) -> Result<Self, tungstenite::Error> {
        let mut request = http.url("/graphql").replacen("http", "ws", 1).into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", protocol.parse().expect("a header"));
        let (stream, _) = connect_async(request).await?;
        Ok(Self { stream, operations: 0 })
    }

    pub async fn init(&mut self, token: Option<&str>) {
        let payload = token.map_or(json!({}), |token| json!({ "authorization": format!("Bearer {token}") }));
        self.send(&json!({ "type": "connection_init", "payload": payload })).await;
    }

    pub async fn send(&mut self, message: &Value) {
        self.stream.send(Message::text(message.to_string())).await.expect("the message goes out");
    }

    /// Starts an operation; its id.
    pub async fn subscribe(&mut self, query: &str, variables: Value) -> String {
        self.operations += 1;
        let id = self.operations.to_string();
        self.send(&json!({ "id": id, "type": "subscribe", "payload": { "query": query, "variables": variables } }))
            .await;
        id
    }

    /// The next message or the end. Pings of the protocol are answered.
    pub async fn receive(&mut self) -> Received {
        tokio::time::timeout(WITHIN, self.wait()).await.expect("a message in time")
    }

    /// The same, however long it takes.
    pub async fn wait(&mut self) -> Received {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).expect("JSON");
                    if message["type"] == "ping" {
                        self.send(&json!({ "type": "pong" })).await;
                        continue;
                    }
                    return Received::Message(message);
                }
                Some(Ok(Message::Close(frame))) => {
                    return Received::Closed(frame.map_or(1005, |frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => panic!("{error}"),
                None => return Received::Closed(1006),
            }
        }
    }

    /// The next message.
    pub async fn message(&mut self) -> Value {
        match self.receive().await {
            Received::Message(message) => message,
            Received::Closed(code) => panic!("closed with {code}"),
        }
    }

    /// The data of the operation's next result.
    pub async fn next(&mut self, id: &str) -> Value {
        let message = self.message().await;
        assert_eq!((&message["type"], &message["id"]), (&json!("next"), &json!(id)), "{message}");
        assert!(message["payload"].get("errors").is_none(), "{message}");
        message["payload"]["data"].clone()
    }

    /// Closes it; the code of the answer.
    pub async fn close(&mut self, code: u16) -> u16 {
        let frame = CloseFrame { code: code.into(), reason: "goodbye".into() };
        self.stream.send(Message::Close(Some(frame))).await.expect("the close goes out");
        self.closed().await
    }

    /// The close code; other messages before it are passed over.
    pub async fn closed(&mut self) -> u16 {
        loop {
            if let Received::Closed(code) = self.receive().await {
                return code;
            }
        }
    }
}
