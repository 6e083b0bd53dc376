//! The debts that replicas share, on the Redis of a key-value bucket. Each is a key of its own, which ends with the debt.

use crate::{
    redis_server::{RedisFailure, RedisServer, RedisUrlError},
    stores::key_value::Config,
};
use mindflow_platform::{
    key_value::redis::Names,
    rate_limits::{CHARGE, key},
};
use redis::Script;

/// Where replicas share what was taken.
pub struct Shared {
    server: RedisServer,
    names: Names,
    script: Script,
}

/// What the store made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charged {
    /// What was wanted fits and is taken.
    pub taken: bool,
    /// What the holder owes now.
    pub debt_us: u64,
}

// === impl Shared ===

impl Shared {
    /// `None` for a bucket that one process has alone, in its memory or in a file: its own accounts are enough.
    ///
    /// # Errors
    /// The URL is none.
    pub fn open(config: &Config, bucket: &str) -> Result<Option<Self>, RedisUrlError> {
        let Config::Redis { url, prefix } = config else { return Ok(None) };
        Ok(Some(Self {
            server: RedisServer::new(url)?,
            names: Names::new(prefix, bucket, url.is_cluster()),
            script: Script::new(CHARGE),
        }))
    }

    /// Adds `reported_us`, which was given already, and takes `wanted_us` if that fits.
    ///
    /// # Errors
    /// The store is away; what was asked for may have happened.
    pub async fn charge(
        &self,
        limit: &str,
        holder: &str,
        reported_us: u64,
        wanted_us: u64,
        window_us: u64,
    ) -> Result<Charged, String> {
        let numbers = [reported_us, wanted_us, window_us].map(|us| us.to_string());
        let arguments = numbers.each_ref().map(|number| number.as_bytes());
        let charged = self.server.run(&self.script, &self.names.entry(&key(limit, holder)), &arguments).await;
        let (taken, debt_us): (u8, u64) = charged.map_err(|failure| match failure {
            RedisFailure::Away(reason) | RedisFailure::Refused(reason) => reason,
        })?;
        Ok(Charged { taken: taken == 1, debt_us })
    }

    pub fn close(&self) {
        self.server.close();
    }
}
