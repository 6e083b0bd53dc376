-- Makes a subscription's consumer group in every partition. ARGV: 2 subscription, then for each partition
-- the position after which it gets events. Changes nothing when it is there.
local q = of(ARGV[2])
if redis.call('SADD', base .. 'subscriptions', q.name) == 1 then
  for i = 3, #ARGV do
    local p = tostring(i - 3)
    redis.pcall('XGROUP', 'CREATE', stream(p), q.name, ARGV[i] .. '-0', 'MKSTREAM')
    redis.call('HSET', q.read, p, ARGV[i])
    redis.call('SADD', q.news, p)
  end
end
return {'ok'}
