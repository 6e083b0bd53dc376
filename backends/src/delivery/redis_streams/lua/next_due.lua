-- ARGV: 2 subscription. Answers `ok` and, if anything was put off, microseconds until the first is due.
local first = redis.call('ZRANGE', of(ARGV[2]).later, 0, 0, 'WITHSCORES')
if #first == 0 then
  return {'ok'}
end
return {'ok', num(math.max(0, first[2] - now))}
