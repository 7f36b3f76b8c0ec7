-- The clock and the field helpers that every script shares.
local call = redis.call
-- Functions are fields of one table: as locals each would be an upvalue of the others, and making closures over dozens of
-- open upvalues took longer than most calls do.
local F = {}
-- Functions of an include that is marked `when used` are made when one of them is first called: making closures is most of
-- what a short call costs. store/scripts.ts puts in which include makes which, as one text: a table of them would be filled at each call.
local makers = {}
setmetatable(F, { __index = function(functions, name)
  makers[string.match('$MADE_WHEN_USED', ' ' .. name .. '=(%w+)')]()
  return rawget(functions, name)
end })
local time = call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- Timers. The first of those that a call sets is told with the doorbell, in ms from now, so that who fires them need not come
-- upon it: looks at them are up to 500 ms apart.
local soonest
function F.addTimer(dueMs, member)
  call('ZADD', prefix .. 'tm', dueMs, member)
  local inMs = dueMs - now
  if not soonest or inMs < soonest then soonest = inMs end
end

-- The shard's feed tells readers of many workflows which entries came into which logs, in the order in which they came: a step
-- per call, in it a line `<workflow> <index of the entry>` for each. store/scripts.ts puts in the setting FEED_LENGTH.
function F.feed(lines)
  call('XADD', prefix .. 'f', 'MAXLEN', '~', '$FEED_LENGTH', '*', 'e', table.concat(lines, '\n'))
end

-- Redis' Lua can unpack some 8,000 values at once; calls with more are sliced.
local SLICE = 4000
function F.sliced(command, key, values)
  local reply
  for s = 1, #values, SLICE do reply = call(command, key, unpack(values, s, math.min(#values, s + SLICE - 1))) end
  return reply
end
