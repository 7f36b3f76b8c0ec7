#!lua flags=allow-oom
-- Lets a paused workflow go on: its ready units go back into their lanes, and what waits for a time gets its timer again.
-- KEYS[1] tm
-- ARGV[1] prefix
-- ARGV[2] retentionMs
-- ARGV[3] workflow
-- ARGV[4] tenant
-- ARGV[5] request: the same one asked again changes nothing
-- ARGV[6] lane of the plan
-- ARGV[7..] lane of each task's handler, in the order of the plan; where its items are found and its output is collected
--   behind it (two more lanes), if one of them is not the lane of the plan
-- Returns: OK (also when it was not paused) | NOT_FOUND | ALREADY_ENDED
-- Events: WORKFLOW_RESUMED
local prefix, retentionMs = ARGV[1], tonumber(ARGV[2])
local firstLane = 7
--- @include base
--- @include lanes
--- @include workflow
--- @include items when used
--- @include rare when used
--- @include queues when used
--- @include limits when used
--- @include control
local wf = F.loadWorkflow(ARGV[3])
if not wf or wf.tenant ~= ARGV[4] then return 'NOT_FOUND' end
if F.isAnswered(wf, ARGV[5]) then return 'OK' end
if not wf.open then return 'ALREADY_ENDED' end
if wf.st ~= 'H' then return 'OK' end
F.eachRecord(wf, function(k, unit, r)
  local timer = F.waitTimer(wf, k, unit, r)
  if timer then F.addTimer(wf.sub + tonumber(r.untilMs), timer) end
  -- Claims have thrown out of the lanes what was in them; what is still there is claimed once all the same.
  if r.status == 'R' then
    local own, expand, collect = string.match(ARGV[firstLane + tonumber(string.match(k, '^%d+'))], '^(%S+) ?(%S*) ?(%S*)$')
    if r.phase == 'x' or r.phase == 'g' then own = expand ~= '' and expand or ARGV[6] elseif r.phase == 'c' or r.phase == 'j' then own = collect ~= '' and collect or ARGV[6] end
    F.pushUnit(wf, own, k, unit, r.attempt)
  end
end)
F.setStatus(wf, F.get(wf, 'sta') and 'R' or 'P')
F.emit(wf, 'wr ' .. wf.st)
F.answer(wf, ARGV[5])
F.flushWorkflows()
return 'OK'
