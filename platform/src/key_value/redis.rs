//! Buckets on Redis: the names of keys, and the scripts.
//!
//! Each key is a hash of two fields, the value `v` and its version `n`; Redis keeps the lifetime
//! (`PEXPIRE`). What reads before it writes is a Lua script: atomic, and one round trip. Versions
//! come from one counter a bucket, which starts at the server's time in microseconds, so that none
//! comes back: not after a delete, and not when Redis has lost its memory.

use super::Condition;

/// A bucket's names.
#[derive(Clone, Debug)]
pub struct Names {
    /// Before each key of the bucket.
    pub entry_prefix: String,
    /// The counter of its versions.
    pub version_key: String,
}

impl Names {
    /// `prefix` is the configuration's, such as `mindflow:`.
    pub fn new(prefix: &str, bucket: &str) -> Self {
        Self { entry_prefix: format!("{prefix}kv:{bucket}:"), version_key: format!("{prefix}kv-version:{bucket}") }
    }

    pub fn entry(&self, key: &str) -> String {
        format!("{}{key}", self.entry_prefix)
    }

    /// The pattern (of `SCAN … MATCH`) of the keys that begin with `prefix`.
    pub fn pattern(&self, prefix: &str) -> String {
        format!("{}*", escape(&self.entry(prefix)))
    }
}

// KEYS: entry, version counter. Below 2^50 the counter has just been made.
macro_rules! with_next_version {
    ($script:literal) => {
        concat!(
            r"
local function next_version(key)
  local version = redis.call('INCR', key)
  if version < 1125899906842624 then
    local time = redis.call('TIME')
    version = tonumber(time[1]) * 1000000 + tonumber(time[2])
    redis.call('SET', key, string.format('%.0f', version))
  end
  return string.format('%.0f', version)
end
",
            $script
        )
    };
}

/// ARGV: value, lifetime in ms or '', condition ([`condition`]).
/// Answers {1, version}, or {0} (absent), or {0, value, version}.
pub const PUT: &str = with_next_version!(
    r"
if ARGV[3] ~= 'always' then
  local current = redis.call('HMGET', KEYS[1], 'v', 'n')
  if ARGV[3] == 'absent' then
    if current[2] then return {0, current[1], current[2]} end
  elseif not current[2] then
    return {0}
  elseif current[2] ~= ARGV[3] then
    return {0, current[1], current[2]}
  end
end
local version = next_version(KEYS[2])
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'n', version)
if ARGV[2] == '' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return {1, version}
"
);

/// ARGV: delta, lifetime in ms or ''. HINCRBY checks the number and its range before it writes. Answers the sum.
pub const INCREMENT: &str = with_next_version!(
    r"
local fresh = redis.call('EXISTS', KEYS[1]) == 0
local total = redis.call('HINCRBY', KEYS[1], 'v', ARGV[1])
redis.call('HSET', KEYS[1], 'n', next_version(KEYS[2]))
if fresh and ARGV[2] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('HGET', KEYS[1], 'v')
"
);

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
