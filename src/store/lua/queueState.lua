#!lua flags=allow-oom
-- How much of a shard is ready, running and waiting, and since when the oldest ready unit waits; lanes found empty are struck off.
-- Looks at a bounded number of lanes, and at the front of each: behind entries that are out of date there may be an older one.
-- KEYS[1] load
-- KEYS[2] lanes
-- ARGV[1] prefix
-- ARGV[2] lanes to look at
-- ARGV[3] entries to look at in each
-- Returns: ready, running, waiting, ms of the oldest ready unit or '', then the lanes that hold something
-- Events: none
local call, prefix = redis.call, ARGV[1]
local counts = call('HMGET', KEYS[1], 'R', 'X', 'W')
local reply, oldest = { counts[1] or '0', counts[2] or '0', counts[3] or '0', '' }, nil

local function readySince(entry)
  local id, k, unit, attempt = string.match(entry, '^(%S+) (%S+) (%S+) (%d+) ')
  local h = call('HMGET', prefix .. 'w:' .. id, 'sub', unit == '-' and k or (k .. ':' .. unit))
  local at, ready = string.match(h[2] or '', '^R (%d+) %d+ %d+ (%d+) ')
  return h[1] and at == attempt and tonumber(h[1]) + tonumber(ready) or nil
end

for _, lane in ipairs(call('SRANDMEMBER', KEYS[2], ARGV[2])) do
  local entries = call('LRANGE', lane, 0, tonumber(ARGV[3]) - 1)
  if #entries == 0 then call('SREM', KEYS[2], lane) else reply[#reply + 1] = lane end
  for _, entry in ipairs(entries) do
    local since = readySince(entry)
    if since then
      oldest = math.min(oldest or since, since)
      break
    end
  end
end
if oldest then reply[4] = tostring(oldest) end
return reply
