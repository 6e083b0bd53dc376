-- Routes archived events. ARGV: 2 the position before the first, 3 the position up to which this is all
-- there is; then for each event partition, position, key, subscriptions (/a/b/), envelope.
-- Answers `ok` and the position up to which everything is routed; `behind` and that position when something
-- before the first is not; `unregistered` and a subscription that has no group yet, and would miss an event.
local routed = tonumber(redis.call('GET', base .. 'routed') or '0')
if routed < tonumber(ARGV[2]) then
  return {'behind', num(routed)}
end
for i = 4, #ARGV, 5 do
  for subscription in string.gmatch(ARGV[i + 3], '[^/]+') do
    if redis.call('SISMEMBER', base .. 'subscriptions', subscription) == 0 then
      return {'unregistered', subscription}
    end
  end
end
local touched = {}
for i = 4, #ARGV, 5 do
  local p, position, subscriptions = ARGV[i], ARGV[i + 1], ARGV[i + 3]
  -- What is there already, because an answer was lost or another relay was quicker, stays as it is.
  if tonumber(position) > routed then
    redis.call('XADD', stream(p), position .. '-0', 'k', ARGV[i + 2], 's', subscriptions, 'e', ARGV[i + 4])
    for subscription in string.gmatch(subscriptions, '[^/]+') do
      redis.call('HINCRBY', base .. 'count', subscription, 1)
    end
    touched[p] = true
  end
end
local partitions = {}
for p in pairs(touched) do
  partitions[#partitions + 1] = p
end
if #partitions > 0 then
  for _, subscription in ipairs(redis.call('SMEMBERS', base .. 'subscriptions')) do
    redis.call('SADD', of(subscription).news, unpack(partitions))
  end
end
if tonumber(ARGV[3]) > routed then
  redis.call('SET', base .. 'routed', ARGV[3])
  routed = tonumber(ARGV[3])
end
return {'ok', num(routed)}
