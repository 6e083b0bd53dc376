//! Does with the capabilities for stores and messages what a test says: the body of a request is a list of steps as JSON, each
//! a list of words; the answer is a list of what each came to, as Rust shows it.

use http::StatusCode;
use mindflow_guest::disclosed::{self, Post};
use mindflow_guest::disclosure::{Owner, Subject};
use mindflow_guest::key_value::{Bucket, Condition};
use mindflow_guest::rate_limits::{self, Holder};
use mindflow_guest::web::{Body, Response, wire};
use mindflow_guest::{blob, call, embeddings, mail, outbound, realtime, sealing, web_push};
use std::fmt::Debug;
use wasip3::http::types::{ErrorCode, Request, Response as WasiResponse};

struct Probe;

impl wasip3::exports::http::handler::Guest for Probe {
    async fn handle(request: Request) -> Result<WasiResponse, ErrorCode> {
        let mut incoming = wire::Incoming::new(request);
        let mut body = Vec::new();
        while let Some(piece) = incoming.next().await {
            body.extend(piece);
        }
        incoming.end().await?;
        let (status, text) = match serde_json::from_slice::<Vec<Vec<String>>>(&body) {
            Ok(steps) => {
                let mut answers = Vec::new();
                for step in steps {
                    let words: Vec<&str> = step.iter().map(String::as_str).collect();
                    answers.push(run(&words).await);
                }
                (StatusCode::OK, serde_json::to_string(&answers).unwrap_or_default())
            }
            Err(error) => (StatusCode::BAD_REQUEST, error.to_string()),
        };
        wire::send(Response { status, headers: http::HeaderMap::new(), body: Body::Bytes(text.into_bytes()) })
    }
}

async fn run(words: &[&str]) -> String {
    match *words {
        ["get", bucket, key] => shown(get(bucket, key).await),
        ["get-many", bucket, ref keys @ ..] => shown(get_many(bucket, keys).await),
        ["recall", bucket, ref keys @ ..] => shown(recall(bucket, keys).await),
        ["put", bucket, key, value, ttl_ms, when] => shown(put(bucket, key, value, ttl_ms, when).await),
        ["increment", bucket, key, delta, ttl_ms] => shown(increment(bucket, key, delta, ttl_ms).await),
        ["delete", bucket, ref keys @ ..] => shown(delete(bucket, keys).await),
        ["list", bucket, prefix] => shown(list(bucket, prefix).await),
        ["latest", topic] => shown(realtime::latest(topic.into()).await),
        ["resume", topic, after] => shown(resume(topic, after).await),
        ["publish", topic, data] => shown(realtime::publish(topic.into(), data.as_bytes().to_vec()).await),
        ["listen", topic, after, count] => shown(listen(topic, after, count).await),
        ["upload", key, bytes, bytes_max] => shown(upload(key, bytes, bytes_max).await),
        ["abandon", key, bytes] => shown(abandon(key, bytes).await),
        ["download", key, start, end] => shown(download(key, start, end).await),
        ["head", key] => shown(blob::head("media".into(), key.into()).await.map(|info| (info.key, info.bytes))),
        ["remove", ref keys @ ..] => shown(blob::delete("media".into(), owned(keys)).await),
        ["files", folder, after, limit] => shown(files(folder, after, limit).await),
        ["mail", to, subject] => shown(mail::send(message(to, subject)).await),
        ["check", url] => shown(outbound::check(url.into()).await),
        ["embed", user, text] => shown(embeddings::embed(subject(user, "search-query"), vec![text.into()]).await),
        ["disclose", user, purpose, url] => shown(disclose(subject(user, purpose), url).await),
        ["push-key"] => shown(web_push::public_key().await),
        ["seal", p256dh, auth] => shown(seal(p256dh, auth).await),
        ["take", limit, holder] => shown(take(limit, holder).await),
        ["keep", text, context] => shown(sealing::seal(text.as_bytes().to_vec(), context.into()).await),
        ["reveal", sealed, context] => shown(reveal(sealed, context).await),
        _ => "no such step".to_owned(),
    }
}

