//! Topics on Redis: the names of keys and channels, and the scripts.
//!
//! A topic is a stream (its memory) and a channel (the doorbell, which carries the item as well): one script does both, so
//! that the channel carries items in the order of the stream. Whoever cannot subscribe to a channel reads the stream.

/// How keys and channels are named.
#[derive(Clone, Debug)]
pub struct Names {
    stream: String,
    channel: String,
}

impl Names {
    /// `prefix` is the configuration's, such as `mindflow:`. Channels are shared by all databases of a server, so their names
    /// include the database.
    pub fn new(prefix: &str, database: i64) -> Self {
        Self { stream: format!("{prefix}rt:"), channel: format!("{prefix}rt:{database}:") }
    }

    pub fn stream(&self, topic: &str) -> String {
        format!("{}{topic}", self.stream)
    }

    pub fn channel(&self, topic: &str) -> String {
        format!("{}{topic}", self.channel)
    }

    pub fn topic_of<'c>(&self, channel: &'c str) -> Option<&'c str> {
        channel.strip_prefix(&self.channel)
    }
}

/// The only field of an item.
pub const FIELD: &str = "d";

/// KEYS: stream. ARGV: data, items kept, ms kept, channel. Answers the item's id.
pub const PUBLISH: &str = r"
local time = redis.call('TIME')
local kept_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) - tonumber(ARGV[3])
redis.call('XTRIM', KEYS[1], 'MINID', string.format('%.0f', kept_ms))
local id = redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[2], '*', 'd', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', ARGV[4], id .. ' ' .. ARGV[1])
return id
";

/// What follows a place in a stream, for a reader that gets flat answers only.
///
/// KEYS: stream. ARGV: the id after which to read, ms kept, most items. Answers {length of the stream, its first id or '',
/// id, data, id, data, …}. Items that are older than a topic remembers are left out, though they may not be trimmed yet.
pub const READ: &str = r"
local time = redis.call('TIME')
local kept_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) - tonumber(ARGV[2])
local from = '(' .. ARGV[1]
if tonumber(string.match(ARGV[1], '^%d+')) <= kept_ms then from = string.format('%.0f', kept_ms + 1) end
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
local answer = {redis.call('XLEN', KEYS[1]), first[1] and first[1][1] or ''}
for _, item in ipairs(redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', ARGV[3])) do
  answer[#answer + 1] = item[1]
  answer[#answer + 1] = item[2][2]
end
return answer
";

/// KEYS: stream. Answers the newest id, or '' of a stream that is not there.
pub const LAST: &str = r"
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
return last[1] and last[1][1] or ''
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_names_the_database_and_a_stream_does_not() {
        let names = Names::new("mf:", 3);
        assert_eq!(names.stream("user:1"), "mf:rt:user:1");
        assert_eq!(names.channel("user:1"), "mf:rt:3:user:1");
        assert_eq!(names.topic_of("mf:rt:3:user:1"), Some("user:1"));
        assert_eq!(names.topic_of("mf:rt:2:user:1"), None);
    }
}
