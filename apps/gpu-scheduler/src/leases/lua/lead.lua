--[[
  Becomes, or stays, the leader. A new leader begins a new epoch, which makes every script of the former one fail. Epochs
  never come back, also when Redis has lost its data, as long as one of the schedulers remembers the last one.

  KEYS[1] leader   string, id of the leader, expires
  KEYS[2] epoch    counter
  ARGV[1] id of the asking scheduler
  ARGV[2] how long the leadership lasts without being renewed, ms
  ARGV[3] epoch that the asker believes it leads in, 0 for none
  ARGV[4] highest epoch that the asker has ever seen

  Returns { 1 if the asker leads now or else 0, the epoch }.
]]
local leader = redis.call('GET', KEYS[1])
local epoch = tonumber(redis.call('GET', KEYS[2]) or '0')
if leader and leader ~= ARGV[1] then return { 0, epoch } end
if leader and epoch == tonumber(ARGV[3]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return { 1, epoch }
end
epoch = math.max(epoch, tonumber(ARGV[4])) + 1
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], string.format('%d', epoch))
return { 1, epoch }
