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
