//! Seals and opens payloads of events, and destroys the keys. Each call asks the store, and a destruction answers when no host
//! remembers the keys, so that from then on they open nothing on any replica.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use super::payload::{About, Damaged, NONCE_BYTES, Noise, SALT_BYTES, SEALED, Sealed};
use super::store::{Exchange, Exchanged, KeyError, KeyStore, StoredNode, Wanted};
use super::tree::{Key, Node, Place, SECRET_BYTES};
use super::{AGGREGATE_BYTES_MAX, Subject};
use crate::event::Event;
use crate::sealing::{self, Keys, Sealer};
use crate::sql::NewEvent;

/// As which the master key seals nodes: no component has such a name.
const SEALS_AS: &str = "mindflow:data-keys";
/// Others may destroy keys of the same user meanwhile; each try finds the tree that they left.
const EXCHANGES_MAX: u32 = 16;

/// The keys under which payloads are kept.
pub struct DataKeys {
    store: Arc<dyn KeyStore>,
    master: Sealer,
}

/// A delivered event.
#[derive(Debug, Clone, PartialEq)]
pub enum Opened {
    /// With its payload in clear.
    Event(Box<Event>),
    /// Its key is gone.
    Erased,
}

/// Why a payload cannot be sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("the keys of `{aggregate}` of user {user_id} are destroyed")]
    Destroyed { user_id: Uuid, aggregate: String },
    #[error("the event's payload has the member `{SEALED}`, which the platform keeps for itself")]
    Reserved,
    #[error("the event's subject has no name, or one of more than {AGGREGATE_BYTES_MAX} bytes")]
    Name,
    #[error(transparent)]
    Keys(#[from] KeyError),
}

/// A payload that is to be sealed.
pub struct Clear<'a> {
    pub about: About<'a>,
    /// The aggregate, where it is not the event's own.
    pub under: Option<&'a str>,
    /// A JSON object.
    pub text: String,
}

// === impl DataKeys ===

impl DataKeys {
    /// `master`: the platform's keys, which seal what `store` keeps.
    ///
    /// # Errors
    /// None, for keys that could be made.
    pub fn new(store: Arc<dyn KeyStore>, master: &Keys) -> Result<Self, sealing::SealingError> {
        Ok(Self { store, master: master.of(SEALS_AS)? })
    }

    /// Seals the payload of an event that is to be published.
    ///
    /// # Errors
    /// `Destroyed`, or what [`SealError`] says.
    pub async fn seal_new(&self, event: &mut NewEvent, subject: &Subject) -> Result<(), SealError> {
        let is_sealed = subject.seals(event)?;
        let Some(about) = About::new_event(event).filter(|_| is_sealed) else { return Ok(()) };
        let under = match subject {
            Subject::Aggregate(name) => Some(name.as_str()),
            Subject::Itself | Subject::Unsealed => None,
        };
        let draft = Clear { about, under, text: event.payload.clone() };
        let sealed = self.seal(vec![draft]).await?.pop().flatten();
        let Some(sealed) = sealed else {
            let aggregate = under.unwrap_or(&event.partition_key).to_owned();
            return Err(SealError::Destroyed { user_id: event.user_id.unwrap_or_default(), aggregate });
        };
        event.payload = serde_json::Value::Object(sealed.members()).to_string();
        Ok(())
    }

    /// Seals payloads of events that are in clear; those that are sealed, or of no user, stay as they are. `subjects`: of each event. A
    /// payload whose key is gone is dropped ([`Sealed::nothing`]).
    ///
    /// # Errors
    /// The store's.
    pub async fn seal_events(&self, events: &mut [Event], subjects: &[Subject]) -> Result<(), KeyError> {
        let (mut places, mut clear) = (Vec::new(), Vec::new());
        for (place, (event, subject)) in events.iter().zip(subjects).enumerate() {
            let under = match subject {
                Subject::Unsealed => continue,
                Subject::Itself => None,
                Subject::Aggregate(name) => Some(name.as_str()).filter(|name| *name != event.partition_key),
            };
            if let Some(about) = About::event(event).filter(|_| !event.payload.contains_key(SEALED)) {
                clear.push(Clear { about, under, text: event.payload_text() });
                places.push(place);
            }
        }
        let sealed = self.seal(clear).await?;
        for (place, sealed) in places.into_iter().zip(sealed) {
            if let Some(event) = events.get_mut(place) {
                event.payload = sealed.unwrap_or_else(Sealed::nothing).members();
            }
        }
        Ok(())
    }

