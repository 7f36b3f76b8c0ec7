#!lua
-- Supplies external keys of a workflow that runs, all or none, and releases the tasks that waited for them.
-- KEYS[1] tm
-- ARGV[1] prefix
-- ARGV[2] retentionMs
-- ARGV[3] workflow
-- ARGV[4] tenant
-- ARGV[5] request: the same one asked again changes nothing
-- ARGV[6] route: what the keys release (include/workflow.lua)
-- ARGV[7] JSON list of the keys
-- ARGV[8..] key, value
-- Returns: OK | NOT_FOUND | ALREADY_ENDED | TAKEN, then the keys that had values
-- Events: CONTEXT_UPDATED GROUP_STARTED TASK_READY
local prefix, retentionMs = ARGV[1], tonumber(ARGV[2])
local first = 8
--- @include base
--- @include lanes
--- @include workflow
--- @include items when used
--- @include rare when used
--- @include instances when used
--- @include queues when used
--- @include limits when used
--- @include control
local wf = F.loadWorkflow(ARGV[3])
if not wf or wf.tenant ~= ARGV[4] then return { 'NOT_FOUND' } end
if F.isAnswered(wf, ARGV[5]) then return { 'OK' } end
if not wf.open then return { 'ALREADY_ENDED' } end
local taken = { 'TAKEN' }
for i = first, #ARGV, 2 do
  if call('HEXISTS', prefix .. 'c:' .. wf.id, ARGV[i]) == 1 then taken[#taken + 1] = ARGV[i] end
end
if #taken > 1 then return taken end
for i = first, #ARGV, 2 do
  wf.context[#wf.context + 1], wf.context[#wf.context + 2] = ARGV[i], ARGV[i + 1]
  F.put(wf, 'k:' .. ARGV[i], wf.at)
end
F.emit(wf, 'cv ' .. ARGV[7])
F.follow(wf, ARGV[6], '')
F.answer(wf, ARGV[5])
F.flushWorkflows()
return { 'OK' }
