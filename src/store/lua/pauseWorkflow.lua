#!lua flags=allow-oom
-- Holds a workflow: nothing of it is claimed any more, and the timers of its waits are put away; what runs goes on.
-- KEYS[1] tm
-- ARGV[1] prefix
-- ARGV[2] retentionMs
-- ARGV[3] workflow
-- ARGV[4] tenant
-- ARGV[5] request: the same one asked again changes nothing
-- Returns: OK (also when it was paused before) | NOT_FOUND | ALREADY_ENDED
-- Events: WORKFLOW_PAUSED
local prefix, retentionMs = ARGV[1], tonumber(ARGV[2])
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
if wf.st == 'H' then return 'OK' end
F.eachRecord(wf, function(k, unit, r)
  local timer = F.waitTimer(wf, k, unit, r)
  if timer then call('ZREM', prefix .. 'tm', timer) end
end)
F.setStatus(wf, 'H')
F.emit(wf, 'wp')
F.answer(wf, ARGV[5])
F.flushWorkflows()
return 'OK'