    /// Opens the payloads of events that were kept, in their order. One look into the store for all of them.
    ///
    /// # Errors
    /// The store's; that of one event is in its place.
    pub async fn open(&self, events: &[&Event]) -> Result<Vec<Result<Opened, Damaged>>, KeyError> {
        let read: Vec<_> = events.iter().map(|event| (About::event(event), Sealed::read(event))).collect();
        let wanted: Vec<_> = read
            .iter()
            .filter_map(|(about, sealed)| {
                let (about, Some(Ok(sealed))) = (about.as_ref()?, sealed) else { return None };
                (!sealed.is_nothing()).then(|| wanted(about, sealed.aggregate(about)))
            })
            .collect();
        let mut keys = self.keys(&wanted).await?.into_iter();
        let opened = events.iter().zip(read).map(|(event, (about, sealed))| {
            let sealed = match sealed {
                None => return Ok(Opened::Event(Box::new((*event).clone()))),
                Some(read) => read?,
            };
            let about = about.ok_or(Damaged(event.event_id))?;
            let key = if sealed.is_nothing() { None } else { keys.next().flatten() };
            let Some(key) = key else { return Ok(Opened::Erased) };
            let text = sealed.open(&key, &about)?;
            let payload = serde_json::from_str(&text).map_err(|_| Damaged(event.event_id))?;
            Ok(Opened::Event(Box::new(Event { payload, ..(*event).clone() })))
        });
        Ok(opened.collect())
    }

    /// The same for someone who looks: what was erased has the payload `{"erased": true}`.
    ///
    /// # Errors
    /// The store's; that of one event is in its place.
    pub async fn show(&self, events: &[&Event]) -> Result<Vec<Result<Event, Damaged>>, KeyError> {
        let opened = self.open(events).await?;
        let shown = opened.into_iter().zip(events).map(|(opened, event)| match opened? {
            Opened::Event(event) => Ok(*event),
            Opened::Erased => {
                let payload = serde_json::Map::from_iter([("erased".to_owned(), true.into())]);
                Ok(Event { payload, ..(*event).clone() })
            }
        });
        Ok(shown.collect())
    }

    /// Destroys all keys of a user. `false`: they were destroyed before.
    ///
    /// # Errors
    /// The store's: they may still be there.
    pub async fn destroy_subject(&self, user_id: Uuid) -> Result<bool, KeyError> {
        Ok(self.destroy_each(&[(user_id, None)]).await? > 0)
    }

    /// Destroys the key of one aggregate. `false`: it was destroyed before.
    ///
    /// # Errors
    /// The store's: it may still be there.
    pub async fn destroy_aggregate(&self, user_id: Uuid, aggregate: &str) -> Result<bool, KeyError> {
        Ok(self.destroy_each(&[(user_id, Some(aggregate))]).await? > 0)
    }

    /// Destroys all keys of users, or those of single aggregates. When it answers, no host seals or opens anything with them any more.
    /// Answers how many were not destroyed before.
    ///
    /// # Errors
    /// The store's: they may still be there.
    pub async fn destroy_each(&self, destroyed: &[(Uuid, Option<&str>)]) -> Result<u64, KeyError> {
        let mut count = 0;
        for (user_id, aggregate) in destroyed {
            let is_new = match aggregate {
                Some(aggregate) => self.take_out(*user_id, aggregate).await?,
                None => self.store.destroy_user(*user_id).await?,
            };
            count += u64::from(is_new);
        }
        // Also of those that were gone: who destroyed them may have died before it waited.
        self.store.forgotten().await?;
        Ok(count)
    }

    async fn take_out(&self, user_id: Uuid, aggregate: &str) -> Result<bool, KeyError> {
        let place = Place::of(aggregate);
        for _ in 0..EXCHANGES_MAX {
            let found = self.store.find_now(&[Wanted { user_id, place }]).await?.pop().flatten();
            let (node, root) = match found.map(|found| self.node(&found)).transpose()? {
                Some(node) => (Some((node.first(), node.depth())), node),
                // Where the user has none yet, a tree without the place.
                None => (None, Node::root(self.random()?)),
            };
            let rest = root.without(place).unwrap_or_default();
            let rest = rest.iter().map(|node| self.stored(user_id, node)).collect::<Result<_, _>>()?;
            let exchange = Exchange { user_id, aggregate: aggregate.to_owned(), place, node, rest };
            match self.store.exchange(exchange).await? {
                Exchanged::Done => return Ok(true),
                Exchanged::Already => return Ok(false),
                Exchanged::Otherwise => {}
            }
        }
        Err(KeyError(format!("others changed the keys of user {user_id} {EXCHANGES_MAX} times meanwhile")))
    }

