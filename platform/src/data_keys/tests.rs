//! The keys on a store in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use async_trait::async_trait;
use futures::executor::block_on;
use serde_json::json;
use uuid::Uuid;

use super::{DataKeys, Exchange, Exchanged, KeyError, KeyStore, Opened, Place, SealError, StoredNode, Subject, Wanted};
use crate::event::Event;
use crate::sealing::Keys;
use crate::sql::{Draft, NewEvent};

const USER: Uuid = Uuid::from_u128(9);

/// As a real store does it, for one process.
#[derive(Default)]
pub struct Memory {
    nodes: Mutex<BTreeMap<(Uuid, Place), StoredNode>>,
    destroyed: Mutex<BTreeSet<(Uuid, String)>>,
    is_away: AtomicBool,
    noise: AtomicU8,
    /// How often it was waited for that nothing is remembered.
    waited: AtomicU8,
}

pub fn data_keys(store: Arc<Memory>) -> DataKeys {
    DataKeys::new(store, &Keys::new("a master key of 32 characters or more", []).unwrap()).unwrap()
}

// === impl Memory ===

impl Memory {
    pub fn go_away(&self) {
        self.is_away.store(true, Ordering::SeqCst);
    }

    fn there(&self) -> Result<(), KeyError> {
        if self.is_away.load(Ordering::SeqCst) { Err(KeyError("away".into())) } else { Ok(()) }
    }

    fn nearest(&self, user_id: Uuid, place: Place) -> Option<StoredNode> {
        let nodes = self.nodes.lock().unwrap();
        let below = nodes.range((user_id, Place::FIRST)..=(user_id, place)).next_back();
        below.map(|(_, node)| node.clone()).filter(|node| node.covers(place))
    }
}

#[async_trait]
impl KeyStore for Memory {
    async fn find(&self, wanted: &[Wanted]) -> Result<Vec<Option<StoredNode>>, KeyError> {
        self.there()?;
        Ok(wanted.iter().map(|wanted| self.nearest(wanted.user_id, wanted.place)).collect())
    }

    async fn add(&self, roots: Vec<StoredNode>) -> Result<(), KeyError> {
        self.there()?;
        assert!(roots.is_sorted_by_key(|root| root.user_id));
        for root in roots {
            let is_destroyed = self.destroyed.lock().unwrap().contains(&(root.user_id, String::new()));
            let mut nodes = self.nodes.lock().unwrap();
            if !is_destroyed && !nodes.keys().any(|(user_id, _)| *user_id == root.user_id) {
                nodes.insert((root.user_id, root.first), root);
            }
        }
        Ok(())
    }

    async fn exchange(&self, exchange: Exchange) -> Result<Exchanged, KeyError> {
        self.there()?;
        let Exchange { user_id, aggregate, place, node, rest } = exchange;
        if self.nearest(user_id, place).map(|node| (node.first, node.depth)) != node {
            return Ok(Exchanged::Otherwise);
        }
        let mut destroyed = self.destroyed.lock().unwrap();
        if node.is_none() && ["", &aggregate].iter().any(|name| destroyed.contains(&(user_id, (*name).to_owned()))) {
            return Ok(Exchanged::Already);
        }
        destroyed.insert((user_id, aggregate));
        let mut nodes = self.nodes.lock().unwrap();
        if let Some((first, _)) = node {
            nodes.remove(&(user_id, first));
        }
        if node.is_some() || !nodes.keys().any(|(of, _)| *of == user_id) {
            nodes.extend(rest.into_iter().map(|node| ((user_id, node.first), node)));
        }
        Ok(Exchanged::Done)
    }

    async fn destroy_user(&self, user_id: Uuid) -> Result<bool, KeyError> {
        self.there()?;
        self.nodes.lock().unwrap().retain(|(of, _), _| *of != user_id);
        Ok(self.destroyed.lock().unwrap().insert((user_id, String::new())))
    }

