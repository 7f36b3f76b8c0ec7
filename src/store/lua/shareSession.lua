#!lua flags=allow-oom
-- Lets others into the session that a workflow has had for itself: from now on it stands in it as in one that was named.
-- KEYS[1] tm
-- KEYS[2] w:<id>
-- ARGV[1] tenant
-- ARGV[2] session's id
-- ARGV[3] session
-- ARGV[4] timer of what the workflow owes its session then
-- Returns: OK (also when it has a session that was named) | NOT_FOUND
-- Events: none
local call = redis.call
local h = call('HMGET', KEYS[2], 'tn', 'ss')
if h[1] ~= ARGV[1] then return 'NOT_FOUND' end
if h[2] then return 'OK' end
call('HSET', KEYS[2], 'ss', ARGV[2], 'sk', ARGV[3], 'so', 'j')
call('ZADD', KEYS[1], call('TIME')[1] * 1000, ARGV[4])
return 'OK'
