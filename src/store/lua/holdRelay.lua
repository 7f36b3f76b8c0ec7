#!lua flags=allow-oom
-- Lets one relay of a shard's events at a time go on: takes the lease when it is free, keeps it, notes how far the relay has come, gives it back.
-- KEYS[1] relay
-- ARGV[1] who asks
-- ARGV[2] fencing token; '' to take the lease
-- ARGV[3] how long the lease holds, in ms; 0 gives it back
-- ARGV[4] id of the last step that Kafka has; '' as before
-- ARGV[5] with that: how many steps there ever were up to it; '' unknown
-- Returns: HELD | OTHER (somebody else holds it) | LOST (somebody else has taken it since), then the token, then the id of the last step that Kafka has ('' none),
--   then how many steps there ever were up to it ('' unknown)
-- Events: none
local call = redis.call
local time = call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local h = call('HMGET', KEYS[1], 'who', 'token', 'until', 'at', 'passed')
local who, token, till, at, passed = h[1] or '', h[2] or '0', tonumber(h[3] or '0'), h[4] or '', h[5] or ''
local lease = tonumber(ARGV[3])

if ARGV[2] == '' then
  -- After the clock was set back a lease would hold for the size of the jump.
  if lease > 0 and till > now + lease and who ~= ARGV[1] then
    till = now + lease
    call('HSET', KEYS[1], 'until', till)
  end
  if who ~= '' and who ~= ARGV[1] and till > now then return { 'OTHER', token, at, passed } end
  if who ~= ARGV[1] then token = tostring(tonumber(token) + 1) end
  call('HSET', KEYS[1], 'who', ARGV[1], 'token', token, 'until', now + lease)
  return { 'HELD', token, at, passed }
end

if token ~= ARGV[2] then return { 'LOST', token, at, passed } end
if ARGV[4] ~= '' then
  at, passed = ARGV[4], ARGV[5]
  call('HSET', KEYS[1], 'at', at, 'passed', passed)
end
if lease == 0 then call('HSET', KEYS[1], 'who', '', 'until', 0)
else call('HSET', KEYS[1], 'who', ARGV[1], 'until', now + lease) end
return { 'HELD', token, at, passed }
