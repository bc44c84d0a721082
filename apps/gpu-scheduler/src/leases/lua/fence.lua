--[[
  Uses up a fence before the process-manager hears of it, so that no later leader uses it again.

  KEYS[1] epoch
  KEYS[2] fence    counter
  ARGV[1] epoch of the caller
  ARGV[2] fence

  Returns 'done' or 'stale'.
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'stale' end
if tonumber(redis.call('GET', KEYS[2]) or '0') < tonumber(ARGV[2]) then
  redis.call('SET', KEYS[2], ARGV[2])
end
return 'done'
