#!lua flags=allow-oom
-- Remembers a command that came from outside by its id: what it said, then what came of it. The first outcome stays.
-- KEYS[1] cmd:<tenant>:<hash>
-- ARGV[1] hash of what it says
-- ARGV[2] what came of it, as JSON; '' before it is carried out
-- ARGV[3] how long it is remembered, in ms
-- Returns: OPEN (to be carried out, perhaps once more) | DONE | CONFLICT (the id was another command's), then the outcome ('' none yet)
-- Events: none
local call = redis.call
local h = call('HMGET', KEYS[1], 'p', 'o')
if h[1] and h[1] ~= ARGV[1] then return { 'CONFLICT', '' } end
if not h[1] then call('HSET', KEYS[1], 'p', ARGV[1]) end
if not h[1] or ARGV[2] ~= '' then call('PEXPIRE', KEYS[1], ARGV[3]) end
if h[2] then return { 'DONE', h[2] } end
if ARGV[2] == '' then return { 'OPEN', '' } end
call('HSET', KEYS[1], 'o', ARGV[2])
return { 'DONE', ARGV[2] }
