#!lua flags=allow-oom
-- Strikes off what a workflow owed its session once that is done, unless it owes something else by now.
-- KEYS[1] tm
-- KEYS[2] w:<id>
-- ARGV[1] timer of the debt
-- ARGV[2] what has been done: j with a number or without one entered, x exported; '' when nothing was owed
-- Returns: OK | CHANGED (it owes something else) | GONE (there is no such workflow; its timer stays)
-- Events: none
local h = redis.call('HMGET', KEYS[2], 'st', 'so')
if not h[1] then return 'GONE' end
if h[2] and h[2] ~= ARGV[2] then return 'CHANGED' end
redis.call('HDEL', KEYS[2], 'so')
redis.call('ZREM', KEYS[1], ARGV[1])
return 'OK'
