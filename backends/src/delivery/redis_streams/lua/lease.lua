-- Hands out events. ARGV: 2 subscription, 3 owner, 4 how many, 5 for how long (microseconds), 6 token,
-- 7 entries a read, 8 entries to read at most, 9 whether one of them may be a suspect.
-- Answers `ok`, whether there may be more, then for each key, position, attempt, leases that ran out, envelope
-- ('' when the stream no longer has it).
local q, owner, max, token = of(ARGV[2]), ARGV[3], tonumber(ARGV[4]), ARGV[6]
local step, steps = tonumber(ARGV[7]), tonumber(ARGV[8])
if redis.call('SISMEMBER', base .. 'subscriptions', q.name) == 0 then
  return {'unregistered'}
end
if redis.call('EXISTS', q.hold) == 1 then
  return {'ok', '0'}
end

-- What was put off and is due, and what was abandoned. An abandoned lease keeps its token until the head
-- is leased again: its owner may still settle it in time.
local function bring_back(from)
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', from, '-inf', num(now), 'LIMIT', 0, step)) do
    local head = head_of(q, key)
    redis.call('ZREM', from, key)
    offer(q, key, head)
  end
end
bring_back(q.later)
bring_back(q.leased)

-- Reads on only as far as is needed, so that what waits long waits in the streams.
local envelopes, entries_read = {}, 0
while redis.call('ZCARD', q.ready) < max and entries_read < steps do
  local p = redis.call('SRANDMEMBER', q.news)
  if not p then
    break
  end
  local answer = redis.call('XREADGROUP', 'GROUP', q.name, owner, 'COUNT', step, 'STREAMS', stream(p), '>')
  local entries = answer and answer[1][2] or {}
  for _, entry in ipairs(entries) do
    local position, fields = string.sub(entry[1], 1, -3), entry[2]
    local key, subscriptions = fields[2], fields[4]
    if not string.find(subscriptions, '/' .. q.name .. '/', 1, true) then
      redis.call('XACK', stream(p), q.name, entry[1])
    elseif redis.call('HEXISTS', q.heads, key) == 1 then
      redis.call('RPUSH', q.wait .. key, position)
    else
      keep(q, key, { p = position, s = p, a = 0 })
      redis.call('ZADD', q.ready, position, key)
      envelopes[position] = fields[6]
    end
    redis.call('HSET', q.read, p, position)
  end
  if #entries < step then
    redis.call('SREM', q.news, p)
  end
  entries_read = entries_read + math.max(#entries, 1)
end

local suspect = ARGV[9] == '1' and redis.call('ZPOPMIN', q.suspect) or {}
local leased = redis.call('ZPOPMIN', q.ready, max - #suspect / 2)
for _, field in ipairs(suspect) do
  leased[#leased + 1] = field
end
local answer = {'ok', '0'}
for i = 1, #leased, 2 do
  local key = leased[i]
  local head = head_of(q, key)
  if head.t then
    head.l = (head.l or 0) + 1
  else
    head.a = head.a + 1
  end
  head.t = token
  keep(q, key, head)
  redis.call('ZADD', q.leased, num(now + ARGV[5]), key)
  local id, envelope = head.p .. '-0', envelopes[head.p]
  if not envelope then
    local found = redis.call('XRANGE', stream(head.s), id, id)[1]
    envelope = found and found[2][6] or ''
    -- Of an entry that is trimmed away, a claim would make the group forget that it is not done with.
    if found then
      redis.call('XCLAIM', stream(head.s), q.name, owner, 0, id, 'JUSTID')
    end
  end
  local n = #answer
  answer[n + 1], answer[n + 2], answer[n + 3] = key, head.p, tostring(head.a)
  answer[n + 4], answer[n + 5] = tostring(head.l or 0), envelope
end
if #leased / 2 < max and redis.call('SCARD', q.news) > 0 then
  answer[2] = '1'
end
return answer