/// Of a text that is kept nowhere.
fn subject(user: &str, purpose: &str) -> Subject {
    Subject { owner: Owner::User(user.to_owned()), document: None, purpose: purpose.to_owned() }
}

/// Sends a text, and says what the receiver answers.
async fn disclose(subject: Subject, url: &str) -> Result<u16, disclosed::Error> {
    let uri = url.parse().map_err(|_| disclosed::Error::Invalid("no address".to_owned()))?;
    let (headers, body, model) = (http::HeaderMap::new(), b"what a user wrote".to_vec(), Some("small"));
    let post = Post { uri: &uri, headers, body, model, timeout_ms: 5_000, answer_bytes_max: 4_096 };
    disclosed::post(subject, post).await.map(|reply| reply.status)
}

fn shown<T: Debug, E: Debug>(outcome: Result<T, E>) -> String {
    match outcome {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("error: {error:?}"),
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

type KeyValue<T> = Result<T, mindflow_guest::key_value::Error>;

async fn get(bucket: &str, key: &str) -> KeyValue<Option<String>> {
    let entry = Bucket::open(bucket.into()).await?.get(key.into()).await?;
    Ok(entry.map(|entry| String::from_utf8_lossy(&entry.value).into_owned()))
}

async fn get_many(bucket: &str, keys: &[&str]) -> KeyValue<Vec<Option<String>>> {
    Ok(texts(Bucket::open(bucket.into()).await?.get_many(owned(keys)).await?))
}

/// The last key is one of which no copy will do.
async fn recall(bucket: &str, keys: &[&str]) -> KeyValue<Vec<Option<String>>> {
    let mut keys = owned(keys);
    let current = keys.pop().into_iter().collect();
    Ok(texts(Bucket::open(bucket.into()).await?.recall(keys, current).await?))
}

fn texts(entries: Vec<Option<mindflow_guest::key_value::Entry>>) -> Vec<Option<String>> {
    entries.into_iter().map(|entry| entry.map(|entry| String::from_utf8_lossy(&entry.value).into_owned())).collect()
}

/// `when`: `always`, `absent`, or `current`, with the version that is there now, or `old`, with one that is not.
async fn put(bucket: &str, key: &str, value: &str, ttl_ms: &str, when: &str) -> KeyValue<&'static str> {
    let bucket = Bucket::open(bucket.into()).await?;
    let version = match when {
        "current" | "old" => bucket.get(key.into()).await?.map_or(1, |entry| entry.version),
        _ => 0,
    };
    let condition = match when {
        "always" => Condition::Always,
        "absent" => Condition::IfAbsent,
        "current" => Condition::IfVersion(version),
        _ => Condition::IfVersion(version.saturating_sub(1)),
    };
    let outcome = bucket.put(key.into(), value.as_bytes().to_vec(), ttl_ms.parse().ok(), condition).await?;
    Ok(match outcome {
        mindflow_guest::key_value::PutOutcome::Stored(_) => "stored",
        mindflow_guest::key_value::PutOutcome::Stale(Some(_)) => "stale",
        mindflow_guest::key_value::PutOutcome::Stale(None) => "absent",
    })
}

async fn increment(bucket: &str, key: &str, delta: &str, ttl_ms: &str) -> KeyValue<i64> {
    let bucket = Bucket::open(bucket.into()).await?;
    bucket.increment(key.into(), delta.parse().unwrap_or_default(), ttl_ms.parse().ok()).await
}

async fn delete(bucket: &str, keys: &[&str]) -> KeyValue<u32> {
    Bucket::open(bucket.into()).await?.delete(owned(keys)).await
}

async fn list(bucket: &str, prefix: &str) -> KeyValue<Vec<String>> {
    let mut keys = Bucket::open(bucket.into()).await?.list_keys(prefix.into()).await?;
    keys.sort();
    Ok(keys)
}

/// The items, and the cursor of the last one. An empty cursor: from now on, after a first notice that it listens.
async fn listen(topic: &str, after: &str, count: &str) -> Result<(Vec<String>, String), realtime::Error> {
    let after = Some(after.to_owned()).filter(|after| !after.is_empty());
    let is_live = after.is_none();
    let subscription = realtime::subscribe(topic.into(), after).await?;
    if is_live {
        realtime::publish(format!("{topic}:listening"), Vec::new()).await?;
    }
    let (mut items, mut cursor) = (Vec::new(), String::new());
    for _ in 0..count.parse().unwrap_or(1) {
        let item = subscription.next().await?;
        items.push(String::from_utf8_lossy(&item.data).into_owned());
        cursor = item.cursor;
    }
    Ok((items, cursor))
}

/// Whether all that followed the cursor is heard.
async fn resume(topic: &str, after: &str) -> Result<bool, realtime::Error> {
    Ok(realtime::subscribe(topic.into(), Some(after.to_owned())).await?.is_whole().await)
}

/// How a user stands who has taken one unit; or a client, by the id of a request.
async fn take(limit: &str, holder: &str) -> Result<String, call::Error> {
    let holder = match holder.strip_prefix("client:") {
        Some(id) => Holder::Client(id.to_owned()),
        None => Holder::Named(holder.to_owned()),
    };
    rate_limits::take(limit, holder, 1).await.map(|standing| standing.rate)
}

const PIECE: usize = 300_000;

async fn upload(key: &str, bytes: &str, bytes_max: &str) -> Result<u64, blob::Error> {
    let number = |text: &str| text.parse::<u64>().unwrap_or_default();
    let upload = blob::put("media".into(), key.into(), number(bytes_max)).await?;
    let mut left = usize::try_from(number(bytes)).unwrap_or_default();
    while left > 0 {
        let piece = left.min(PIECE);
        upload.write(vec![b'x'; piece]).await?;
        left -= piece;
    }
    upload.finish().await
}

async fn abandon(key: &str, bytes: &str) -> Result<(), blob::Error> {
    let upload = blob::put("media".into(), key.into(), u64::MAX).await?;
    upload.write(vec![b'x'; bytes.parse().unwrap_or_default()]).await
}

/// The file's size, and how many bytes came in how many pieces. No end: all of it.
async fn download(key: &str, start: &str, end: &str) -> Result<(u64, usize, usize), blob::Error> {
    let range = end.parse().ok().map(|end| blob::Range { start: start.parse().unwrap_or_default(), end });
    let (info, download) = blob::get("media".into(), key.into(), range).await?;
    let (mut bytes, mut pieces) = (0, 0);
    while let Some(piece) = download.next().await? {
        bytes += piece.len();
        pieces += 1;
    }
    Ok((info.bytes, bytes, pieces))
}

async fn files(folder: &str, after: &str, limit: &str) -> Result<Vec<(String, u64)>, blob::Error> {
    let after = Some(after.to_owned()).filter(|after| !after.is_empty());
    let found = blob::list("media".into(), folder.into(), after, limit.parse().unwrap_or(10)).await?;
    Ok(found.into_iter().map(|info| (info.key, info.bytes)).collect())
}

fn message(to: &str, subject: &str) -> mail::Message {
    mail::Message {
        id: "0190b6f4-7a1c-7d1e-8f00-0123456789ab".into(),
        to: to.into(),
        subject: subject.into(),
        text: "Hello in text.".into(),
        html: None,
        headers: Vec::new(),
    }
}

/// `sealed`: bytes as JSON.
async fn reveal(sealed: &str, context: &str) -> Result<String, sealing::Error> {
    let sealed = serde_json::from_str(sealed).unwrap_or_default();
    sealing::open(sealed, context.into()).await.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

async fn seal(p256dh: &str, auth: &str) -> Result<(bool, usize), web_push::Error> {
    let subscription = web_push::Subscription {
        endpoint: "https://push.example.net/send".into(),
        p256dh: p256dh.into(),
        auth: auth.into(),
    };
    web_push::check(subscription.clone()).await?;
    let sealed = web_push::seal(subscription, b"hello".to_vec()).await?;
    Ok((sealed.authorization.starts_with("vapid t="), sealed.body.len()))
}

wasip3::http::service::export!(Probe);
