#!lua flags=allow-oom
-- How much of a shard is ready, running and waiting, in all and by queue, and since when the oldest ready unit of each lane
-- waits; lanes found empty, and counts that are nought, are struck off.
-- Looks at a bounded number of lanes, and at the front of each: behind entries that are out of date there may be an older one.
-- KEYS[1] load
-- KEYS[2] lanes
-- ARGV[1] prefix
-- ARGV[2] lanes to look at
-- ARGV[3] entries to look at in each
-- Returns: how many values of counts follow, these (field, count), then per unit that was found: its queue ('' the default one), since when it is ready in ms
-- Events: none
local call, prefix = redis.call, ARGV[1]
local counts, reply = call('HGETALL', KEYS[1]), { '0' }
for i = 1, #counts, 2 do
  if counts[i + 1] == '0' and string.find(counts[i], '@', 1, true) then call('HDEL', KEYS[1], counts[i])
  else
    reply[#reply + 1], reply[#reply + 2] = counts[i], counts[i + 1]
  end
end
reply[1] = tostring(#reply - 1)

local function readySince(entry)
  local id, k, unit, attempt = string.match(entry, '^(%S+) (%S+) (%S+) (%d+) ')
  local h = call('HMGET', prefix .. 'w:' .. id, 'sub', unit == '-' and k or (k .. ':' .. unit), 'ln')
  local at, ready = string.match(h[2] or '', '^R (%d+) %d+ %d+ (%d+) ')
  if not h[1] or at ~= attempt then return nil end
  return tonumber(h[1]) + tonumber(ready), h[3] and string.match(h[3], ' ' .. string.match(k, '^%d+') .. '=(%S+)') or ''
end

for _, lane in ipairs(call('SRANDMEMBER', KEYS[2], ARGV[2])) do
  local entries = call('LRANGE', lane, 0, tonumber(ARGV[3]) - 1)
  if #entries == 0 then call('SREM', KEYS[2], lane) end
  -- The plan's lane holds units of all queues.
  local mixed = string.sub(lane, #prefix + 3, #prefix + 3) == '$'
  for _, entry in ipairs(entries) do
    local since, queue = readySince(entry)
    if since then
      reply[#reply + 1], reply[#reply + 2] = queue, tostring(since)
      if not mixed then break end
    end
  end
end
return reply
