//! A user of the platform, logged in.

use crate::{Answer, GraphqlSocket, Http, Sse, eventually, send};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// What every test user logs in with.
pub const PASSWORD: &str = "correct horse battery";

/// A logged-in user; a clone is the same session on another device's client.
#[derive(Debug, Clone)]
pub struct Account {
    http: Http,
    pub email: String,
    pub password: String,
    /// The user's id.
    pub id: String,
    /// The access token.
    pub token: String,
    /// The refresh token, as the cookie `mf_refresh` carries it.
    pub refresh_token: String,
}

impl Account {
    /// Signs up a user of a new e-mail address.
    pub async fn register(http: &Http) -> Self {
        let email = format!("{}@example.org", uuid::Uuid::new_v4().simple());
        let body = json!({ "email": email, "password": PASSWORD, "displayName": "Ada" });
        let answer = http.post("/auth/register", &body).await.expect(201);
        Self::granted(http, &email, PASSWORD, &answer)
    }

    /// A further session of the user, as of another device. Tokens name the roles that one has by then.
    pub async fn login(&self) -> Self {
        let body = json!({ "email": self.email, "password": self.password });
        let answer = self.http.post("/auth/login", &body).await.expect(200);
        Self::granted(&self.http, &self.email, &self.password, &answer)
    }

    /// The account that an answer of `/auth/register`, `login` or `refresh` speaks of.
    pub fn granted(http: &Http, email: &str, password: &str, answer: &Answer) -> Self {
        let body = answer.json();
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{body}")).to_owned();
        Self {
            http: http.clone(),
            email: email.to_owned(),
            password: password.to_owned(),
            id: text(&body["user"]["id"]),
            token: text(&body["accessToken"]),
            refresh_token: answer.refresh_cookie().0,
        }
    }

    pub fn http(&self) -> &Http {
        &self.http
    }

    /// The same user by another client, such as one that speaks HTTP/2.
    pub fn with_http(&self, http: Http) -> Self {
        Self { http, ..self.clone() }
    }

    /// A request with the access token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, path).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    /// A GraphQL operation.
    pub async fn graphql(&self, query: &str, variables: Value) -> Answer {
        self.post("/graphql", &json!({ "query": query, "variables": variables })).await
    }

    /// The data of a GraphQL operation that must not fail.
    pub async fn data(&self, query: &str, variables: Value) -> Value {
        self.graphql(query, variables).await.data()
    }

    /// The data of a query, asked again until `done` says that the read side has caught up.
    pub async fn eventually(&self, query: &str, variables: Value, done: impl Fn(&Value) -> bool) -> Value {
        let last = std::sync::Mutex::new(String::new());
        let (last, done, variables) = (&last, &done, &variables);
        let shown = Shown(last);
        let found = eventually(query, || async move {
            let answer = self.graphql(query, variables.clone()).await;
            *last.lock().expect("no panic while held") = answer.text();
            let body = answer.json();
            (body.get("errors").is_none() && done(&body["data"])).then(|| body["data"].clone())
        })
        .await;
        shown.found();
        found
    }

    /// Writes an entry; the answer's `createJournalEntry` with id, version and title.
    pub async fn write(&self, input: Value) -> Value {
        self.data(CREATE, json!({ "input": input })).await["createJournalEntry"].clone()
    }

    /// A `graphql-transport-ws` connection as this user.
    pub async fn socket(&self) -> GraphqlSocket {
        GraphqlSocket::connect(&self.http, Some(&self.token)).await
    }

    /// A GraphQL operation over server-sent events as this user.
    pub async fn sse(&self, query: &str, variables: Value) -> Sse {
        let body = json!({ "query": query, "variables": variables });
        let request = self.request(Method::POST, "/graphql").header("accept", "text/event-stream").json(&body);
        Sse::open(request).await
    }
}

/// Prints the last answer when a wait fails.
struct Shown<'a>(&'a std::sync::Mutex<String>);

impl Shown<'_> {
    fn found(self) {
        std::mem::forget(self);
    }
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if let Ok(last) = self.0.lock() {
            eprintln!("the last answer was: {last}");
        }
    }
}

/// Writes an entry and asks for all of what was written.
pub const CREATE: &str = "mutation ($input: CreateJournalEntryInput!) { createJournalEntry(input: $input) {
    id title content mood version wordCount entryDate createdAt updatedAt tags { id name } analysis { status }
} }";
