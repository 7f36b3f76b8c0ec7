#!lua
-- Stores the variables of a wide expansion ahead of its expand step, in slices, while the claim on the task holds.
-- KEYS[1] w:<id>
-- KEYS[2] i:<id>:<task>
-- ARGV[1] task
-- ARGV[2] token
-- ARGV[3..] field, value
-- Returns: OK | STALE
-- Events: none
local record = redis.call('HGET', KEYS[1], ARGV[1])
if not record or string.match(record, '^X %d+ (%d+)') ~= ARGV[2] then return 'STALE' end
redis.call('HSET', KEYS[2], unpack(ARGV, 3))
return 'OK'
