--[[
  Heartbeat of a holder. A lease that was taken back, given back or has expired stays so.

  KEYS[1] leases   sorted set, lease id by expiry (ms, Redis time)
  KEYS[2] lease    hash
  ARGV[1] lease id
  ARGV[2] lifetime from now on, ms

  Returns 1 when the lease lives on, 0 when it is over.
]]
if redis.call('HGET', KEYS[2], 'state') ~= 'live' then return 0 end
local expiry = redis.call('ZSCORE', KEYS[1], ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if not expiry or tonumber(expiry) <= now then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return 1
