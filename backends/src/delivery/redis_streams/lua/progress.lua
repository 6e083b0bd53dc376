-- How far a subscription is. ARGV: 2 subscription, 3 number of partitions, 4 how many pending at most.
-- Answers `ok`, then for each partition a text: a position, and those up to it that are not acknowledged.
local q = of(ARGV[2])
if redis.call('SISMEMBER', base .. 'subscriptions', q.name) == 0 then
  return {'ok'}
end
local routed = redis.call('GET', base .. 'routed') or '0'
local answer = {'ok'}
for p = 0, ARGV[3] - 1 do
  local read = redis.call('HGET', q.read, p) or '0'
  -- Nothing unread: all there is was read, also where it ends before what is routed.
  if redis.call('SISMEMBER', q.news, p) == 0 and tonumber(routed) > tonumber(read) then
    read = routed
  end
  local pending = redis.call('XPENDING', stream(p), q.name, '-', '+', ARGV[4])
  local words = { read }
  for i, entry in ipairs(pending) do
    words[i + 1] = string.sub(entry[1], 1, -3)
  end
  if #pending == tonumber(ARGV[4]) then
    words[1] = words[#words]
  end
  answer[#answer + 1] = table.concat(words, ' ')
end
return answer
