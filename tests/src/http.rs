//! The HTTP client of the stories: one connection pool, and an address that outlives a restart.

use crate::{Answer, WITHIN};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::{Arc, RwLock};

/// A client of one platform; cheap to clone.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    /// `http://127.0.0.1:PORT`, changed by a restart.
    address: Arc<RwLock<String>>,
}

impl Http {
    pub(crate) fn new() -> Self {
        let client = client().build().expect("a client");
        Self { client, address: Arc::default() }
    }

    /// A client of a platform that the test started with its own command.
    pub fn at(address: &str) -> Self {
        let http = Self::new();
        http.moved_to(address);
        http
    }

    pub(crate) fn moved_to(&self, address: &str) {
        *self.address.write().expect("no panic while held") = address.to_owned();
    }

    /// The same address over HTTP/2 without TLS.
    pub fn over_http2(&self) -> Self {
        let client = client().http2_prior_knowledge().build().expect("a client");
        Self { client, address: Arc::clone(&self.address) }
    }

    /// A client of the same platform at another address of this machine.
    pub fn coming_from(&self, address: IpAddr) -> Self {
        let client = client().local_address(address).build().expect("a client");
        Self { client, address: Arc::clone(&self.address) }
    }

    /// `http://127.0.0.1:PORT` + `path`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address.read().expect("no panic while held"))
    }

    /// A request to be refined; [`send`] sends it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// A GraphQL operation without a login.
    pub async fn graphql(&self, query: &str, variables: Value) -> Answer {
        self.post("/graphql", &json!({ "query": query, "variables": variables })).await
    }
}

/// Sends a request and reads the answer.
pub async fn send(request: RequestBuilder) -> Answer {
    Answer::read(request.send().await.expect("an answer")).await
}

fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy().timeout(WITHIN * 2).redirect(reqwest::redirect::Policy::none())
}
