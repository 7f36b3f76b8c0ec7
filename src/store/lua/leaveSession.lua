#!lua flags=allow-oom
-- Takes a workflow that is gone out of its session. After the last one the session stays for its retention time, then goes.
-- KEYS[1] ss:<session>
-- KEYS[2] sc:<session>
-- KEYS[3] sx:<session>
-- KEYS[4] sw:<session>
-- KEYS[5] se:<session>
-- ARGV[1] workflow
-- ARGV[2] retentionMs
-- Returns: OK
-- Events: none
local call = redis.call
call('SREM', KEYS[4], ARGV[1])
call('SREM', KEYS[5], ARGV[1])
if call('ZREM', KEYS[3], ARGV[1]) == 1 and call('ZCARD', KEYS[3]) == 0 then
  call('PEXPIRE', KEYS[1], ARGV[2])
  call('PEXPIRE', KEYS[2], ARGV[2])
end
return 'OK'
