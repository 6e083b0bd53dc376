//! `POST /v1/embeddings`, as OpenAI's API has it.

use crate::pool::{Refusal, Worker};
use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, Response, StatusCode, body::Incoming, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::{net::UnixListener, sync::Semaphore};

/// A text of 100,000 characters of any script fits twice.
const BODY_BYTES_MAX: usize = 1 << 20;
/// Texts of one request.
const TEXTS_MAX: usize = 64;
/// More than the host opens.
const CONNECTIONS_MAX: usize = 64;
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
struct Asked {
    input: Input,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    One(String),
    Many(Vec<String>),
}

type Answer = Response<Full<Bytes>>;

pub async fn serve(listener: UnixListener, worker: Worker, model: String) -> Result<()> {
    let model: Arc<str> = model.into();
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let permit = Arc::clone(&connections).acquire_owned().await?;
        let (stream, _) = listener.accept().await?;
        let (worker, model) = (worker.clone(), Arc::clone(&model));
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let (worker, model) = (worker.clone(), Arc::clone(&model));
                async move { Ok::<_, Infallible>(respond(request, &worker, &model).await) }
            });
            let mut server = hyper::server::conn::http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
            // A client that went away is no matter of ours.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
            drop(permit);
        });
    }
}

async fn respond(request: Request<Incoming>, worker: &Worker, model: &str) -> Answer {
    if request.method() != Method::POST || request.uri().path() != "/v1/embeddings" {
        return refuse(StatusCode::NOT_FOUND, "there is nothing but POST /v1/embeddings");
    }
    let Ok(body) = Limited::new(request.into_body(), BODY_BYTES_MAX).collect().await else {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "the body cannot be read, or has more than 1 MiB");
    };
    let texts = match serde_json::from_slice::<Asked>(&body.to_bytes()) {
        Ok(Asked { input: Input::One(text) }) => vec![text],
        Ok(Asked { input: Input::Many(texts) }) => texts,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &format!("the body is not what it should be: {error}")),
    };
    if texts.is_empty() || texts.len() > TEXTS_MAX {
        return refuse(StatusCode::BAD_REQUEST, &format!("input has 1 to {TEXTS_MAX} texts"));
    }
    match worker.embed(texts).await {
        Ok(vectors) => {
            let data = vectors.into_iter().enumerate();
            let data: Vec<Value> = data
                .map(|(index, vector)| json!({ "object": "embedding", "index": index, "embedding": vector }))
                .collect();
            answer(StatusCode::OK, &json!({ "object": "list", "data": data, "model": model }))
        }
        Err(Refusal::Busy) => refuse(StatusCode::SERVICE_UNAVAILABLE, "too many requests wait already"),
        Err(Refusal::Failed(reason)) => refuse(StatusCode::INTERNAL_SERVER_ERROR, &reason),
    }
}

fn refuse(status: StatusCode, message: &str) -> Answer {
    answer(status, &json!({ "error": { "message": message } }))
}

fn answer(status: StatusCode, body: &Value) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body.to_string())));
    *answer.status_mut() = status;
    answer.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    answer
}
