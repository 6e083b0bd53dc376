-- Holds a subscription, holds it longer, or lets it go. ARGV: 2 subscription, 3 holder, 4 `take`, `renew` or
-- `release`, 5 for how long (milliseconds). Answers `ok` and whether it is (or was) the holder's.
local q, holder, wish = of(ARGV[2]), ARGV[3], ARGV[4]
local current = redis.call('GET', q.hold)
if current ~= holder and (current or wish ~= 'take') then
  return {'ok', '0'}
end
if wish == 'release' then
  redis.call('DEL', q.hold)
else
  redis.call('SET', q.hold, holder, 'PX', ARGV[5])
end
return {'ok', '1'}
