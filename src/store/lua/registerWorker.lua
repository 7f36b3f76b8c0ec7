#!lua flags=allow-oom
-- Notes that a worker lives, until it is heard of again or its time is over; forgets those whose time is over.
-- KEYS[1] workers
-- KEYS[2] alive
-- ARGV[1] worker
-- ARGV[2] what it says of itself, as JSON; '' when it says goodbye
-- ARGV[3] how long that holds, in ms
-- Returns: OK
-- Events: none
local call = redis.call
local time = call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
for _, gone in ipairs(call('ZRANGE', KEYS[2], '-inf', now, 'BYSCORE', 'LIMIT', 0, 100)) do
  call('HDEL', KEYS[1], gone)
  call('ZREM', KEYS[2], gone)
end
if ARGV[2] == '' then
  call('HDEL', KEYS[1], ARGV[1])
  call('ZREM', KEYS[2], ARGV[1])
  return 'OK'
end
call('HSET', KEYS[1], ARGV[1], now .. ' ' .. ARGV[2])
call('ZADD', KEYS[2], now + tonumber(ARGV[3]), ARGV[1])
return 'OK'
