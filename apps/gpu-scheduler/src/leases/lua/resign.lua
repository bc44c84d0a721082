--[[
  Gives the leadership up, so that a standby need not wait for the expiry.

  KEYS[1] leader
  ARGV[1] id of the asking scheduler

  Returns 1, or 0 when it did not lead.
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
