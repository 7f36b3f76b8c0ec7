#!lua
-- Opens an ended workflow again: the tasks given, as its reader worked them out from the workflow as it ended.
-- KEYS[1] tm
-- ARGV[1] prefix
-- ARGV[2] request: the same one asked again changes nothing
-- ARGV[3] workflow
-- ARGV[4] tenant
-- ARGV[5] retentionMs
-- ARGV[6] seq of the newest event when it was read
-- ARGV[7..] count + (group, open tasks, 1 or 0: F.reopenGroups in include/reopen.lua), count + context keys to forget, count + (compensation, base, line for its history),
--   what is skipped at once (F.follow), then tasks, each: task, phase, base, groups, lane, open, line for the history ('' none), see include/reopen.lua
-- Returns: OK | NOT_FOUND | NOT_ENDED | CHANGED
-- Events: WORKFLOW_RETRIED WORKFLOW_STARTED GROUP_STARTED GROUP_COMPLETED TASK_READY TASK_SKIPPED
local prefix, retentionMs = ARGV[1], tonumber(ARGV[5])
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
--- @include control
--- @include outcomes
--- @include cut when used
--- @include waits when used
--- @include reopen
local wf = F.loadWorkflow(ARGV[3])
if not wf or wf.tenant ~= ARGV[4] then return 'NOT_FOUND' end
if F.isAnswered(wf, ARGV[2]) then return 'OK' end
if wf.open then return 'NOT_ENDED' end
if wf.seq ~= tonumber(ARGV[6]) then return 'CHANGED' end
wf.open, wf.retried = true, true
F.put(wf, 'rt', 1)
call('ZREM', prefix .. 'tm', 'X ' .. wf.id)
F.setStatus(wf, 'R')
F.emit(wf, 'wq')
if not F.get(wf, 'sta') then
  F.put(wf, 'sta', wf.at)
  F.emit(wf, 'b')
end
if wf.limits then F.startDeadline(wf, 'w') end
for _, field in ipairs({ 'bad', 'fin', 'cx' }) do F.drop(wf, field) end
-- What its session got while it had ended has not been supplied.
local session = F.get(wf, 'sk')
if session then
  F.put(wf, 'so', 'j' .. wf.seq)
  call('ZADD', prefix .. 'tm', now, 'S ' .. wf.id .. ' ' .. session)
end
F.reopenGroups(wf, takeList(), '')
local keys, compensations = takeList(), takeList()
F.forgetKeys(wf, keys)
for i = 1, #compensations, 3 do F.forgetCompensation(wf, compensations[i], compensations[i + 1], compensations[i + 2]) end
local route = take()
while at <= #ARGV do
  local k, phase, base, group, lane, open, attempt = take(), take(), take(), take(), take(), take(), take()
  wf.left = wf.left + 1
  F.reopen(wf, k, phase, base, group, lane, open, attempt)
end
F.follow(wf, route, '')
F.answer(wf, ARGV[2])
F.flushWorkflows()
return 'OK'
