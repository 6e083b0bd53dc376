-- ARGV: 2 subscription. Answers `ok`, what is there in all, leased, dead, parked, the position up to which
-- everything is routed, and the oldest position that is neither dead nor parked ('' for none).
local q = of(ARGV[2])
local parked = 0
for _, key in ipairs(redis.call('ZRANGE', q.dead, 0, -1)) do
  parked = parked + redis.call('LLEN', q.wait .. key)
end
local oldest
local function look(position)
  if position and (not oldest or tonumber(position) < tonumber(oldest)) then
    oldest = position
  end
end
look(redis.call('ZRANGE', q.ready, 0, 0, 'WITHSCORES')[2])
look(redis.call('ZRANGE', q.suspect, 0, 0, 'WITHSCORES')[2])
for _, set in ipairs({ q.later, q.leased }) do
  for _, key in ipairs(redis.call('ZRANGE', set, 0, -1)) do
    look(head_of(q, key).p)
  end
end
for _, p in ipairs(redis.call('SMEMBERS', q.news)) do
  local after = redis.call('HGET', q.read, p) or '0'
  local entry = redis.call('XRANGE', stream(p), '(' .. after .. '-0', '+', 'COUNT', 1)[1]
  look(entry and string.sub(entry[1], 1, -3))
end
return {
  'ok', redis.call('HGET', base .. 'count', q.name) or '0', tostring(redis.call('ZCOUNT', q.leased, num(now), '+inf')),
  tostring(redis.call('ZCARD', q.dead)), tostring(parked), redis.call('GET', base .. 'routed') or '0', oldest or ''
}
