#!lua flags=allow-oom
-- Ends a workflow: every open task becomes CANCELLED at once; what its workers still send is stale. Compensations that it owes run
-- before its end, also when it was paused; one that compensates already goes on as it does.
-- KEYS[1] tm
-- ARGV[1] prefix
-- ARGV[2] retentionMs
-- ARGV[3] workflow
-- ARGV[4] tenant
-- ARGV[5] error JSON: code CANCELLED with the reason
-- ARGV[6] request: the same one asked again gets the same answer
-- Returns: OK | NOT_FOUND | ALREADY_ENDED
-- Events: TASK_CANCELLED WORKFLOW_RESUMED TASK_READY WORKFLOW_CANCELLED
local prefix, retentionMs = ARGV[1], tonumber(ARGV[2])
--- @include base
--- @include lanes
--- @include workflow
--- @include items when used
--- @include rare when used
--- @include instances when used
--- @include queues when used
--- @include limits when used
--- @include compensate when used
--- @include control
local wf = F.loadWorkflow(ARGV[3])
if not wf or wf.tenant ~= ARGV[4] then return 'NOT_FOUND' end
if F.isAnswered(wf, ARGV[6]) then return 'OK' end
if not wf.open then return F.get(wf, 'cx') == ARGV[6] and 'OK' or 'ALREADY_ENDED' end
if wf.owed and F.get(wf, 'vd') then return 'OK' end
F.cancelOpenTasks(wf)
F.put(wf, 'bad', ARGV[5])
F.put(wf, 'cx', ARGV[6])
F.answer(wf, ARGV[6])
F.concludeNow(wf, 'X', ARGV[5])
F.flushWorkflows()
call('PUBLISH', prefix .. 'wake', '{"w":[],"q":0,"x":"' .. wf.id .. '"}')
return 'OK'
