--[[
  Becomes, or stays, the leader. A new leader begins a new epoch, which makes every script of the former one fail.

  KEYS[1] leader   string, id of the leader, expires
  KEYS[2] epoch    counter
  ARGV[1] id of the asking scheduler
  ARGV[2] how long the leadership lasts without being renewed, ms
  ARGV[3] epoch that the asker believes it leads in, 0 for none

  Returns the epoch in which the asker leads, or 0 when another one leads.
]]
local leader = redis.call('GET', KEYS[1])
if leader == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  local epoch = redis.call('GET', KEYS[2])
  if epoch == ARGV[3] then return tonumber(epoch) end
  return redis.call('INCR', KEYS[2])
end
if leader then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return redis.call('INCR', KEYS[2])
