--[[
  Keeps a value for the next leader, or drops it.

  KEYS[1] epoch
  KEYS[2] the value's key, string
  ARGV[1] epoch of the caller
  ARGV[2] value; empty to drop it

  Returns 'done' or 'stale'.
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'stale' end
if ARGV[2] == '' then redis.call('DEL', KEYS[2]) else redis.call('SET', KEYS[2], ARGV[2]) end
return 'done'
