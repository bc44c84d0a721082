--[[
  A job has ended: forgets its lease, if it had one, and the wish to cancel it, and tells the world.

  KEYS[1] epoch
  KEYS[2] leases   sorted set
  KEYS[3] lease    hash
  KEYS[4] cancels  set of job ids
  KEYS[5] events   stream
  ARGV[1] epoch of the caller
  ARGV[2] lease id, empty for a job that had none
  ARGV[3] job id
  ARGV[4] event, JSON
  ARGV[5] longest length of the event stream

  Returns 'done' or 'stale'.
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'stale' end
if ARGV[2] ~= '' then
  redis.call('ZREM', KEYS[2], ARGV[2])
  redis.call('DEL', KEYS[3])
end
redis.call('SREM', KEYS[4], ARGV[3])
redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[5], '*', 'data', ARGV[4])
return 'done'
