//! What the instance knows of keys and tokens. There is no clock's work in a component, so the keys are read again by calls
//! that find them old.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_lock::Semaphore;
use lru::LruCache;
use mindflow_platform::jwt::{
    self, Known, NO_KEY, NOT_READ, REFRESH_EVERY, Reading, SIGNS_WITHOUT_REFRESH_FOR, Settings, SignError,
    TOO_MANY_UNKNOWN, Token, UNKNOWN_KEY_REFRESH_EVERY, UNKNOWN_KEY_REMEMBERED_FOR, UNKNOWN_KEYS_WAITING_MAX,
    VERIFIED_FOR, Verified, VerifyError, may_be_kid, us,
};
use rsa::sha2::{Digest, Sha256};
use rsa::{PrivateKey, PublicKey};

use super::store::Keys;
use super::{rsa_key, store};
use crate::{clock, grants};

/// Of 16 KiB at most, mostly 2: an instance lives for some hundred requests.
const VERIFIED_MAX: NonZeroUsize = NonZeroUsize::new(256).unwrap();
const UNKNOWN_MAX: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();
/// While the database is away, calls that know their key do not all wait for it.
const RETRY_EVERY: Duration = Duration::from_secs(5);

/// Signs and verifies; one in an instance.
pub(super) struct Keyring {
    settings: Settings,
    keys: Mutex<Arc<Keys>>,
    /// The last one; held while the keys are read.
    reading: async_lock::Mutex<Reading>,
    waiting: Semaphore,
    /// By `kid`, when it was not there.
    unknown: Mutex<LruCache<String, i64>>,
    /// By the SHA-256 of the token.
    verified: Mutex<LruCache<[u8; 32], Proven>>,
    /// The last one that signed, by `kid`.
    private: async_lock::Mutex<Option<(String, Arc<PrivateKey>)>>,
}

/// A token that was proven, and when.
#[derive(Clone)]
struct Proven {
    at_us: i64,
    verified: Arc<Verified>,
}

/// Those of the service's manifest.
pub(super) fn keyring() -> &'static Keyring {
    static KEYRING: OnceLock<Keyring> = OnceLock::new();
    KEYRING.get_or_init(|| {
        let tokens = &grants::service().tokens;
        let (issuer, audience) = (tokens.issuer.clone(), tokens.audience.clone());
        Keyring::new(Settings { issuer, audience, access_lifetime: tokens.lifetime() })
    })
}

// === impl Keyring ===

impl Keyring {
    fn new(settings: Settings) -> Self {
        Self {
            settings,
            keys: Mutex::default(),
            reading: async_lock::Mutex::new(Reading::default()),
            waiting: Semaphore::new(UNKNOWN_KEYS_WAITING_MAX),
            unknown: Mutex::new(LruCache::new(UNKNOWN_MAX)),
            verified: Mutex::new(LruCache::new(VERIFIED_MAX)),
            private: async_lock::Mutex::new(None),
        }
    }

    /// Signs the claims with the current key.
    pub(super) async fn sign(&self, claims: &str) -> Result<String, SignError> {
        self.signed(&jwt::check(claims, &self.settings, clock::now_us())?).await
    }

    /// Signs a JSON object that is no token.
    pub(super) async fn attest(&self, statement: &str) -> Result<String, SignError> {
        self.signed(&jwt::check_statement(statement)?).await
    }

    async fn signed(&self, claims: &str) -> Result<String, SignError> {
        let keys = self.recent().await;
        let now_us = clock::now_us();
        if now_us.saturating_sub(keys.read_at_us) > us(SIGNS_WITHOUT_REFRESH_FOR) {
            self.read_later_than(now_us).await.map_err(SignError::Unavailable)?;
        }
        let kid = self.keys().signing(now_us).map(|known| known.jwk.kid().to_owned());
        let kid = kid.ok_or_else(|| SignError::Unavailable(NO_KEY.to_owned()))?;
        let key = self.private(&kid).await.map_err(SignError::Unavailable)?;
        rsa_key::sign(&key, &kid, claims).ok_or(SignError::Signature)
    }

