//! Clients that write all the time and note their requests and the answers.

use super::history::{Outcome, Wish, Write};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::time::sleep;

/// Longer than any answer takes, and no longer: what hangs is an unknown outcome.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);
/// Thinking time; the machine is for the hosts.
const PAUSE_MS: std::ops::Range<u64> = 10..60;
const ALL_DOWN_PAUSE: Duration = Duration::from_millis(50);
const PASSWORD: &str = "correct horse battery";
/// What says for certain that nothing was written.
const REFUSALS: [&str; 6] =
    ["BAD_USER_INPUT", "CONFLICT", "FORBIDDEN", "NOT_FOUND", "QUOTA_EXCEEDED", "UNAUTHENTICATED"];
const CREATE: &str = "mutation ($i: CreateJournalEntryInput!) { done: createJournalEntry(input: $i) { id } }";
const UPDATE: &str = "mutation ($i: UpdateJournalEntryInput!) { done: updateJournalEntry(input: $i) { id } }";
const DELETE: &str = "mutation ($id: ID!) { done: deleteJournalEntry(id: $id) }";
const MOOD: &str = "mutation ($n: String) { done: recordMood(mood: CALM, note: $n) { id: recordId } }";
const PUBLISH: &str = "mutation ($id: ID!) { done: publishJournalEntry(id: $id) { id } }";
const TAKE_BACK: &str = "mutation ($id: ID!) { done: takeBackMood(id: $id) }";
const END_TAG: &str = "mutation ($id: ID!) { done: deleteTag(id: $id) }";
const PURGE: &str = "mutation ($id: ID!) { done: purgeJournalEntry(id: $id) { erasureId } }";
const LEAVE: &str = "mutation ($p: String!) { done: deleteAccount(password: $p) { erasureId } }";
/// How often an account is asked to go, while hosts come and go.
const LEAVE_ATTEMPTS: usize = 600;
const TAG: &str = "mutation ($n: String!) { done: createTag(name: $n) { id } }";

/// Where the platform can be asked now; none while a part of it is down.
pub type Addresses = Arc<RwLock<Vec<Option<String>>>>;

/// A user who writes; each request has a mark by which the archive tells it from all others.
pub struct Writer {
    name: String,
    token: String,
    /// The user's id.
    user: String,
    client: reqwest::Client,
    addresses: Addresses,
    rng: fastrand::Rng,
    /// Entries that were acknowledged and that it has not deleted.
    entries: Vec<String>,
    /// The same of drafts, moods and tags without entries.
    drafts: Vec<String>,
    moods: Vec<String>,
    tags: Vec<String>,
    /// Each with the entry that it is of, where that is known.
    writes: Vec<(Option<String>, Write)>,
    /// Whether it purges entries, and those that it has or may have.
    purges: bool,
    purged: BTreeSet<String>,
}

impl Writer {
    /// A premium user, logged in; `grant` gives the user of an e-mail address that role.
    ///
    /// # Errors
    /// What the platform refuses.
    pub async fn register(
        name: String,
        seed: u64,
        addresses: Addresses,
        grant: impl AsyncFnOnce(&str) -> Result<()>,
    ) -> Result<Self> {
        let client = reqwest::Client::builder().no_proxy().timeout(ANSWER_WITHIN).build()?;
        let rng = fastrand::Rng::with_seed(seed);
        let mut writer = Self {
            name,
            token: String::new(),
            user: String::new(),
            client,
            addresses,
            rng,
            entries: Vec::new(),
            drafts: Vec::new(),
            moods: Vec::new(),
            tags: Vec::new(),
            writes: Vec::new(),
            purges: false,
            purged: BTreeSet::new(),
        };
        let email = format!("{}@example.org", writer.name);
        let base = writer.address().context("no host is up")?;
        let account = json!({ "email": email, "password": PASSWORD, "displayName": writer.name });
        writer.client.post(format!("{base}/auth/register")).json(&account).send().await?.error_for_status()?;
        grant(&email).await?;
        writer.log_in().await?;
        Ok(writer)
    }

    async fn log_in(&mut self) -> Result<()> {
        let base = self.address().context("no host is up")?;
        let account = json!({ "email": format!("{}@example.org", self.name), "password": PASSWORD });
        let login = self.client.post(format!("{base}/auth/login")).json(&account).send().await?.error_for_status()?;
        let answer: Value = login.json().await?;
        self.token = answer["accessToken"].as_str().context("no token")?.to_owned();
        self.user = answer["user"]["id"].as_str().context("no user")?.to_owned();
        Ok(())
    }

    /// One that also purges entries.
    #[must_use]
    pub fn purging(self) -> Self {
        Self { purges: true, ..self }
    }

