-- Holds leases longer. ARGV: 2 subscription, 3 for how long from now (microseconds); then for each key,
-- position, token. Answers `ok` and the numbers (from 0) of those that are held.
local q = of(ARGV[2])
local answer = {'ok'}
for i = 4, #ARGV, 3 do
  local head = head_of(q, ARGV[i])
  if head and head.p == ARGV[i + 1] and head.t == ARGV[i + 2] then
    take_back(q, ARGV[i])
    redis.call('ZADD', q.leased, num(now + ARGV[3]), ARGV[i])
    answer[#answer + 1] = tostring((i - 4) / 3)
  end
end
return answer
