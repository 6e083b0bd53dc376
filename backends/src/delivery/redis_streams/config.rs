//! The settings of `[events]` for queues on Redis.

use serde::Deserialize;

use crate::redis_server::RedisUrl;

/// Enough that a partition which is held up delays little after a loss, few enough to walk all of them
/// in a millisecond.
pub const PARTITIONS_DEFAULT: u32 = 64;

/// More partitions only make more groups to walk.
pub const PARTITIONS_MAX: u32 = 1_024;

/// A Redis for the queues.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct StreamsConfig {
    pub url: RedisUrl,
    /// Before every key, such as `mindflow:`.
    #[serde(default)]
    pub prefix: String,
    /// Over so many streams the keys are spread. Fixed by the first start; later ones keep to that.
    #[serde(default = "partitions_default")]
    pub partitions: u32,
}

impl PartialEq for StreamsConfig {
    fn eq(&self, other: &Self) -> bool {
        (self.url.address(), &self.prefix, self.partitions) == (other.url.address(), &other.prefix, other.partitions)
    }
}

impl Eq for StreamsConfig {}

const fn partitions_default() -> u32 {
    PARTITIONS_DEFAULT
}