    /// Writes until `stop`; returns its requests and the answers, but for those of entries that are gone or may be: the archive does not say
    /// any more what they were.
    pub async fn run(mut self, stop: Arc<AtomicBool>) -> Vec<Write> {
        let mut number = 0;
        while !stop.load(Ordering::Relaxed) {
            number += 1;
            self.write(number).await;
        }
        let is_gone = |entry: &Option<String>, wish: &Wish| {
            !matches!(wish, Wish::Purge { .. }) && entry.as_ref().is_some_and(|entry| self.purged.contains(entry))
        };
        let left = self.writes.into_iter().filter(|(entry, write)| !is_gone(entry, &write.wish));
        left.map(|(_, write)| write).collect()
    }

    /// Writes so many times, and has the account go; returns that request and its answer.
    pub async fn leave(mut self, after: usize) -> Write {
        for number in 0..after {
            self.write(number).await;
        }
        let wish = Wish::Leave { user: self.user.clone() };
        let mut outcome = Outcome::Failed;
        for _ in 0..LEAVE_ATTEMPTS {
            if !self.token.is_empty() || self.log_in().await.is_ok() {
                match self.send(&wish).await {
                    Some((Outcome::Ok, _)) => return Write { wish, outcome: Outcome::Ok },
                    Some((Outcome::Unknown, _)) => outcome = Outcome::Unknown,
                    Some((Outcome::Failed, _)) | None => {}
                }
            }
            sleep(ALL_DOWN_PAUSE).await;
        }
        Write { wish, outcome }
    }

    async fn write(&mut self, number: usize) {
        let mark = format!("{}-{number}", self.name);
        let wish = self.wish(mark);
        if self.token.is_empty() && self.log_in().await.is_err() {
            return sleep(ALL_DOWN_PAUSE).await;
        }
        let Some((outcome, id)) = self.ask(&wish).await else { return sleep(ALL_DOWN_PAUSE).await };
        let entry = match (&wish, id) {
            (Wish::Create { .. }, Some(id)) => {
                self.entries.push(id.clone());
                Some(id)
            }
            (Wish::Draft { .. }, Some(id)) => {
                self.drafts.push(id.clone());
                Some(id)
            }
            // Only one that is acknowledged is asked for what entries are.
            (Wish::Publish { entry }, id) => {
                self.drafts.retain(|id| id != entry);
                self.entries.extend(id);
                Some(entry.clone())
            }
            (Wish::Mood { .. }, Some(id)) => {
                self.moods.push(id);
                None
            }
            (Wish::Tag { .. }, Some(id)) => {
                self.tags.push(id);
                None
            }
            (Wish::TakeBack { mood }, _) => {
                self.moods.retain(|id| id != mood);
                None
            }
            (Wish::EndTag { tag }, _) => {
                self.tags.retain(|id| id != tag);
                None
            }
            (Wish::Update { entry, .. }, _) => Some(entry.clone()),
            // Also one that failed: the archive does not say which of two requests deleted an entry.
            (Wish::Delete { entry } | Wish::Purge { entry }, _) => {
                self.entries.retain(|id| id != entry);
                Some(entry.clone())
            }
            _ => None,
        };
        if let Wish::Purge { entry } = &wish
            && outcome != Outcome::Failed
        {
            self.purged.insert(entry.clone());
        }
        self.writes.push((entry, Write { wish, outcome }));
        sleep(Duration::from_millis(self.rng.u64(PAUSE_MS))).await;
    }

    fn wish(&mut self, mark: String) -> Wish {
        let rng = &mut self.rng;
        let one_of = |rng: &mut fastrand::Rng, ids: &[String]| {
            let number = if ids.is_empty() { 0 } else { rng.usize(..ids.len()) };
            ids.get(number).cloned()
        };
        let choice = rng.u32(0..if self.purges { 26 } else { 25 });
        let of = match choice {
            21 | 22 => &self.drafts,
            23 => &self.moods,
            24 => &self.tags,
            _ => &self.entries,
        };
        match (choice, one_of(rng, of)) {
            (0..9, Some(entry)) => Wish::Update { entry, mark },
            (9..11, Some(entry)) => Wish::Delete { entry },
            (11..13, _) => Wish::Mood { mark },
            (13, _) => Wish::Tag { mark },
            (20, _) => Wish::Draft { mark },
            (21 | 22, Some(entry)) => Wish::Publish { entry },
            (23, Some(mood)) => Wish::TakeBack { mood },
            (24, Some(tag)) => Wish::EndTag { tag },
            (25, Some(entry)) => Wish::Purge { entry },
            _ => Wish::Create { mark },
        }
    }

