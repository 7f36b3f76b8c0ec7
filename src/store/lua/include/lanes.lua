-- A lane is written `name~timeoutMs`: the list of units ready for one handler (and queue and priority, see engine/lanes.ts),
-- and what an attempt may take. What is a workflow's own of the name, its priority and its flow, is put in before the ~.
-- pushed[key] = entries that flushWorkflows() appends to the list.
local pushed, laneOrder, laneParts = {}, {}, {}
local function partsOf(lane)
  local to = laneParts[lane]
  if not to then
    local name, timeoutMs = string.match(lane, '^(.-)~(%d+)$')
    to = { key = prefix .. 'q:' .. name, tail = ' ' .. timeoutMs }
    laneParts[lane] = to
  end
  return to
end
function F.pushEntry(id, lane, k, unit, attempt)
  local to = partsOf(lane)
  local list = pushed[to.key]
  if not list then list = {}; pushed[to.key] = list; laneOrder[#laneOrder + 1] = to.key end
  list[#list + 1] = id .. ' ' .. k .. ' ' .. unit .. ' ' .. attempt .. to.tail
end
-- Flows keep a flood from holding up the rest (engine/flows.ts): the tenant's common one, and of a workflow of which many units are ready its own.
local MANY_UNITS = 200
local function marked(wf, lane, flow)
  local mark = (wf.priority and ('!' .. wf.priority) or '') .. (flow ~= '' and ('%' .. flow) or '')
  if mark == '' then return lane end
  local at = string.find(lane, '~', 1, true)
  return string.sub(lane, 1, at - 1) .. mark .. string.sub(lane, at)
end
function F.flowOf(tenant)
  if tenant == 'default' then return '' end
  return (string.gsub(tenant, '[^%w_-]', function(c) return string.format('=%02x', string.byte(c)) end))
end
function F.pushUnit(wf, lane, k, unit, attempt)
  F.pushEntry(wf.id, marked(wf, lane, wf.n[3] > MANY_UNITS and (wf.flow .. '.' .. wf.id) or wf.flow), k, unit, attempt)
end
-- Takes back what has just been pushed; what other scripts may have seen stays, and is dropped by whoever finds it.
function F.unpushUnit(wf, lane, k)
  local start = wf.id .. ' ' .. k .. ' - '
  for _, flow in ipairs({ wf.flow, wf.flow .. '.' .. wf.id }) do
    local list = pushed[partsOf(marked(wf, lane, flow)).key] or {}
    for i = #list, 1, -1 do
      if string.sub(list[i], 1, #start) == start then return table.remove(list, i) end
    end
  end
end
-- The lists behind what was pushed; a lane that was empty is noted among those that hold something. Then what all workflows
-- of the shard hold ready, running and waiting, by how much it has changed. Answers how many units were queued, and what else the
-- doorbell says: the names of lanes with a priority or a flow that were empty, for workers do not look into these unless they know of them,
-- and when the first of the timers that were set is due.
function F.flushLanes(ready, running, waiting)
  local queued, woken = 0, nil
  for _, lane in ipairs(laneOrder) do
    local units = pushed[lane]
    if units and #units > 0 then
      queued = queued + #units
      if F.sliced('RPUSH', lane, units) == #units then
        call('SADD', prefix .. 'lanes', lane)
        if string.find(lane, '[#!%%]') then
          woken = woken or {}
          woken[#woken + 1] = '"' .. string.sub(lane, #prefix + 3) .. '"'
        end
      end
    end
  end
  local load = prefix .. 'load'
  if ready ~= 0 then call('HINCRBY', load, 'R', ready) end
  if running ~= 0 then call('HINCRBY', load, 'X', running) end
  if waiting ~= 0 then call('HINCRBY', load, 'W', waiting) end
  return queued, (woken and ',"l":[' .. table.concat(woken, ',') .. ']' or '') .. (soonest and ',"t":' .. math.max(0, soonest) or '')
end
