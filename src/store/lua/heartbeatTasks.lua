#!lua flags=allow-oom
-- Extends the leases of a worker's claims and tells which units are no longer its own.
-- KEYS[1] tm
-- KEYS[2] lease
-- ARGV[1] prefix
-- ARGV[2] worker
-- ARGV[3] leaseMs
-- ARGV[4] 1 when the handlers themselves say so: then their silence begins anew
-- ARGV[5..] per unit: workflow, task, unit, token
-- Returns: the positions (0, 1, ...) of the lost units
-- Events: none
local call = redis.call
local prefix, worker, leaseMs = ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local alive, lost = {}, {}
-- As include/limits.lua does it: the timer is there only while the task limits the silence of its handler.
local function beat(i, limits, hash)
  if not limits or not string.find(limits, 'b', 1, true) then return end
  local ms = call('HGET', prefix .. 'd:' .. hash, 'lb' .. string.match(ARGV[i + 1], '^%d+'))
  if ms then call('ZADD', KEYS[1], 'XX', now + tonumber(ms), 'B ' .. ARGV[i] .. ' ' .. ARGV[i + 1] .. ' ' .. ARGV[i + 2] .. ' ' .. ARGV[i + 3]) end
end
for i = 5, #ARGV, 4 do
  local token = ARGV[i + 3]
  if alive[token] == nil then
    local text = call('HGET', KEYS[2], token)
    alive[token] = text ~= false and string.sub(text, 1, #worker + 1) == worker .. '\n'
    if alive[token] then call('ZADD', KEYS[1], 'XX', now + leaseMs, 'L ' .. token) end
  end
  local field = ARGV[i + 2] == '-' and ARGV[i + 1] or (ARGV[i + 1] .. ':' .. ARGV[i + 2])
  local h = alive[token] and call('HMGET', prefix .. 'w:' .. ARGV[i], field, 'lm', 'hash')
  if not h or not h[1] or string.match(h[1], '^X %d+ (%d+)') ~= token then lost[#lost + 1] = (i - 5) / 4
  elseif ARGV[4] == '1' then beat(i, h[2], h[3]) end
end
call('PEXPIRE', prefix .. 'wk:' .. worker, leaseMs * 4)
call('PEXPIRE', prefix .. 'wc:' .. worker, leaseMs * 4)
return lost
