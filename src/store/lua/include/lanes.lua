-- A lane is written `handler~timeoutMs`: the list of units ready for that handler, and what an attempt may take.
-- pushed[key] = entries that flushWorkflows() appends to the list.
local pushed, laneOrder = {}, {}
function F.pushUnit(wf, lane, k, unit, attempt)
  local handler, timeoutMs = string.match(lane, '^(.-)~(%d+)$')
  local key = prefix .. 'q:' .. handler
  local list = pushed[key]
  if not list then list = {}; pushed[key] = list; laneOrder[#laneOrder + 1] = key end
  list[#list + 1] = wf.id .. ' ' .. k .. ' ' .. unit .. ' ' .. attempt .. ' ' .. timeoutMs
end
