--[[
  Takes a live lease back: from here on its holder cannot renew or release it.

  KEYS[1] epoch
  KEYS[2] lease    hash
  KEYS[3] events   stream
  ARGV[1] epoch of the caller
  ARGV[2] event, JSON
  ARGV[3] longest length of the event stream

  Returns the state that the lease had: 'live', 'released', 'revoked'; 'gone' when there is none, 'stale' for an old
  epoch. Only a live lease is changed and announced.
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'stale' end
local state = redis.call('HGET', KEYS[2], 'state')
if not state then return 'gone' end
if state == 'live' then
  redis.call('HSET', KEYS[2], 'state', 'revoked')
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[3], '*', 'data', ARGV[2])
end
return state
