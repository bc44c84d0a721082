--[[
  Keeps the memory of visits: those that are over go to the history, the one under way to a hash. The hash lets the next
  leader go on with the visit where this one left it. Running it twice is the same as once.

  KEYS[1] epoch
  KEYS[2] history  stream, one visit an entry
  KEYS[3] visit    hash of the visit under way
  ARGV[1] epoch of the caller
  ARGV[2] name of this write, another one for each
  ARGV[3] longest length of the history
  ARGV[4] '1' when the hash begins anew, as another visit
  ARGV[5] how many visits are over
  ARGV[6] longest age of an entry, ms
  ARGV[7..] those visits, JSON; then fields of the hash: name, value, name, value ...

  Returns 'done' or 'stale'.
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'stale' end
if redis.call('HGET', KEYS[3], 'write') == ARGV[2] then return 'done' end
local over = tonumber(ARGV[5])
for at = 7, 6 + over do
  redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[3], '*', 'data', ARGV[at])
end
if over > 0 then
  local oldest = redis.call('TIME')[1] * 1000 - ARGV[6]
  redis.call('XTRIM', KEYS[2], 'MINID', string.format('%.0f', oldest))
end
if ARGV[4] == '1' then redis.call('DEL', KEYS[3]) end
redis.call('HSET', KEYS[3], 'write', ARGV[2])
for at = 7 + over, #ARGV - 1, 2 do
  redis.call('HSET', KEYS[3], ARGV[at], ARGV[at + 1])
end
return 'done'