    async fn forgotten(&self) -> Result<(), KeyError> {
        self.there()?;
        self.waited.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn randomise(&self, bytes: &mut [u8]) -> Result<(), KeyError> {
        let noise = self.noise.fetch_add(1, Ordering::SeqCst);
        bytes.iter_mut().zip(0_u8..).for_each(|(byte, place)| *byte = noise.wrapping_mul(31).wrapping_add(place));
        Ok(())
    }
}

fn new_event(partition_key: &str, user_id: Option<Uuid>) -> NewEvent {
    let draft = Draft {
        event_type: "JournalEntryCreated".into(),
        version: "1.0".into(),
        sequence: 1,
        partition_key: partition_key.into(),
        correlation_id: "c".into(),
        traceparent: None,
        user_id: user_id.map(|id| id.to_string()),
        tenant_id: None,
        payload: r#"{"title":"A calm morning"}"#.into(),
    };
    NewEvent::new(draft, Uuid::from_u128(1), 7).unwrap()
}

fn kept(event: &NewEvent) -> Event {
    serde_json::from_value(json!({
        "eventId": event.event_id, "eventType": event.event_type, "version": "1.0", "timestamp": "2026-11-26T12:00:00Z",
        "source": "s", "correlationId": "c", "sequence": 1, "partitionKey": event.partition_key,
        "metadata": event.user_id.map_or(json!({}), |id| json!({"userId": id})),
        "payload": serde_json::from_str::<serde_json::Value>(&event.payload).unwrap()
    }))
    .unwrap()
}

async fn sealed(keys: &DataKeys, partition_key: &str, subject: Subject) -> Event {
    let mut event = new_event(partition_key, Some(USER));
    keys.seal_new(&mut event, &subject).await.unwrap();
    assert!(!event.payload.contains("calm"), "{}", event.payload);
    kept(&event)
}

async fn opens(keys: &DataKeys, event: &Event) -> bool {
    match keys.open(&[event]).await.unwrap().pop().unwrap().unwrap() {
        Opened::Event(event) => {
            assert_eq!(event.payload_text(), r#"{"title":"A calm morning"}"#);
            true
        }
        Opened::Erased => false,
    }
}

#[test]
fn what_was_made_of_an_entry_goes_with_the_entry_and_the_rest_stays() {
    let keys = data_keys(Arc::default());
    block_on(async {
        let entry = sealed(&keys, "entry:1", Subject::Itself).await;
        let derived = sealed(&keys, "analysis:1", Subject::Aggregate("entry:1".into())).await;
        let other = sealed(&keys, "entry:2", Subject::Itself).await;
        assert!(opens(&keys, &entry).await && opens(&keys, &derived).await);
        assert!(keys.destroy_aggregate(USER, "entry:1").await.unwrap());
        assert!(!opens(&keys, &entry).await && !opens(&keys, &derived).await && opens(&keys, &other).await);
        assert!(!keys.destroy_aggregate(USER, "entry:1").await.unwrap());
        let refused = keys.seal_new(&mut new_event("entry:1", Some(USER)), &Subject::Itself).await;
        assert!(matches!(refused, Err(SealError::Destroyed { .. })), "{refused:?}");
        assert!(keys.destroy_aggregate(USER, "entry:2").await.unwrap());
        assert!(!opens(&keys, &other).await);
    });
}

#[test]
fn nothing_of_an_erased_user_opens_and_nothing_new_can_be_sealed() {
    let keys = data_keys(Arc::default());
    block_on(async {
        let entry = sealed(&keys, "entry:1", Subject::Itself).await;
        assert!(keys.destroy_subject(USER).await.unwrap());
        assert!(!keys.destroy_subject(USER).await.unwrap());
        assert!(!opens(&keys, &entry).await);
        for key in ["entry:1", "user:9"] {
            let refused = keys.seal_new(&mut new_event(key, Some(USER)), &Subject::Itself).await;
            assert!(matches!(refused, Err(SealError::Destroyed { .. })), "{refused:?}");
        }
        assert!(!keys.destroy_aggregate(USER, "entry:7").await.unwrap());
        let mut unsealed = new_event("erasure:1", Some(USER));
        keys.seal_new(&mut unsealed, &Subject::Unsealed).await.unwrap();
        assert!(unsealed.payload.contains("calm"));
    });
}

#[test]
fn a_destruction_waits_until_no_host_remembers_also_of_what_was_gone() {
    let store = Arc::new(Memory::default());
    let keys = data_keys(store.clone());
    block_on(async {
        let entry = sealed(&keys, "entry:1", Subject::Itself).await;
        let all = [(USER, Some("entry:1")), (USER, Some("entry:2")), (Uuid::from_u128(10), None)];
        assert_eq!(keys.destroy_each(&all).await, Ok(3));
        assert_eq!((store.waited.load(Ordering::SeqCst), opens(&keys, &entry).await), (1, false));
        assert_eq!(keys.destroy_each(&all).await, Ok(0));
        assert!(!keys.destroy_aggregate(USER, "entry:1").await.unwrap());
        assert!(keys.destroy_subject(USER).await.unwrap());
        assert_eq!(store.waited.load(Ordering::SeqCst), 4);
    });
}

#[test]
fn the_first_events_of_several_users_make_their_keys_together() {
    let keys = data_keys(Arc::default());
    let mut events = [3, 1, 2, 1].map(|user| kept(&new_event("entry:1", Some(Uuid::from_u128(user)))));
    block_on(async {
        keys.seal_events(&mut events, &[const { Subject::Itself }; 4]).await.unwrap();
        for event in &events {
            assert!(event.payload.contains_key("$sealed") && opens(&keys, event).await);
        }
    });
}

#[test]
fn an_aggregate_can_be_destroyed_before_its_user_has_a_key() {
    let keys = data_keys(Arc::default());
    block_on(async {
        assert!(keys.destroy_aggregate(USER, "entry:1").await.unwrap());
        let other = sealed(&keys, "entry:2", Subject::Itself).await;
        assert!(opens(&keys, &other).await);
        assert!(keys.seal_new(&mut new_event("entry:1", Some(USER)), &Subject::Itself).await.is_err());
    });
}

#[test]
fn what_was_kept_in_clear_is_sealed_later_and_dropped_where_its_key_is_gone() {
    let keys = data_keys(Arc::default());
    block_on(async {
        keys.destroy_aggregate(USER, "entry:1").await.unwrap();
        let without_user = kept(&new_event("platform", None));
        let mut events =
            [kept(&new_event("entry:1", Some(USER))), kept(&new_event("analysis:2", Some(USER))), without_user.clone()];
        let subjects = [Subject::Itself, Subject::Aggregate("entry:2".into()), Subject::Itself];
        keys.seal_events(&mut events, &subjects).await.unwrap();
        assert!(!opens(&keys, &events[0]).await && opens(&keys, &events[1]).await);
        assert_eq!(events[2], without_user);
        let again = events.clone();
        keys.seal_events(&mut events, &subjects).await.unwrap();
        assert_eq!(events, again);
        keys.destroy_aggregate(USER, "entry:2").await.unwrap();
        assert!(!opens(&keys, &events[1]).await);
    });
}

#[test]
fn a_payload_that_looks_sealed_or_a_subject_without_a_name_is_refused() {
    let keys = data_keys(Arc::default());
    block_on(async {
        let mut event = new_event("entry:1", Some(USER));
        for name in [String::new(), "e".repeat(257)] {
            assert_eq!(keys.seal_new(&mut event, &Subject::Aggregate(name)).await, Err(SealError::Name));
        }
        for payload in [r#"{"$sealed":""}"#, r#"{"\u0024sealed":""}"#] {
            event.payload = payload.into();
            assert_eq!(keys.seal_new(&mut event, &Subject::Unsealed).await, Err(SealError::Reserved));
        }
        event.payload = r#"{"title":"what $sealed means"}"#.into();
        keys.seal_new(&mut event, &Subject::Itself).await.unwrap();
    });
}
