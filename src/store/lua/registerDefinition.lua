#!lua
-- Registers a definition under its name: the same content again is the version it was, other content is the next one.
-- KEYS[1] rn:<tenant>
-- KEYS[2] rv:<tenant>:<name's hash>
-- ARGV[1] name
-- ARGV[2] definition hash
-- ARGV[3] definition text
-- Returns: version, registration in ms
-- Events: none
local call = redis.call
local version = call('HGET', KEYS[2], 'h' .. ARGV[2])
if version then return { version, call('HGET', KEYS[2], 't' .. version) } end
local time = call('TIME')
local now = tostring(tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
version = tostring(call('HINCRBY', KEYS[2], 'n', 1))
call('HSET', KEYS[2], 'h' .. ARGV[2], version, 't' .. version, now, 'd' .. version, ARGV[3])
call('ZADD', KEYS[1], 0, ARGV[1])
return { version, now }
