--[[
  Stores a lease and tells the world, unless the job was cancelled meanwhile. Running it twice grants once.

  KEYS[1] epoch
  KEYS[2] fence    counter, raised to this lease's fence
  KEYS[3] leases   sorted set, lease id by expiry (ms, Redis time)
  KEYS[4] lease    hash of this lease
  KEYS[5] cancels  set of job ids
  KEYS[6] events   stream
  ARGV[1] epoch of the caller
  ARGV[2] lease id
  ARGV[3] job id
  ARGV[4] fence
  ARGV[5] lifetime without a heartbeat, ms
  ARGV[6] event, JSON
  ARGV[7] longest length of the event stream
  ARGV[8..] fields of the lease: name, value, name, value ...

  Returns 'granted', 'cancelled' or 'stale'.
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'stale' end
if redis.call('EXISTS', KEYS[4]) == 1 then return 'granted' end
if redis.call('SISMEMBER', KEYS[5], ARGV[3]) == 1 then return 'cancelled' end
if tonumber(redis.call('GET', KEYS[2]) or '0') < tonumber(ARGV[4]) then
  redis.call('SET', KEYS[2], ARGV[4])
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[4], 'state', 'live', unpack(ARGV, 8))
redis.call('ZADD', KEYS[3], now + ARGV[5], ARGV[2])
redis.call('XADD', KEYS[6], 'MAXLEN', '~', ARGV[7], '*', 'data', ARGV[6])
return 'granted'
