#!lua flags=allow-oom
-- Removes an ended workflow and everything that belongs to it; its definition goes with the last workflow that used it.
-- KEYS[1] tm
-- ARGV[1] prefix
-- ARGV[2] workflow
-- ARGV[3..] expanded tasks
-- Returns: OK | NOT_FOUND | RUNNING | OWES (exports that its session has still to get)
-- Events: none
local call, prefix, id = redis.call, ARGV[1], ARGV[2]
local w = prefix .. 'w:' .. id
local h = call('HMGET', w, 'st', 'tn', 'hash', 'idem', 'sk', 'so')
if h[6] == 'x' then return 'OWES' end
call('ZREM', KEYS[1], 'X ' .. id)
if not h[1] then return 'NOT_FOUND' end
if h[1] == 'P' or h[1] == 'R' or h[1] == 'H' then return 'RUNNING' end
-- Its session lies elsewhere: whoever fires this timer finds the workflow gone, and takes it out there.
if h[5] then call('ZADD', KEYS[1], call('TIME')[1] * 1000, 'S ' .. id .. ' ' .. h[5]) end
for i = 3, #ARGV do call('UNLINK', prefix .. 'i:' .. id .. ':' .. ARGV[i]) end
if h[4] then call('DEL', prefix .. 'idem:' .. h[2] .. ':' .. h[4]) end
if call('HINCRBY', prefix .. 'd:' .. h[3], 'uses', -1) <= 0 then call('DEL', prefix .. 'd:' .. h[3]) end
for _, index in ipairs({ 'all', h[1] }) do call('ZREM', prefix .. 'ix:' .. h[2] .. ':' .. index, id) end
call('UNLINK', w, prefix .. 'c:' .. id, prefix .. 'v:' .. id, prefix .. 'e:' .. id)
return 'OK'