    /// None: no host was up to be asked. A creation without an answer is sent once more with the same client's
    /// id, as a client would: it must create one entry at most.
    async fn ask(&mut self, wish: &Wish) -> Option<(Outcome, Option<String>)> {
        let first = self.send(wish).await?;
        match (wish, first) {
            (Wish::Create { .. } | Wish::Draft { .. }, (Outcome::Unknown, _)) => match self.send(wish).await {
                Some((Outcome::Ok, id)) => Some((Outcome::Ok, id)),
                // The second refusal says nothing about the first request.
                _ => Some((Outcome::Unknown, None)),
            },
            (_, first) => Some(first),
        }
    }

    async fn send(&mut self, wish: &Wish) -> Option<(Outcome, Option<String>)> {
        let base = self.address()?;
        let request = self.client.post(format!("{base}/graphql")).bearer_auth(&self.token).json(&body(wish));
        Some(match request.send().await {
            Err(error) if error.is_connect() => (Outcome::Failed, None),
            Err(_) => (Outcome::Unknown, None),
            Ok(answer) => match answer.json::<Value>().await {
                Ok(answer) => {
                    // Sessions go with the Redis that is flushed.
                    if answer.pointer("/errors/0/extensions/code").is_some_and(|code| code == "UNAUTHENTICATED") {
                        self.token.clear();
                    }
                    outcome_of(&answer)
                }
                Err(_) => (Outcome::Unknown, None),
            },
        })
    }

    fn address(&mut self) -> Option<String> {
        let up: Vec<String> = self.addresses.read().expect("no panic while held").iter().flatten().cloned().collect();
        if up.is_empty() { None } else { Some(up[self.rng.usize(..up.len())].clone()) }
    }
}

fn body(wish: &Wish) -> Value {
    match wish {
        Wish::Create { mark } | Wish::Draft { mark } => json!({ "query": CREATE, "variables": { "i": {
            "title": mark, "content": "Slept well, walked by the river.", "mood": "CALM", "tags": ["river"], "clientMutationId": mark,
            "draft": matches!(wish, Wish::Draft { .. })
        } } }),
        Wish::Update { entry, mark } => {
            json!({ "query": UPDATE, "variables": { "i": { "id": entry, "title": mark, "tags": ["river", "evening"] } } })
        }
        Wish::Delete { entry } => json!({ "query": DELETE, "variables": { "id": entry } }),
        Wish::Mood { mark } => json!({ "query": MOOD, "variables": { "n": mark } }),
        Wish::Tag { mark } => json!({ "query": TAG, "variables": { "n": mark } }),
        Wish::Publish { entry } => json!({ "query": PUBLISH, "variables": { "id": entry } }),
        Wish::TakeBack { mood } => json!({ "query": TAKE_BACK, "variables": { "id": mood } }),
        Wish::EndTag { tag } => json!({ "query": END_TAG, "variables": { "id": tag } }),
        Wish::Purge { entry } => json!({ "query": PURGE, "variables": { "id": entry } }),
        Wish::Leave { .. } => json!({ "query": LEAVE, "variables": { "p": PASSWORD } }),
    }
}

/// What an answer says for certain; anything else leaves it open.
fn outcome_of(answer: &Value) -> (Outcome, Option<String>) {
    let Some(error) = answer.pointer("/errors/0") else {
        let done = answer.pointer("/data/done").filter(|done| !done.is_null());
        let id = done.and_then(|done| done.get("id")).and_then(Value::as_str).map(ToOwned::to_owned);
        return (if done.is_some() { Outcome::Ok } else { Outcome::Unknown }, id);
    };
    let code = error.pointer("/extensions/code").and_then(Value::as_str).unwrap_or_default();
    (if REFUSALS.contains(&code) { Outcome::Failed } else { Outcome::Unknown }, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_that_says_so_is_a_success_or_a_refusal() {
        let ok = json!({ "data": { "done": { "id": "x" } } });
        assert_eq!(outcome_of(&ok), (Outcome::Ok, Some("x".into())));
        assert_eq!(outcome_of(&json!({ "data": { "done": true } })), (Outcome::Ok, None));
        let error = |code: &str| json!({ "data": null, "errors": [{ "extensions": { "code": code } }] });
        assert_eq!(outcome_of(&error("NOT_FOUND")).0, Outcome::Failed);
        assert_eq!(outcome_of(&error("SERVICE_UNAVAILABLE")).0, Outcome::Unknown);
        assert_eq!(outcome_of(&error("INTERNAL_SERVER_ERROR")).0, Outcome::Unknown);
        assert_eq!(outcome_of(&json!({ "data": { "done": null } })).0, Outcome::Unknown);
        assert_eq!(outcome_of(&json!({ "title": "Bad gateway" })).0, Outcome::Unknown);
    }
}
