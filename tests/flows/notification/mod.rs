//! Goal: users and their systems are notified of what happened, once, by the channels they chose. Method: a real SMTP
//! server, real HTTP receivers on loopback (allowed by name, as an operator would), a browser's keys.

mod mail;
mod push;
mod reminders;
pub mod secrets;
mod silent;
pub mod webhooks;

use mindflow_test_support::SmtpServer;
use mindflow_tests::receiver::{Received, Receiver};
use mindflow_tests::{Account, Builder, Platform, eventually};
use serde_json::{Value, json};

const CREATE_WEBHOOK: &str = "mutation ($url: String!, $events: [String!]!) {
    createWebhook(url: $url, events: $events) { id url events active secret } }";
const CREATE_TAG: &str = "mutation ($name: String!) { createTag(name: $name) { id } }";

pub fn mailing(server: &SmtpServer) -> Builder {
    Platform::services().config(&format!(
        "[mail]\nbackend = \"smtp\"\nfrom = \"MindFlow <hello@mindflow.example>\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n",
        server.port
    ))
}

fn letting_through(receiver: &Receiver) -> Builder {
    Platform::services().config(&format!("[outbound]\nallow-private = [\"{}\"]\n", receiver.address))
}

/// The mails to one address, as soon as there are so many.
pub async fn mails_to(server: &SmtpServer, email: &str, count: usize) -> Vec<String> {
    eventually(&format!("{count} mails to {email}"), || async {
        let mails: Vec<String> =
            server.mails().into_iter().filter(|mail| mail.contains(&format!("\r\nTo: {email}\r\n"))).collect();
        (mails.len() >= count).then_some(mails)
    })
    .await
}

async fn received(receiver: &Receiver, count: usize) -> Vec<Received> {
    eventually(&format!("{count} requests"), || async {
        let received = receiver.received();
        (received.len() >= count).then_some(received)
    })
    .await
}

async fn webhook(account: &Account, url: &str, events: &[&str]) -> Value {
    account.data(CREATE_WEBHOOK, json!({ "url": url, "events": events })).await["createWebhook"].clone()
}

/// (channel, status, reason) of an account's sends, as soon as so many are settled.
async fn settled(platform: &Platform, account: &Account, count: usize) -> Vec<(String, String, Option<String>)> {
    let database = &platform.write_database().await;
    let id: uuid::Uuid = account.id.parse().unwrap();
    eventually(&format!("{count} settled sends"), || async move {
        let sql = "SELECT channel, status, reason FROM notification.sends WHERE user_id = $1 AND status <> 'pending'
            ORDER BY planned_at, id";
        let rows = database.query(sql, &[&id]).await.unwrap();
        (rows.len() >= count).then(|| rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
    })
    .await
}

/// The last error of the dead send, as soon as there is one.
async fn dead_send(platform: &Platform) -> (i32, String) {
    let database = &platform.write_database().await;
    eventually("a dead letter", || async move {
        let sql = "SELECT attempts, last_error FROM delivery.queue
            WHERE subscription LIKE 'notification-%' AND state = 'dead'";
        database.query_opt(sql, &[]).await.unwrap().map(|row| (row.get(0), row.get(1)))
    })
    .await
}
