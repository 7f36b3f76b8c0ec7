#!lua flags=allow-oom
-- Enters a workflow into its session, which is made when it is not there, and tells what it holds of the external keys that the
-- workflow waits for: one step, so that an export is among these values or finds the workflow among those that wait.
-- KEYS[1] ss:<session>
-- KEYS[2] sc:<session>
-- KEYS[3] sx:<session>
-- KEYS[4] sw:<session>
-- KEYS[5] se:<session>
-- ARGV[1] session's id
-- ARGV[2] tenant
-- ARGV[3] workflow
-- ARGV[4] its submission in ms
-- ARGV[5] 1 when it exports keys
-- ARGV[6..] external keys that it has no value for
-- Returns: one text per key, false when the session does not hold it
-- Events: none
local call = redis.call
call('HSET', KEYS[1], 'id', ARGV[1], 'tn', ARGV[2])
-- Its last workflow may have left before, and its time have begun to run out.
call('PERSIST', KEYS[1])
call('PERSIST', KEYS[2])
call('ZADD', KEYS[3], ARGV[4], ARGV[3])
if ARGV[5] == '1' then call('SADD', KEYS[5], ARGV[3]) end
if #ARGV >= 6 then call('SADD', KEYS[4], ARGV[3]) end
local values = {}
for i = 6, #ARGV do values[#values + 1] = call('HGET', KEYS[2], ARGV[i]) end
return values
