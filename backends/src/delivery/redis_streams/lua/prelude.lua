-- Before every script. KEYS: 1 the name of the valid epoch, 2 the base of all keys of that epoch.
-- ARGV: 1 the epoch that the caller knows. Positions stay text: as numbers Lua would round them.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return {'lost'}
end
local base = KEYS[2]
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]

local function num(n)
  return string.format('%.0f', n)
end

local function stream(p)
  return base .. 's/' .. p
end

-- What a subscription has, each under a name of its own:
--   heads   hash   key -> the first event of the key: p position, s partition, a attempts, l leases that ran
--                  out, t token of the lease, e last error, f first failed at, d dead at (microseconds)
--   ready   zset   keys whose head may be leased, by position
--   suspect zset   of these, keys whose head has lost leases: one at a time is leased
--   later   zset   keys whose head was put off, by the time until which
--   leased  zset   keys whose head is leased, by the time until which
--   dead    zset   keys whose head is dead, by the time of its death
--   w/KEY   list   positions that wait behind the key's head
--   news    set    partitions with entries that were not read yet
--   read    hash   partition -> position of the last entry that was read
--   hold    text   who holds the subscription; while it is there, nothing is leased
local function of(subscription)
  local q = base .. 'q/' .. subscription .. '/'
  return {
    name = subscription, heads = q .. 'heads', ready = q .. 'ready', suspect = q .. 'suspect', later = q .. 'later', leased = q .. 'leased',
    dead = q .. 'dead', wait = q .. 'w/', news = q .. 'news', read = q .. 'read', hold = q .. 'hold'
  }
end

local function head_of(q, key)
  local packed = redis.call('HGET', q.heads, key)
  return packed and cmsgpack.unpack(packed)
end

local function keep(q, key, head)
  redis.call('HSET', q.heads, key, cmsgpack.pack(head))
end

-- The head may be leased. SUSPECT_AT stands for the number of lost leases from which one is a suspect.
local function offer(q, key, head)
  local lost = (head.l or 0) + (head.t and 1 or 0)
  redis.call('ZADD', lost >= SUSPECT_AT and q.suspect or q.ready, head.p, key)
end

local function take_back(q, key)
  redis.call('ZREM', q.ready, key)
  redis.call('ZREM', q.suspect, key)
end

-- The head is done with: the group need not keep it, and the next of its key comes forward.
local function advance(q, key, head)
  redis.call('XACK', stream(head.s), q.name, head.p .. '-0')
  redis.call('HINCRBY', base .. 'count', q.name, -1)
  local following = redis.call('LPOP', q.wait .. key)
  if following then
    keep(q, key, { p = following, s = head.s, a = 0 })
    redis.call('ZADD', q.ready, following, key)
  else
    redis.call('HDEL', q.heads, key)
  end
end
