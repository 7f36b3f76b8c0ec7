#!lua flags=allow-oom
-- Answers a unit that waits for a signal: records what becomes of it, as completeTasks would. The first answer counts.
-- KEYS[1] tm
-- ARGV[1] prefix
-- ARGV[2] worker: whose request it is, for the history
-- ARGV[3] request: the same one asked again changes nothing
-- ARGV[4] tenant
-- ARGV[5] retentionMs
-- ARGV[6..] the outcome: kind, workflow, task, unit, attempt, token, and what include/outcomes.lua says of its kind
-- Returns: OK | NOT_FOUND | ALREADY_ENDED | NOT_WAITING
-- Events: WORKFLOW_COMPLETED WORKFLOW_FAILED GROUP_STARTED GROUP_COMPLETED GROUP_FAILED TASK_READY TASK_RETRYING
--   TASK_COMPLETED TASK_FAILED TASK_SKIPPED TASK_CANCELLED TASK_TIMED_OUT CONTEXT_UPDATED
local prefix, retentionMs = ARGV[1], tonumber(ARGV[5])
--- @include base
--- @include arguments
at = 6
--- @include lanes
--- @include workflow
--- @include items when used
--- @include rare when used
--- @include instances when used
--- @include queues when used
--- @include limits when used
--- @include compensate when used
--- @include control
--- @include outcomes
--- @include cut when used
--- @include waits when used
local kind, id, k, unit, attempt, token = take(), take(), take(), take(), take(), take()
local wf = F.loadWorkflow(id)
if not wf or wf.tenant ~= ARGV[4] then return 'NOT_FOUND' end
if F.isAnswered(wf, ARGV[3]) then return 'OK' end
if not wf.open then return 'ALREADY_ENDED' end
local r = F.record(wf, F.unitField(k, unit))
if not r or r.status ~= 'W' then return 'NOT_WAITING' end
if F.applyOutcome(kind, wf, k, unit, attempt, token) ~= 'O' then return 'NOT_WAITING' end
call('ZREM', prefix .. 'tm', 'D ' .. id .. ' ' .. k .. ' ' .. unit .. ' ' .. token)
F.answer(wf, ARGV[3])
F.flushWorkflows()
return 'OK'
