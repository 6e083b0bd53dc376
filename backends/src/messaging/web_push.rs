//! What a web push message needs of secrets (`mindflow_platform::web_push`), with the platform's one key.
//!
//! The VAPID key is the platform's identity at all push services, and browsers subscribe to it: it is made
//! once, kept in the write database, shared by all replicas, and never leaves this process.

use crate::{clock::Clock, database::postgres::Database};
use mindflow_platform::web_push::{self, KeyError, Sealer};

pub use mindflow_platform::web_push::{PLAINTEXT_BYTES_MAX, SealError, Sealed, Subscription};

/// Seals messages and signs for them.
pub struct WebPush {
    sealer: Sealer,
    clock: Clock,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("no connection to the write database")]
    Connect(#[source] crate::database::sql::Error),
    #[error("the write database refused")]
    Statement(#[from] tokio_postgres::Error),
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl WebPush {
    /// `database`: the write database, migrated. Of replicas that start concurrently, one makes the key.
    ///
    /// # Errors
    /// The database cannot be asked, or what it holds is no key.
    pub async fn open(database: &Database, contact: &str, clock: Clock) -> Result<Self, OpenError> {
        let made = web_push::generate()?;
        let client = database.admin().await.map_err(OpenError::Connect)?;
        let row = client.query_one(web_push::KEY, &[&made]).await?;
        Ok(Self { sealer: Sealer::new(row.try_get(0)?, contact)?, clock })
    }

    /// What browsers subscribe with (`applicationServerKey`), in base64url.
    pub fn public_key(&self) -> &str {
        self.sealer.public_key()
    }

    /// Whether a message can be sealed for this subscription.
    ///
    /// # Errors
    /// Which of its parts is wrong, and why.
    pub fn check(&self, subscription: &Subscription) -> Result<(), SealError> {
        web_push::check(subscription)
    }

    /// Seals a message for one browser and signs for it.
    ///
    /// # Errors
    /// The subscription or the message cannot be used.
    pub fn seal(&self, subscription: &Subscription, plaintext: &[u8]) -> Result<Sealed, SealError> {
        self.sealer.seal(subscription, plaintext, self.clock.now_us())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
    };
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    /// Earlier versions made theirs with aws-lc.
    #[test]
    fn a_key_that_aws_lc_made_stays_the_platforms_key() {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
        let sealer = Sealer::new(pkcs8.as_ref(), "ops@example.org").unwrap();
        assert_eq!(sealer.public_key(), URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()));
    }

    #[test]
    fn a_key_that_is_made_now_is_one_for_aws_lc_too() {
        let pkcs8 = web_push::generate().unwrap();
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8).unwrap();
    }
}
