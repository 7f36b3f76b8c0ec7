#!lua
-- Stores accepted workflows whole: header, context, first events, ready tasks, indexes; all or nothing per workflow.
-- Refused by Redis under memory pressure, so that what was accepted before can finish.
-- KEYS[1] tm
-- ARGV[1] prefix
-- ARGV[2..] per workflow: id, tenant, idempotency key ('' none), payload hash, definition hash, definition text ('' when it
--   should be there), count + limits beside the definition (include/limits.lua), field count + fields, context count + fields, event lines,
--   event count, ready count + (task, lane), held count + (group, entry), deadline count + (subject, ms),
--   count + (queue other than the default, ready tasks in it), timers count + (due in ms from now, member)
-- Returns: per workflow OK id | OK_DUP id | CONFLICT id | NEED_DEFINITION id | ERROR message
-- Events: WORKFLOW_SUBMITTED GROUP_STARTED TASK_READY
local prefix = ARGV[1]
--- @include base
--- @include lanes
--- @include arguments

local reply, ids, logged, units, waiting = {}, {}, {}, 0, 0
local function answer(code, id) reply[#reply + 1] = code; reply[#reply + 1] = id end

local function store()
  local id, tenant, key, payload, hash, document = take(), take(), take(), take(), take(), take()
  local limits, fields, context, lines, events = takeList(), takeList(), takeList(), take(), take()
  local ready, held, deadlines, queues, timers = takeList(), takeList(), takeList(), takeList(), takeList()
  local idem = key ~= '' and (prefix .. 'idem:' .. tenant .. ':' .. key) or nil
  local first = idem and call('HMGET', idem, 'id', 'payload') or { false }
  local w, d = prefix .. 'w:' .. id, prefix .. 'd:' .. hash
  if first[1] and first[1] ~= id then
    answer(first[2] == payload and 'OK_DUP' or 'CONFLICT', first[1])
  elseif call('EXISTS', w) == 1 then
    answer('OK', id)
  elseif document == '' and call('EXISTS', d) == 0 then
    answer('NEED_DEFINITION', id)
  else
    if document ~= '' then call('HSETNX', d, 'text', document) end
    if #limits > 0 then F.sliced('HSET', d, limits) end
    call('HINCRBY', d, 'uses', 1)
    if idem then call('HSET', idem, 'id', id, 'payload', payload) end
    F.sliced('HSET', w, fields)
    call('HSET', w, 'sub', now, 'seq', events, 'ev', 1)
    if #context > 0 then F.sliced('HSET', prefix .. 'c:' .. id, context) end
    call('RPUSH', prefix .. 'e:' .. id, '1 ' .. now .. '\n' .. lines)
    -- The fields begin with the status: PENDING, or RUNNING when it waits for keys from outside before anything can start.
    for _, index in ipairs({ 'all', fields[2] }) do call('ZADD', prefix .. 'ix:' .. tenant .. ':' .. index, now, id) end
    for i = 1, #timers, 2 do call('ZADD', prefix .. 'tm', now + tonumber(timers[i]), timers[i + 1]) end
    -- A sub-workflow looks after a while whether its parent has come to wait for it.
    if string.sub(key, 1, 6) == 'child-' then call('ZADD', prefix .. 'tm', now + 10000, 'V ' .. id) end
    -- Of n, the third: expanded groups are no tasks.
    waiting = waiting + string.match(fields[12], '^%d+ %d+ (%d+)')
    units = units + #ready / 2 + #held / 2
    for i = 1, #held, 2 do call('RPUSH', prefix .. 'h:' .. id .. ':' .. held[i], held[i + 1]) end
    for i = 1, #deadlines, 2 do
      local dueMs = now + tonumber(deadlines[i + 1])
      local due = string.format('%.0f', dueMs)
      call('HSET', w, 'u' .. deadlines[i], due)
      F.addTimer(dueMs, 'E ' .. id .. ' ' .. deadlines[i] .. ' ' .. due)
    end
    for i = 1, #ready, 2 do F.pushEntry(id, ready[i + 1], ready[i], '-', 1) end
    for i = 1, #queues, 2 do call('HINCRBY', prefix .. 'load', 'R@' .. queues[i], queues[i + 1]) end
    ids[#ids + 1] = '"' .. id .. '"'
    logged[#logged + 1] = id .. ' 0'
    answer('OK', id)
  end
end
-- What one of them meets must not keep the others from being told of.
while at <= #ARGV do
  local ok, err = pcall(store)
  if not ok then
    if #reply == 0 and at > #ARGV then return err end
    answer('ERROR', type(err) == 'table' and err.err or tostring(err))
  end
end

if #logged > 0 then F.feed(logged) end
local _, besides = F.flushLanes(waiting, 0, 0)
if #ids > 0 then call('PUBLISH', prefix .. 'wake', '{"w":[' .. table.concat(ids, ',') .. '],"q":' .. units .. besides .. '}') end
return reply
