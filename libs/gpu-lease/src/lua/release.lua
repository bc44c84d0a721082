--[[
  Gives a lease back. The record stays for the scheduler, which ends the job and forgets it.

  KEYS[1] lease    hash
  KEYS[2] inbox    stream
  ARGV[1] outcome: completed, failed, cancelled
  ARGV[2] inbox entry, JSON
  ARGV[3] longest length of the inbox

  Returns 1, or 0 when the lease was not held any more.
]]
if redis.call('HGET', KEYS[1], 'state') ~= 'live' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'released', 'outcome', ARGV[1])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', 'data', ARGV[2])
return 1
