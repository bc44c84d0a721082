--[[
  Finds the leases whose holders did not renew in time. Nothing is changed: the caller revokes them.

  KEYS[1] epoch
  KEYS[2] leases   sorted set
  ARGV[1] epoch of the caller

  Returns the lease ids, or false for an old epoch.
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)
