-- Ends a subscription. ARGV: 2 subscription, 3 number of partitions. The lists of waiting positions are
-- removed by the caller, who finds them by name.
local q = of(ARGV[2])
redis.call('SREM', base .. 'subscriptions', q.name)
redis.call('HDEL', base .. 'count', q.name)
for p = 0, ARGV[3] - 1 do
  redis.pcall('XGROUP', 'DESTROY', stream(p), q.name)
end
redis.call('UNLINK', q.heads, q.ready, q.suspect, q.later, q.leased, q.dead, q.news, q.read)
return {'ok'}
