//! The keys as this process knows them: which one signs, which ones verify, and the tokens that were
//! proven a moment ago.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use aws_lc_rs::digest;
use jsonwebtoken::{Algorithm, Validation};
use serde_json::{Map, Value, json};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;

use super::claims::{self, us};
use super::key;
use super::key_set::{KeySet, KnownKey};
use super::{Error, KeyStore, SignError, StoredKey, VerifyError};
use crate::clock::{self, Clock};
use crate::error::chain;

/// How often the keys are read, so that another replica's rotation is found without being asked for.
const REFRESH_EVERY: Duration = Duration::from_secs(30);
/// A replica that has not read the keys for so long no longer signs: its key may be rotated out.
const SIGNS_WITHOUT_REFRESH_FOR: Duration = Duration::from_mins(2);
/// How far replicas' clocks may be apart.
const CLOCK_SKEW: Duration = Duration::from_mins(1);
/// Tokens with an unknown key make us read the keys at most this often.
const UNKNOWN_KEY_REFRESH_EVERY: Duration = Duration::from_secs(1);
/// How many such tokens wait for that concurrently; more are refused as unavailable.
const UNKNOWN_KEYS_WAITING_MAX: usize = 64;
/// A key that was not there stays unknown for so long: its `kid` is a digest, so it was forged, or
/// the key is forgotten.
const UNKNOWN_KEY_REMEMBERED_FOR: Duration = Duration::from_mins(1);
const UNKNOWN_KEYS_REMEMBERED_MAX: u64 = 10_000;
/// A proven token is trusted for so long without looking at the key again.
const VERIFIED_FOR: Duration = Duration::from_mins(1);
/// Some 10,000 users' tokens at 1 KiB.
const VERIFIED_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// What the platform's tokens look like.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `iss` of every token.
    pub issuer: String,
    /// `aud` of every token.
    pub audience: String,
    /// The longest lifetime of a token; `sign` refuses more. A rotated key verifies for so long.
    pub access_lifetime: Duration,
}

/// A proven token.
#[derive(Debug, PartialEq, Eq)]
pub struct Verified {
    /// The claims, a JSON object.
    pub claims: String,
    /// The claim `sub`; empty when there is none.
    pub subject: String,
    /// The claim `roles`; empty when there is none.
    pub roles: Vec<String>,
    /// The claim `exp`, in microseconds since 1970.
    pub expires_at_us: i64,
}

/// Signs and verifies; shared by the whole process.
pub struct Keyring {
    store: Arc<dyn KeyStore>,
    settings: Settings,
    clock: Clock,
    validation: Validation,
    keys: RwLock<Arc<KeySet>>,
    /// When the last reading of the keys began; held while they are read.
    reading: Mutex<Option<Instant>>,
    waiting: Semaphore,
    unknown: moka::sync::Cache<String, ()>,
    /// By the SHA-256 of the token.
    verified: moka::sync::Cache<Vec<u8>, Arc<Verified>>,
}

// === impl Keyring ===

impl Keyring {
    /// Reads the keys, and makes the first when there is none; of replicas that start concurrently, one
    /// key remains. Keeps reading them every 30 s as long as the keyring lives.
    ///
    /// # Errors
    /// When the store cannot be reached or holds something that is no key.
    pub async fn open(store: Arc<dyn KeyStore>, settings: Settings, clock: Clock) -> Result<Arc<Self>, Error> {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_required_spec_claims(&["iss", "aud"]);
        validation.set_issuer(&[&settings.issuer]);
        validation.set_audience(&[&settings.audience]);
        // Checked by our own clock, without leeway.
        validation.validate_exp = false;
        let keyring = Arc::new(Self {
            store,
            settings,
            clock,
            validation,
            keys: RwLock::default(),
            reading: Mutex::default(),
            waiting: Semaphore::new(UNKNOWN_KEYS_WAITING_MAX),
            unknown: moka::sync::Cache::builder()
                .max_capacity(UNKNOWN_KEYS_REMEMBERED_MAX)
                .time_to_live(UNKNOWN_KEY_REMEMBERED_FOR)
                .build(),
            verified: moka::sync::Cache::builder()
                .max_capacity(VERIFIED_BYTES_MAX)
                .weigher(|_, verified: &Arc<Verified>| {
                    // The digest, the map's nodes, and the claims once as text and once taken apart.
                    u32::try_from(256 + 2 * verified.claims.len()).unwrap_or(u32::MAX)
                })
                .time_to_live(VERIFIED_FOR)
                .build(),
        });
        keyring.refresh().await?;
        if keyring.keys().signing(keyring.clock.now_us()).is_none() {
            let key = keyring.generate().await?;
            keyring.store.add_first(&key).await?;
            keyring.refresh().await?;
        }
        if keyring.keys().signing(keyring.clock.now_us()).is_none() {
            return Err(Error::NoKey);
        }
        tokio::spawn(refresh_regularly(Arc::downgrade(&keyring)));
        Ok(keyring)
    }

