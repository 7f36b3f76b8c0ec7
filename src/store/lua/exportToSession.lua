#!lua flags=allow-oom
-- Stores what a completed workflow exports in its session's context. Of two workflows the one that completed later wins, in
-- whatever order they come.
-- KEYS[1] ss:<session>
-- KEYS[2] sc:<session>
-- KEYS[3] sw:<session>
-- ARGV[1] workflow
-- ARGV[2] when it completed, in ms
-- ARGV[3..] key, value
-- Returns: the workflows that wait for keys of the session
-- Events: none
local call = redis.call
local id, ms = ARGV[1], tonumber(ARGV[2])

-- Whether what stands there was exported by a workflow that completed after this one.
local function isNewer(by)
  local otherMs, other = string.match(by, '^(%d+) (%S+)$')
  otherMs = tonumber(otherMs)
  return otherMs > ms or (otherMs == ms and other > id)
end

for i = 3, #ARGV, 2 do
  local by = call('HGET', KEYS[1], 'v:' .. ARGV[i])
  if not by or not isNewer(by) then
    call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
    call('HSET', KEYS[1], 'v:' .. ARGV[i], ARGV[2] .. ' ' .. id)
  end
end
return call('SMEMBERS', KEYS[3])