    /// For each: sealed, or none where the key is gone.
    ///
    /// # Errors
    /// The store's.
    pub async fn seal(&self, clear: Vec<Clear<'_>>) -> Result<Vec<Option<Sealed>>, KeyError> {
        let wanted: Vec<_> =
            clear.iter().map(|draft| wanted(&draft.about, draft.under.unwrap_or(draft.about.partition_key))).collect();
        let mut keys = self.keys(&wanted).await?;
        if keys.iter().any(Option::is_none) {
            self.add_roots(&wanted, &keys).await?;
            keys = self.keys(&wanted).await?;
        }
        let sealed = clear.iter().zip(keys).map(|(draft, key)| {
            let Some(key) = key else { return Ok(None) };
            let noise = Noise { nonce: self.random::<NONCE_BYTES>()?, salt: self.random::<SALT_BYTES>()? };
            let sealed = Sealed::seal(&key, &draft.about, draft.under, &draft.text, &noise);
            sealed.map(Some).map_err(|_| KeyError(format!("event {} cannot be sealed", draft.about.event_id)))
        });
        sealed.collect()
    }

    /// A user's first event makes the user's key.
    async fn add_roots(&self, wanted: &[Wanted], keys: &[Option<Key>]) -> Result<(), KeyError> {
        let missing = wanted.iter().zip(keys).filter(|(_, key)| key.is_none());
        let users: BTreeSet<Uuid> = missing.map(|(wanted, _)| wanted.user_id).collect();
        let roots = users.into_iter().map(|user_id| self.stored(user_id, &Node::root(self.random()?)));
        let roots = roots.collect::<Result<_, _>>()?;
        self.store.add(roots).await
    }

    async fn keys(&self, wanted: &[Wanted]) -> Result<Vec<Option<Key>>, KeyError> {
        let nodes = self.nodes(wanted).await?;
        Ok(nodes.into_iter().zip(wanted).map(|(node, wanted)| node?.key(wanted.place)).collect())
    }

    async fn nodes(&self, wanted: &[Wanted]) -> Result<Vec<Option<Node>>, KeyError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.store.find(wanted).await?;
        if found.len() != wanted.len() {
            return Err(KeyError("the store answered another number of keys than was asked for".to_owned()));
        }
        found.into_iter().map(|node| node.map(|node| self.node(&node)).transpose()).collect()
    }

    fn node(&self, stored: &StoredNode) -> Result<Node, KeyError> {
        let context = context(stored.user_id, stored.first, stored.depth);
        let secret = self.master.open(&stored.sealed, &context).map_err(|error| KeyError(error.to_string()))?;
        let secret = <[u8; SECRET_BYTES]>::try_from(secret).ok();
        let node = secret.and_then(|secret| Node::new(stored.first, stored.depth, secret));
        node.ok_or_else(|| KeyError(format!("a key of user {} cannot be read", stored.user_id)))
    }

    fn stored(&self, user_id: Uuid, node: &Node) -> Result<StoredNode, KeyError> {
        let (first, depth) = (node.first(), node.depth());
        let context = context(user_id, first, depth);
        let sealed = self.master.seal(node.secret(), &context, self.random()?);
        let sealed = sealed.map_err(|error| KeyError(error.to_string()))?;
        Ok(StoredNode { user_id, first, depth, sealed })
    }

    fn random<const BYTES: usize>(&self) -> Result<[u8; BYTES], KeyError> {
        let mut bytes = [0; BYTES];
        self.store.randomise(&mut bytes)?;
        Ok(bytes)
    }
}

fn wanted(about: &About<'_>, aggregate: &str) -> Wanted {
    Wanted { user_id: about.user_id, place: Place::of(aggregate) }
}

/// What a node is sealed for: it opens in no other place of the store.
fn context(user_id: Uuid, first: Place, depth: u8) -> String {
    format!("{user_id}/{}/{depth}", first.signed())
}

// === impl Subject ===

impl Subject {
    /// Whether the payload of such an event is kept sealed.
    ///
    /// # Errors
    /// The name of an aggregate is none, or the payload looks sealed already.
    pub fn seals(&self, event: &NewEvent) -> Result<bool, SealError> {
        // An escape may spell the member's name in another way.
        let may_have = event.payload.contains(SEALED) || event.payload.contains("\\u");
        let members = || serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&event.payload);
        if may_have && members().is_ok_and(|members| members.contains_key(SEALED)) {
            return Err(SealError::Reserved);
        }
        match self {
            Self::Aggregate(name) if !(1..=AGGREGATE_BYTES_MAX).contains(&name.len()) => Err(SealError::Name),
            Self::Itself | Self::Aggregate(_) => Ok(event.user_id.is_some()),
            Self::Unsealed => Ok(false),
        }
    }
}
