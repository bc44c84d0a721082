--[[
  Asks for the end of a job, whatever its state. The wish is kept until it was carried out.

  KEYS[1] cancels  set of job ids
  KEYS[2] inbox    stream
  ARGV[1] job id
  ARGV[2] inbox entry, JSON
  ARGV[3] longest length of the inbox

  Returns 1.
]]
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', 'data', ARGV[2])
return 1
