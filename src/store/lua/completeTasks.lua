#!lua flags=allow-oom
-- Records the outcomes of units, writes context, releases or skips dependents, appends events, ends workflows, and
-- hands out the next claims: one step. Every outcome is guarded by (workflow, task, attempt, token) and may come twice.
-- KEYS[1] tm
-- ARGV[1] prefix
-- ARGV[2] worker
-- ARGV[3] request
-- ARGV[4] want
-- ARGV[5] leaseMs
-- ARGV[6] retentionMs
-- ARGV[7..] lanes to serve: twice their number, then key and items per slot of each
-- then outcomes, each: kind, workflow, task, unit, attempt, token, and what include/outcomes.lua says of its kind
-- Returns: a text with one letter per outcome (O ok, D done before under the same token, S stale), then the claims (include/claim.lua)
-- Events: WORKFLOW_STARTED WORKFLOW_COMPLETED WORKFLOW_FAILED WORKFLOW_TIMED_OUT GROUP_STARTED GROUP_COMPLETED GROUP_FAILED TASK_READY TASK_EXPANDED
--   TASK_STARTED TASK_PROGRESS TASK_WAITING TASK_RETRYING TASK_COMPLETED TASK_FAILED TASK_SKIPPED TASK_CANCELLED TASK_TIMED_OUT CONTEXT_UPDATED
local prefix, retentionMs = ARGV[1], tonumber(ARGV[6])
--- @include base
--- @include arguments
at = 7
--- @include lanes
--- @include workflow
--- @include items when used
--- @include rare when used
--- @include instances when used
--- @include queues when used
--- @include limits when used
--- @include compensate when used
--- @include control when used
--- @include claim
--- @include outcomes
--- @include cut when used
--- @include waits when used
--- @include reopen when used

local serve = takeList()

local codes = {}
while at <= #ARGV do
  local kind, id, k, unit, attempt, token = take(), take(), take(), take(), take(), take()
  codes[#codes + 1] = F.applyOutcome(kind, F.loadWorkflow(id), k, unit, attempt, token)
end
F.releaseClaims(ended)
local claims = F.claimUnits(ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), serve)
F.flushWorkflows()
return { table.concat(codes), claims }