    /// Proves a token: its signature (RS256 by a key of the platform's), `exp`, `iss` and `aud`.
    pub(super) async fn verify(&self, token: &str) -> Result<Arc<Verified>, VerifyError> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        let verified = match self.remembered(&digest, clock::now_us()) {
            Some(verified) => verified,
            None => {
                let verified = Arc::new(self.prove(token).await?);
                self.remember(digest, clock::now_us(), &verified);
                verified
            }
        };
        if clock::now_us() >= verified.expires_at_us {
            return Err(VerifyError::Expired);
        }
        Ok(verified)
    }

    /// The public keys as a JSON Web Key Set (RFC 7517).
    pub(super) async fn jwks(&self) -> Result<String, String> {
        let keys = self.recent().await;
        if keys.by_kid.is_empty() {
            self.read_later_than(clock::now_us()).await?;
        }
        Ok(self.keys().jwks(&self.settings, clock::now_us()))
    }

    async fn prove(&self, token: &str) -> Result<Verified, VerifyError> {
        let token = Token::parse(token)?;
        self.recent().await;
        let known = match self.known(&token.kid) {
            Some(known) => known,
            None => self.find(&token.kid).await?,
        };
        if !rsa_key::has_signed(&known.key, &token) {
            return Err(VerifyError::BadSignature);
        }
        token.claims(&self.settings)
    }

    /// Reads the keys again for a token whose key is not known, as a host may have made it; unless they were read a moment ago,
    /// because then there is no such key.
    async fn find(&self, kid: &str) -> Result<Known<Arc<PublicKey>>, VerifyError> {
        if !may_be_kid(kid) || self.is_unknown(kid, clock::now_us()) {
            return Err(VerifyError::BadSignature);
        }
        let waiting = self.waiting.try_acquire();
        let _waiting = waiting.ok_or_else(|| VerifyError::Unavailable(TOO_MANY_UNKNOWN.to_owned()))?;
        self.read_again().await.map_err(VerifyError::Unavailable)?;
        self.known(kid).ok_or_else(|| {
            locked(&self.unknown).put(kid.to_owned(), clock::now_us());
            VerifyError::BadSignature
        })
    }

    /// One reading for all tokens that wait, and the next one not before its time.
    async fn read_again(&self) -> Result<(), String> {
        let mut reading = self.reading.lock().await;
        if reading.is_recent(clock::now_us()) {
            return if reading.succeeded { Ok(()) } else { Err(NOT_READ.to_owned()) };
        }
        self.read(&mut reading).await
    }

    /// The keys, read again when they are old and the database answers.
    async fn recent(&self) -> Arc<Keys> {
        let now_us = clock::now_us();
        let keys = self.keys();
        if !self.is_old(&keys, now_us) {
            return keys;
        }
        let mut reading = self.reading.lock().await;
        let retry_us = if keys.by_kid.is_empty() { UNKNOWN_KEY_REFRESH_EVERY } else { RETRY_EVERY };
        let tried = reading.began_us.is_some_and(|began_us| now_us < began_us.saturating_add(us(retry_us)));
        if self.is_old(&self.keys(), now_us)
            && !tried
            && let Err(reason) = self.read(&mut reading).await
        {
            eprintln!("WARN {reason}; those known are kept");
        }
        self.keys()
    }

    /// Reads the keys, unless another call has begun to at this time or later.
    async fn read_later_than(&self, now_us: i64) -> Result<(), String> {
        let mut reading = self.reading.lock().await;
        if self.keys().read_at_us >= now_us {
            return Ok(());
        }
        self.read(&mut reading).await
    }

    /// With `reading` held, so that an older answer never replaces a newer one.
    async fn read(&self, reading: &mut Reading) -> Result<(), String> {
        let now_us = clock::now_us();
        *reading = Reading::begins(now_us);
        let before = self.keys();
        let keys = store::public_keys(&before, now_us).await?;
        if before.has_more_than(&keys) {
            // A key was taken away; what it proved is proven no more.
            locked(&self.verified).clear();
        }
        *locked(&self.keys) = Arc::new(keys);
        reading.succeeded = true;
        Ok(())
    }

    async fn private(&self, kid: &str) -> Result<Arc<PrivateKey>, String> {
        let mut private = self.private.lock().await;
        match &*private {
            Some((name, key)) if name == kid => Ok(Arc::clone(key)),
            _ => {
                let key = Arc::new(store::private_key(kid).await?);
                *private = Some((kid.to_owned(), Arc::clone(&key)));
                Ok(key)
            }
        }
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&locked(&self.keys))
    }

    fn is_old(&self, keys: &Keys, now_us: i64) -> bool {
        now_us.saturating_sub(keys.read_at_us) > us(REFRESH_EVERY)
    }

    /// The key, when it is known and still verifies.
    fn known(&self, kid: &str) -> Option<Known<Arc<PublicKey>>> {
        self.keys().verifying(kid, &self.settings, clock::now_us()).cloned()
    }

    fn is_unknown(&self, kid: &str, now_us: i64) -> bool {
        let missed = locked(&self.unknown).get(kid).copied();
        missed.is_some_and(|missed| now_us < missed.saturating_add(us(UNKNOWN_KEY_REMEMBERED_FOR)))
    }

    fn remembered(&self, digest: &[u8; 32], now_us: i64) -> Option<Arc<Verified>> {
        let Proven { at_us, verified } = locked(&self.verified).get(digest).cloned()?;
        (now_us < at_us.saturating_add(us(VERIFIED_FOR))).then_some(verified)
    }

    fn remember(&self, digest: [u8; 32], at_us: i64, verified: &Arc<Verified>) {
        locked(&self.verified).put(digest, Proven { at_us, verified: Arc::clone(verified) });
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring() -> Keyring {
        let access_lifetime = Duration::from_mins(15);
        Keyring::new(Settings { issuer: "mindflow-auth".into(), audience: "mindflow".into(), access_lifetime })
    }

    #[test]
    fn a_proven_token_is_trusted_for_a_minute_and_so_many_at_most() {
        let keyring = keyring();
        let verified =
            Arc::new(Verified { claims: "{}".into(), subject: "anna".into(), roles: Vec::new(), expires_at_us: 1 });
        keyring.remember([1; 32], 0, &verified);
        assert_eq!(keyring.remembered(&[1; 32], us(VERIFIED_FOR) - 1), Some(Arc::clone(&verified)));
        assert_eq!(keyring.remembered(&[1; 32], us(VERIFIED_FOR)), None);
        for number in 0..VERIFIED_MAX.get() {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&number.to_be_bytes());
            keyring.remember(digest, 0, &verified);
        }
        assert_eq!(keyring.remembered(&[1; 32], 0), None);
    }

    #[test]
    fn a_key_that_was_not_there_stays_unknown_for_a_minute() {
        let keyring = keyring();
        assert!(!keyring.is_unknown("k", 0));
        locked(&keyring.unknown).put("k".into(), 0);
        assert!(keyring.is_unknown("k", us(UNKNOWN_KEY_REMEMBERED_FOR) - 1));
        assert!(!keyring.is_unknown("k", us(UNKNOWN_KEY_REMEMBERED_FOR)));
    }
}