    /// Signs the claims, a JSON object, with the current key.
    ///
    /// # Errors
    /// [`SignError::Claims`] when `iss`, `aud` or `exp` is missing or not what [`Settings`] says.
    pub async fn sign(&self, claims: &str) -> Result<String, SignError> {
        let claims = claims::check(claims, &self.settings, self.clock.now_us())?;
        let now_us = self.clock.now_us();
        let age_us = now_us.saturating_sub(self.keys().read_at_us);
        if age_us > us(SIGNS_WITHOUT_REFRESH_FOR) {
            self.refresh().await.map_err(|error| SignError::Unavailable(chain(&error)))?;
        }
        let key = self.keys().signing(now_us).ok_or_else(|| SignError::Unavailable(Error::NoKey.to_string()))?;
        // Off the runtime: a millisecond or two of CPU would hold up everything else on its thread.
        tokio::task::spawn_blocking(move || key.sign(&claims)).await.ok().flatten().ok_or(SignError::Signature)
    }

    /// Proves a token: its signature (RS256 by a key of ours), `exp`, `iss` and `aud`.
    ///
    /// # Errors
    /// See [`VerifyError`].
    pub async fn verify(&self, token: &str) -> Result<Arc<Verified>, VerifyError> {
        if token.len() > claims::TOKEN_BYTES_MAX {
            return Err(VerifyError::Malformed);
        }
        let digest = digest::digest(&digest::SHA256, token.as_bytes()).as_ref().to_vec();
        let verified = match self.verified.get(&digest) {
            Some(verified) => verified,
            None => {
                let verified = Arc::new(self.prove(token).await?);
                self.verified.insert(digest, verified.clone());
                verified
            }
        };
        if self.clock.now_us() >= verified.expires_at_us {
            return Err(VerifyError::Expired);
        }
        Ok(verified)
    }

    /// The public keys as a JSON Web Key Set (RFC 7517): those that sign and those that still verify.
    pub fn jwks(&self) -> String {
        let now_us = self.clock.now_us();
        let keys = self.keys();
        let mut known: Vec<&KnownKey> = keys.by_kid.values().filter(|known| self.verifies(known, now_us)).collect();
        known.sort_by(|a, b| (b.signs_from_us, &b.key.kid).cmp(&(a.signs_from_us, &a.key.kid)));
        let keys: Vec<&Value> = known.iter().map(|known| &known.key.jwk).collect();
        json!({ "keys": keys }).to_string()
    }

    /// Makes a new key, which signs from now on; the old one verifies until the last token that it can
    /// have signed has expired. Answers the new key's `kid`.
    ///
    /// # Errors
    /// When the key cannot be made or stored; the old one then goes on signing.
    pub async fn rotate(&self) -> Result<String, Error> {
        let key = self.generate().await?;
        let forget_until_us = key.signs_from_us.saturating_sub(self.verifies_for_us());
        self.store.rotate(&key, forget_until_us).await?;
        self.refresh().await?;
        Ok(key.kid)
    }

