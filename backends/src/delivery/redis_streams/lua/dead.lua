-- Dead letters, newest first. ARGV: 2 subscription, 3 latest time of death ('+inf' for any), 4 how many;
-- or 2 subscription, 3 'key', 4 key. Answers `ok`, then for each key, position, attempts, error, first
-- failed at ('' for never), dead at, how many are parked behind it.
local q = of(ARGV[2])
local keys
if ARGV[3] == 'key' then
  keys = redis.call('ZSCORE', q.dead, ARGV[4]) and { ARGV[4] } or {}
else
  keys = redis.call('ZREVRANGEBYSCORE', q.dead, ARGV[3], '-inf', 'LIMIT', 0, ARGV[4])
end
local answer = {'ok'}
for _, key in ipairs(keys) do
  local head = head_of(q, key)
  local n = #answer
  answer[n + 1], answer[n + 2], answer[n + 3], answer[n + 4] = key, head.p, tostring(head.a), head.e or ''
  answer[n + 5], answer[n + 6], answer[n + 7] = head.f or '', head.d, tostring(redis.call('LLEN', q.wait .. key))
end
return answer
