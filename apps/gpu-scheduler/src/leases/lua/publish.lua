--[[
  Tells the world something, and keeps the status for those who come late.

  KEYS[1] epoch
  KEYS[2] events   stream
  KEYS[3] status   string
  ARGV[1] epoch of the caller
  ARGV[2] longest length of the event stream
  ARGV[3] status, JSON; empty to leave the old one
  ARGV[4..] events, JSON

  Returns 'done' or 'stale'.
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'stale' end
if ARGV[3] ~= '' then redis.call('SET', KEYS[3], ARGV[3]) end
for at = 4, #ARGV do
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'data', ARGV[at])
end
return 'done'
