-- A lane is written `handler~timeoutMs`: the list of units ready for that handler, and what an attempt may take.
-- pushed[key] = entries that flushWorkflows() appends to the list.
local pushed, laneOrder, laneParts = {}, {}, {}
function F.pushUnit(wf, lane, k, unit, attempt)
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
-- The lists behind what was pushed; a lane that was empty is noted among those that hold something. Then what all workflows
-- of the shard hold ready, running and waiting, by how much it has changed. Answers how many units were queued.
function F.flushLanes(ready, running, waiting)
  local queued = 0
  for _, lane in ipairs(laneOrder) do
    local units = pushed[lane]
    if units then
      queued = queued + #units
      if F.sliced('RPUSH', lane, units) == #units then call('SADD', prefix .. 'lanes', lane) end
    end
  end
  local load = prefix .. 'load'
  if ready ~= 0 then call('HINCRBY', load, 'R', ready) end
  if running ~= 0 then call('HINCRBY', load, 'X', running) end
  if waiting ~= 0 then call('HINCRBY', load, 'W', waiting) end
  return queued
end
