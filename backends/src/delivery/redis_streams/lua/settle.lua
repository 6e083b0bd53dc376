-- Ends deliveries. ARGV: 2 subscription; then for each key, position, token, outcome, error, delay in
-- microseconds, whether it counts. Answers `ok` and the numbers (from 0) of those whose lease was held.
local q = of(ARGV[2])
local answer = {'ok'}
for i = 3, #ARGV, 7 do
  local key, outcome = ARGV[i], ARGV[i + 3]
  local head = head_of(q, key)
  if head and head.p == ARGV[i + 1] and head.t == ARGV[i + 2] then
    answer[#answer + 1] = tostring((i - 3) / 7)
    head.t = nil
    redis.call('ZREM', q.leased, key)
    take_back(q, key)
    if outcome == 'ack' then
      advance(q, key, head)
    else
      local delay, counted = tonumber(ARGV[i + 5]), ARGV[i + 6] == '1'
      head.e = ARGV[i + 4]
      if counted then
        head.f = head.f or num(now)
      else
        head.a = head.a - 1
      end
      if outcome == 'dead' then
        head.d = num(now)
        redis.call('ZADD', q.dead, head.d, key)
      elseif delay > 0 then
        redis.call('ZADD', q.later, num(now + delay), key)
      else
        offer(q, key, head)
      end
      keep(q, key, head)
    end
  end
end
return answer
