#!lua flags=allow-oom
-- Timers that are due, each put off by `holdMs` so that it comes again unless whoever got it settles it: any number of
-- pollers may ask, and one that dies loses nothing.
-- KEYS[1] tm
-- KEYS[2] lease
-- ARGV[1] limit
-- ARGV[2] holdMs
-- Returns: now in ms, ms until the next timer ('' none), then per timer: member, text of the lease ('' for other kinds)
-- Events: none
local call = redis.call
local time = call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local due = call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1])
local reply = { now, '' }
for _, member in ipairs(due) do
  call('ZADD', KEYS[1], now + tonumber(ARGV[2]), member)
  reply[#reply + 1] = member
  reply[#reply + 1] = string.sub(member, 1, 2) == 'L ' and call('HGET', KEYS[2], string.sub(member, 3)) or ''
end
local next = call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if next[2] then reply[2] = tostring(math.max(0, tonumber(next[2]) - now)) end
return reply
