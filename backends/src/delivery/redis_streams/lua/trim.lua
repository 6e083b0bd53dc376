-- Removes entries that every subscription is done with, and consumers that are long gone. ARGV: 2 number
-- of partitions, 3 how far (in positions) behind the last read entry an unfinished one is kept, 4 the
-- partition whose consumers are looked at, 5 idle milliseconds after which a consumer is gone.
local subscriptions = redis.call('SMEMBERS', base .. 'subscriptions')
local routed = redis.call('GET', base .. 'routed') or '0'
local removed = 0
for p = 0, ARGV[2] - 1 do
  local read, unfinished
  for _, name in ipairs(subscriptions) do
    local q = of(name)
    local own = redis.call('SISMEMBER', q.news, p) == 1 and (redis.call('HGET', q.read, p) or '0') or routed
    if not read or tonumber(own) < read then
      read = tonumber(own)
    end
    local pending = redis.call('XPENDING', stream(p), name)
    if pending[1] > 0 then
      local first = tonumber(string.sub(pending[2], 1, -3))
      if not unfinished or first < unfinished then
        unfinished = first
      end
    end
  end
  if read then
    local keep_from = math.min(unfinished or read + 1, read + 1)
    removed = removed + redis.call('XTRIM', stream(p), 'MINID', num(math.max(keep_from, read + 1 - ARGV[3], 0)) .. '-0')
  end
end
if redis.call('EXISTS', stream(ARGV[4])) == 1 then
  for _, name in ipairs(subscriptions) do
    for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', stream(ARGV[4]), name)) do
      if consumer[4] == 0 and consumer[6] > tonumber(ARGV[5]) then
        redis.call('XGROUP', 'DELCONSUMER', stream(ARGV[4]), name, consumer[2])
      end
    end
  end
end
return {'ok', tostring(removed)}
