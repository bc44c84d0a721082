-- Adds a chunk to a reply log, exactly once however often it is sent.
-- KEYS[1] log string          KEYS[2] shard stream
-- ARGV[1] log key without prefix   ARGV[2] byte offset at which the chunk begins   ARGV[3] chunk
-- ARGV[4] entries kept in the shard (about)   ARGV[5] expiry of the log in ms
-- Returns the length of the log afterwards. It differs from offset + #chunk only when the log was not as long as the
-- writer believed (Redis lost its last writes, or another writer was at work); nothing was written then.
local length = redis.call('STRLEN', KEYS[1])
local offset = tonumber(ARGV[2])
if length ~= offset then return length end
local after = redis.call('APPEND', KEYS[1], ARGV[3])
if offset == 0 then redis.call('PEXPIRE', KEYS[1], ARGV[5]) end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'k', ARGV[1], 'o', ARGV[2], 'c', ARGV[3])
return after
