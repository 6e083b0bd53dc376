//! The keys as this process knows them: which one signs, which ones verify, and the tokens that were
//! proven a moment ago.

use std::sync::{Arc, PoisonError, RwLock, Weak};

use aws_lc_rs::digest;
use mindflow_platform::jwt::{
    self, Known, NOT_READ, REFRESH_EVERY, Reading, SIGNS_AFTER, SIGNS_WITHOUT_REFRESH_FOR, TOKEN_BYTES_MAX,
    TOO_MANY_UNKNOWN, Token, UNKNOWN_KEY_REMEMBERED_FOR, UNKNOWN_KEY_WAITS_MAX, UNKNOWN_KEYS_WAITING_MAX, VERIFIED_FOR,
    may_be_kid, us,
};
use tokio::sync::{Mutex, Semaphore};

use super::key::{self, Key};
use super::key_set::{self, KeySet};
use super::{Error, KeyStore, Settings, SignError, StoredKey, Verified, VerifyError};
use crate::clock::Clock;
use crate::error::chain;

const UNKNOWN_KEYS_REMEMBERED_MAX: u64 = 10_000;
/// Some 10,000 users' tokens at 1 KiB.
const VERIFIED_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Signs and verifies; shared by the whole process.
pub struct Keyring {
    store: Arc<dyn KeyStore>,
    settings: Settings,
    clock: Clock,
    keys: RwLock<Arc<KeySet>>,
    /// The last one; held while the keys are read.
    reading: Mutex<Reading>,
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
        let keyring = Arc::new(Self {
            store,
            settings,
            clock,
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
            let key = keyring.generate(keyring.clock.now_us()).await?;
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
        self.signed(jwt::check(claims, &self.settings, self.clock.now_us())?).await
    }

    /// Signs a JSON object that is no token, with the current key.
    ///
    /// # Errors
    /// [`SignError::Claims`] when it could be taken for a token.
    pub async fn attest(&self, statement: &str) -> Result<String, SignError> {
        self.signed(jwt::check_statement(statement)?).await
    }

    async fn signed(&self, claims: String) -> Result<String, SignError> {
        let now_us = self.clock.now_us();
        let age_us = now_us.saturating_sub(self.keys().read_at_us);
        if age_us > us(SIGNS_WITHOUT_REFRESH_FOR) {
            self.refresh().await.map_err(|error| SignError::Unavailable(chain(&error)))?;
        }
        let key = self.keys().signing(now_us).map(|known| known.key.clone());
        let key = key.ok_or_else(|| SignError::Unavailable(Error::NoKey.to_string()))?;
        // Off the runtime: a millisecond or two of CPU would hold up everything else on its thread.
        tokio::task::spawn_blocking(move || key.sign(&claims)).await.ok().flatten().ok_or(SignError::Signature)
    }

    /// Proves a token: its signature (RS256 by a key of ours), `exp`, `iss` and `aud`.
    ///
    /// # Errors
    /// See [`VerifyError`].
    pub async fn verify(&self, token: &str) -> Result<Arc<Verified>, VerifyError> {
        if token.len() > TOKEN_BYTES_MAX {
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
        self.keys().jwks(&self.settings, self.clock.now_us())
    }

    /// Makes a new key, which signs in [`SIGNS_AFTER`]; the old one verifies until the last token that it can
    /// have signed has expired. Answers the new key's `kid`.
    ///
    /// # Errors
    /// When the key cannot be made or stored; the old one then goes on signing.
    pub async fn rotate(&self) -> Result<String, Error> {
        let key = self.generate(self.clock.now_us().saturating_add(us(SIGNS_AFTER))).await?;
        let forget_until_us = key.signs_from_us.saturating_sub(self.settings.verifies_for_us());
        self.store.rotate(&key, forget_until_us).await?;
        self.refresh().await?;
        Ok(key.kid)
    }

    async fn prove(&self, token: &str) -> Result<Verified, VerifyError> {
        let token = Token::parse(token)?;
        let known = match self.known(&token.kid) {
            Some(known) => known,
            None => self.find(&token.kid).await?,
        };
        if !known.key.has_signed(&token) {
            return Err(VerifyError::BadSignature);
        }
        token.claims(&self.settings)
    }

    /// The key, when it is known and still verifies.
    fn known(&self, kid: &str) -> Option<Known<Arc<Key>>> {
        self.keys().verifying(kid, &self.settings, self.clock.now_us()).cloned()
    }

    /// Reads the keys again for a token whose key is not known, as another replica may have made it; unless they were read a
    /// moment ago, because then there is no such key.
    async fn find(&self, kid: &str) -> Result<Known<Arc<Key>>, VerifyError> {
        if !may_be_kid(kid) || self.unknown.contains_key(kid) {
            return Err(VerifyError::BadSignature);
        }
        let _waiting = self.waiting.try_acquire().map_err(|_| VerifyError::Unavailable(TOO_MANY_UNKNOWN.to_owned()))?;
        let again = tokio::time::timeout(UNKNOWN_KEY_WAITS_MAX, self.read_again()).await;
        again.unwrap_or_else(|_| Err(NOT_READ.to_owned())).map_err(VerifyError::Unavailable)?;
        self.known(kid).ok_or_else(|| {
            self.unknown.insert(kid.to_owned(), ());
            VerifyError::BadSignature
        })
    }

    /// One reading for all tokens that wait, and the next one not before its time.
    async fn read_again(&self) -> Result<(), String> {
        let mut reading = self.reading.lock().await;
        if reading.is_recent(self.clock.now_us()) {
            return if reading.succeeded { Ok(()) } else { Err(NOT_READ.to_owned()) };
        }
        self.read(&mut reading).await.map_err(|error| chain(&error))
    }

    async fn refresh(&self) -> Result<(), Error> {
        let mut reading = self.reading.lock().await;
        self.read(&mut reading).await
    }

    /// With `reading` held, so that an older answer never replaces a newer one.
    async fn read(&self, reading: &mut Reading) -> Result<(), Error> {
        let read_at_us = self.clock.now_us();
        *reading = Reading::begins(read_at_us);
        let stored = self.store.load().await?;
        let before = self.keys();
        let keys = key_set::read(stored, &before, read_at_us)?;
        if before.has_more_than(&keys) {
            // A key was taken away; what it proved is proven no more.
            self.verified.invalidate_all();
        }
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        reading.succeeded = true;
        Ok(())
    }

    async fn generate(&self, signs_from_us: i64) -> Result<StoredKey, Error> {
        let (kid, private_pem) = tokio::task::spawn_blocking(key::generate)
            .await
            .map_err(|panic| Error::Generate(panic.to_string()))?
            .map_err(Error::Generate)?;
        Ok(StoredKey { kid, private_pem, signs_from_us, retired_at_us: None })
    }

    fn keys(&self) -> Arc<KeySet> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
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