    async fn prove(&self, token: &str) -> Result<Verified, VerifyError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| VerifyError::Malformed)?;
        if header.alg != Algorithm::RS256 {
            return Err(VerifyError::NotAccepted("its algorithm is not RS256".to_owned()));
        }
        let Some(kid) = header.kid else {
            return Err(VerifyError::NotAccepted("it names no key".to_owned()));
        };
        let known = match self.known(&kid) {
            Some(known) => known,
            None => self.find(&kid).await?,
        };
        let decoded = jsonwebtoken::decode::<Map<String, Value>>(token, &known.key.verifier, &self.validation);
        let claims = decoded.map_err(|error| claims::refused(error.kind()))?.claims;
        let Some(expires_at_us) = claims::expiry_us(&claims) else {
            return Err(VerifyError::NotAccepted("`exp` is missing".to_owned()));
        };
        let roles = claims.get("roles").and_then(Value::as_array);
        Ok(Verified {
            expires_at_us,
            subject: claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned(),
            roles: roles
                .map(|roles| roles.iter().filter_map(Value::as_str).map(str::to_owned).collect())
                .unwrap_or_default(),
            claims: Value::Object(claims).to_string(),
        })
    }

    /// The key, when it is known and still verifies.
    fn known(&self, kid: &str) -> Option<KnownKey> {
        let now_us = self.clock.now_us();
        self.keys().by_kid.get(kid).filter(|known| self.verifies(known, now_us)).cloned()
    }

    /// Reads the keys again for a token whose key is not known: another replica may just have made
    /// it. At most once a second.
    async fn find(&self, kid: &str) -> Result<KnownKey, VerifyError> {
        if !key::may_be_kid(kid) || self.unknown.contains_key(kid) {
            return Err(VerifyError::BadSignature);
        }
        let _waiting = self
            .waiting
            .try_acquire()
            .map_err(|_| VerifyError::Unavailable("too many concurrent tokens with unknown keys".to_owned()))?;
        let arrived = clock::instant();
        let mut reading = self.reading.lock().await;
        // Another token's reading, begun after this token came, has seen every key there is to it.
        if reading.is_none_or(|began| began < arrived) {
            if let Some(began) = *reading
                && self.known(kid).is_none()
            {
                tokio::time::sleep_until(began + UNKNOWN_KEY_REFRESH_EVERY).await;
            }
            if self.known(kid).is_none() {
                *reading = Some(clock::instant());
                self.read().await.map_err(|error| VerifyError::Unavailable(chain(&error)))?;
            }
        }
        drop(reading);
        self.known(kid).ok_or_else(|| {
            self.unknown.insert(kid.to_owned(), ());
            VerifyError::BadSignature
        })
    }

    async fn refresh(&self) -> Result<(), Error> {
        let mut reading = self.reading.lock().await;
        *reading = Some(clock::instant());
        self.read().await
    }

    /// To be called with `reading` held, so that an older answer never replaces a newer one.
    async fn read(&self) -> Result<(), Error> {
        let read_at_us = self.clock.now_us();
        let stored = self.store.load().await?;
        let before = self.keys();
        let keys = KeySet::read(stored, &before, read_at_us)?;
        if before.by_kid.keys().any(|kid| !keys.by_kid.contains_key(kid)) {
            // A key was taken away; what it proved is proven no more.
            self.verified.invalidate_all();
        }
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(())
    }

    async fn generate(&self) -> Result<StoredKey, Error> {
        let (kid, private_pem) = tokio::task::spawn_blocking(key::generate)
            .await
            .map_err(|panic| Error::Generate(panic.to_string()))?
            .map_err(Error::Generate)?;
        Ok(StoredKey { kid, private_pem, signs_from_us: self.clock.now_us(), retired_at_us: None })
    }

    fn keys(&self) -> Arc<KeySet> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn verifies(&self, known: &KnownKey, now_us: i64) -> bool {
        let ends_at = |retired_at_us: i64| retired_at_us.saturating_add(self.verifies_for_us());
        known.retired_at_us.is_none_or(|retired_at_us| now_us < ends_at(retired_at_us))
    }

    /// How long a key verifies after it was retired. A replica that has not read of it yet goes on
    /// signing for a while, so the last token's life begins later than the retirement.
    fn verifies_for_us(&self) -> i64 {
        us(self.settings.access_lifetime + SIGNS_WITHOUT_REFRESH_FOR + CLOCK_SKEW)
    }
}

/// Ends when the keyring is gone.
async fn refresh_regularly(keyring: Weak<Keyring>) {
    loop {
        tokio::time::sleep(REFRESH_EVERY).await;
        let Some(keyring) = keyring.upgrade() else {
            return;
        };
        if let Err(error) = keyring.refresh().await {
            tracing::warn!(error = chain(&error), "signing keys could not be read; those known are kept");
        }
    }
}
