-- Redrives or discards a dead letter. ARGV: 2 subscription, 3 'redrive' or 'discard', 4 key, 5 position.
-- Answers `ok` and 1 when it was there.
local q, key = of(ARGV[2]), ARGV[4]
local head = head_of(q, key)
if not head or not head.d or head.p ~= ARGV[5] then
  return {'ok', '0'}
end
redis.call('ZREM', q.dead, key)
if ARGV[3] == 'discard' then
  advance(q, key, head)
else
  keep(q, key, { p = head.p, s = head.s, a = 0, e = head.e })
  redis.call('ZADD', q.ready, head.p, key)
end
return {'ok', '1'}
