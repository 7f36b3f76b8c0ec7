-- A lane is written `name~timeoutMs`: the list of units ready for one handler (and queue and priority, see engine/lanes.ts),
-- and what an attempt may take. A workflow with a priority of its own adds it to the names of its lanes.
-- pushed[key] = entries that flushWorkflows() appends to the list.
local pushed, laneOrder, laneParts = {}, {}, {}
function F.pushUnit(wf, lane, k, unit, attempt)
  if wf.priority then lane = F.prioritised(lane, wf.priority) end
  local to = laneParts[lane]
  if not to then
    local handler, timeoutMs = string.match(lane, '^(.-)~(%d+)$')
    to = { key = prefix .. 'q:' .. handler, tail = ' ' .. timeoutMs }
    laneParts[lane] = to
  end
  local list = pushed[to.key]
  if not list then list = {}; pushed[to.key] = list; laneOrder[#laneOrder + 1] = to.key end
  list[#list + 1] = wf.id .. ' ' .. k .. ' ' .. unit .. ' ' .. attempt .. to.tail
end
-- Takes back what has just been pushed; what other scripts may have seen stays, and is dropped by whoever finds it.
function F.unpushUnit(wf, lane, k)
  if wf.priority then lane = F.prioritised(lane, wf.priority) end
  local to = laneParts[lane]
  local list = to and pushed[to.key]
  if not list then return end
  local start = wf.id .. ' ' .. k .. ' - '
  for i = #list, 1, -1 do
    if string.sub(list[i], 1, #start) == start then
      return table.remove(list, i)
    end
  end
end
-- The lists behind what was pushed; a lane that was empty is noted among those that hold something. Then what all workflows
-- of the shard hold ready, running and waiting, by how much it has changed. Answers how many units were queued, and what else the
-- doorbell says: the names of lanes with a priority that were empty, for workers do not look into these unless they know of them,
-- and when the first of the timers that were set is due.
function F.flushLanes(ready, running, waiting)
  local queued, woken = 0, nil
  for _, lane in ipairs(laneOrder) do
    local units = pushed[lane]
    if units and #units > 0 then
      queued = queued + #units
      if F.sliced('RPUSH', lane, units) == #units then
        call('SADD', prefix .. 'lanes', lane)
        if string.find(lane, '[#!]') then
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
