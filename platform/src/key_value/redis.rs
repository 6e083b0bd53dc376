//! Buckets on Redis: the names of keys, and the scripts.
//!
//! Each key is a hash of two fields, the value `v` and its version `n`; Redis keeps the lifetime
//! (`PEXPIRE`). What reads before it writes is a Lua script: atomic, and one round trip. A version is the
//! server's time in microseconds, and greater than the one before, so that none comes back: not after a
//! delete, and not when Redis has lost its memory. A script has one key, so that it can run in a cluster
//! while slots move.

use super::Condition;
use std::time::Duration;

/// A bucket's names. On a server, a key is `{prefix}kv:BUCKET:KEY`. A cluster spreads keys over its nodes by their hash
/// tags, so there a tag is put before the key, `{prefix}kv:BUCKET:{TAG}KEY`. The tag is the id of the user, or whatever UUID
/// comes first in the key: what belongs to a user is on one node. A key without a UUID has one of [`TAGS`] tags.
#[derive(Clone, Debug)]
pub struct Names {
    entry_prefix: String,
    is_cluster: bool,
}

/// As many as a cluster has slots.
const TAGS: u64 = 16_384;
const UUID_LENGTH: usize = 36;

impl Names {
    /// `prefix` is the configuration's, such as `mindflow:`.
    pub fn new(prefix: &str, bucket: &str, is_cluster: bool) -> Self {
        Self { entry_prefix: format!("{prefix}kv:{bucket}:"), is_cluster }
    }

    pub fn entry(&self, key: &str) -> String {
        match self.is_cluster {
            false => format!("{}{key}", self.entry_prefix),
            true => format!("{}{{{}}}{key}", self.entry_prefix, tag(key)),
        }
    }

    /// The key of an entry; `None` for another bucket's.
    pub fn key<'a>(&self, entry: &'a str) -> Option<&'a str> {
        let key = entry.strip_prefix(&self.entry_prefix)?;
        match self.is_cluster {
            false => Some(key),
            true => key.strip_prefix('{')?.split_once('}').map(|(_, key)| key),
        }
    }

    /// The pattern (of `SCAN … MATCH`) of the keys that begin with `prefix`.
    pub fn pattern(&self, prefix: &str) -> String {
        let tag = if self.is_cluster { "{*}" } else { "" };
        format!("{}{tag}{}*", escape(&self.entry_prefix), escape(prefix))
    }
}

/// What the keys of one node have in common.
fn tag(key: &str) -> String {
    let starts = 0..(key.len() + 1).saturating_sub(UUID_LENGTH);
    let uuid = starts.filter_map(|start| key.get(start..start + UUID_LENGTH)).find(|text| is_uuid(text));
    // FNV-1a, 64 bits: its definition will never change.
    let hash = || {
        key.bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    };
    uuid.map_or_else(|| (hash() % TAGS).to_string(), str::to_owned)
}

fn is_uuid(text: &str) -> bool {
    text.bytes().enumerate().all(|(index, byte)| match index {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

macro_rules! with_next_version {
    ($script:literal) => {
        concat!(
            r"
local function next_version(current)
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
  return string.format('%.0f', math.max(now, (tonumber(current) or 0) + 1))
end
",
            $script
        )
    };
}

/// KEYS: entry. ARGV: value, lifetime in ms or '', condition ([`condition`]).
/// Answers {1, version}, or {0} (absent), or {0, value, version}.
pub const PUT: &str = with_next_version!(
    r"
local current = redis.call('HGET', KEYS[1], 'n')
if ARGV[3] == 'absent' then
  if current then return {0, redis.call('HGET', KEYS[1], 'v'), current} end
elseif ARGV[3] ~= 'always' then
  if not current then return {0} end
  if current ~= ARGV[3] then return {0, redis.call('HGET', KEYS[1], 'v'), current} end
end
local version = next_version(current)
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'n', version)
if ARGV[2] == '' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return {1, version}
"
);

/// KEYS: entry. ARGV: delta, lifetime in ms or ''. HINCRBY checks the number and its range before it writes. Answers the sum.
pub const INCREMENT: &str = with_next_version!(
    r"
local current = redis.call('HGET', KEYS[1], 'n')
redis.call('HINCRBY', KEYS[1], 'v', ARGV[1])
redis.call('HSET', KEYS[1], 'n', next_version(current))
if not current and ARGV[2] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('HGET', KEYS[1], 'v')
"
);

/// KEYS: entries of one server, not of a cluster. Answers value and version of each, both nil for one that is absent, in one
/// flat list: for a client that cannot send many commands in one round trip.
pub const READ_MANY: &str = r"
local found = {}
for number, entry in ipairs(KEYS) do
  local fields = redis.call('HMGET', entry, 'v', 'n')
  found[number * 2 - 1], found[number * 2] = fields[1], fields[2]
end
return found
";

/// A lifetime as [`PUT`] and [`INCREMENT`] read it.
pub fn lifetime(ttl: Option<Duration>) -> String {
    ttl.map(|ttl| ttl.as_millis().to_string()).unwrap_or_default()
}

/// A condition as [`PUT`] reads it.
pub fn condition(when: Condition) -> String {
    match when {
        Condition::Always => "always".to_owned(),
        Condition::IfAbsent => "absent".to_owned(),
        Condition::IfVersion(version) => version.to_string(),
    }
}

/// What a refusal of [`INCREMENT`] means, when it is the caller's fault.
pub fn increment_refusal(key: &str, refusal: &str) -> Option<String> {
    if refusal.contains("not an integer") {
        Some(format!("the value of {key:?} is not a counter"))
    } else if refusal.contains("overflow") {
        Some(format!("the counter {key:?} would leave the range of s64"))
    } else {
        None
    }
}

/// Makes a key a pattern that matches only itself.
fn escape(key: &str) -> String {
    let mut pattern = String::with_capacity(key.len());
    for character in key.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '^' | '-' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "0190b6f4-7a1c-7d1e-8f00-0123456789ab";

    #[test]
    fn on_a_server_a_key_is_below_its_bucket() {
        let names = Names::new("mf:", "cache", false);
        assert_eq!(names.entry("user:1"), "mf:kv:cache:user:1");
        assert_eq!(names.key("mf:kv:cache:user:1"), Some("user:1"));
        assert_eq!(names.pattern("us*r"), "mf:kv:cache:us\\*r*");
    }

    #[test]
    fn in_a_cluster_what_belongs_to_a_user_has_the_user_as_its_hash_tag() {
        let names = Names::new("mf:", "cache", true);
        let key = format!("user:{USER}:dashboard");
        assert_eq!(names.entry(&key), format!("mf:kv:cache:{{{USER}}}user:{USER}:dashboard"));
        assert_eq!(names.key(&names.entry(&key)), Some(key.as_str()));
        assert_eq!(names.pattern("user:"), "mf:kv:cache:{*}user:*");
    }

    #[test]
    fn a_key_without_a_uuid_has_a_tag_that_stays_from_release_to_release() {
        let names = Names::new("", "cache", true);
        assert_eq!(names.entry("{a}é"), "kv:cache:{13812}{a}é");
        assert_eq!(names.key(&names.entry("{a}é")), Some("{a}é"));
    }
}
