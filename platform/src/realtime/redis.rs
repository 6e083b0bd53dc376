//! Topics on Redis: the names of keys and channels, and the scripts.
//!
//! A topic is a stream (its memory) and a channel (the doorbell, which carries the item as well): one script does both, so
//! that the channel carries items in the order of the stream. A listener that cannot subscribe to a channel reads the stream.

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

    /// The key of where a topic ended, in the stream's slot of a cluster. Where braces in the topic's name allow none, the
    /// stream itself: then nothing is kept.
    pub fn end(&self, topic: &str) -> String {
        let stream = self.stream(topic);
        match stream.split_once('{').map(|(_, rest)| rest.find('}')) {
            Some(Some(1..)) => format!("{stream}:end"),
            None if !stream.contains('}') => format!("{{{stream}}}:end"),
            _ => stream,
        }
    }

    pub fn channel(&self, topic: &str) -> String {
        format!("{}{topic}", self.channel)
    }

    pub fn topic_of<'c>(&self, channel: &'c str) -> Option<&'c str> {
        channel.strip_prefix(&self.channel)
    }
}

/// The data of an item.
pub const FIELD: &str = "d";
/// The id of the item before it, if that was known.
pub const BEFORE: &str = "b";

/// KEYS: stream, end. ARGV: data, items kept, ms kept, channel, ms that the end is kept. Answers the item's id.
pub const PUBLISH: &str = r"
local time = redis.call('TIME')
local kept_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) - tonumber(ARGV[3])
local keeps = KEYS[2] ~= KEYS[1]
local before = keeps and redis.call('GET', KEYS[2]) or ''
redis.call('XTRIM', KEYS[1], 'MINID', string.format('%.0f', kept_ms))
local id = redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[2], '*', 'd', ARGV[1], 'b', before)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
if keeps then redis.call('SET', KEYS[2], id, 'PX', ARGV[5]) end
redis.call('PUBLISH', ARGV[4], id .. ' ' .. ARGV[1])
return id
";

/// What follows a place in a stream, for a reader that gets flat answers only.
///
/// KEYS: stream, end. ARGV: the id after which to read, ms kept, most items. Answers {length of the stream, its first id or '',
/// the last id that the topic had or '', the id before the first item that follows or '', id, data, id, data, …}. Items that are older than a topic remembers are left out, though they may not be trimmed yet.
pub const READ: &str = r"
local time = redis.call('TIME')
local kept_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) - tonumber(ARGV[2])
local from = '(' .. ARGV[1]
if tonumber(string.match(ARGV[1], '^%d+')) <= kept_ms then from = string.format('%.0f', kept_ms + 1) end
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
local ended = KEYS[2] ~= KEYS[1] and redis.call('GET', KEYS[2]) or ''
local answer = {redis.call('XLEN', KEYS[1]), first[1] and first[1][1] or '', ended, ''}
for _, item in ipairs(redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', ARGV[3])) do
  if #answer == 4 then answer[4] = item[2][4] or '' end
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

/// Where a topic ends, so that a listener can resume there. One without items ends before now.
///
/// KEYS: stream, end. ARGV: ms that the end is kept. Answers an id.
pub const END: &str = r"
local keeps = KEYS[2] ~= KEYS[1]
local ended = keeps and redis.call('GET', KEYS[2])
if not ended then
  local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
  local time = redis.call('TIME')
  local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  ended = last[1] and last[1][1] or string.format('%.0f-0', now_ms - 1)
end
if keeps then redis.call('SET', KEYS[2], ended, 'PX', ARGV[1]) end
return ended
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

    #[test]
    fn the_key_of_an_end_is_in_the_slot_of_the_stream() {
        let names = Names::new("mf:", 0);
        assert_eq!(names.end("user:1"), "{mf:rt:user:1}:end");
        assert_eq!(names.end("{a}b"), "mf:rt:{a}b:end");
        assert_eq!(names.end("{a"), "mf:rt:{a");
        assert_eq!(names.end("a}"), "mf:rt:a}");
        assert_eq!(names.end("{}a"), "mf:rt:{}a");
    }
}
