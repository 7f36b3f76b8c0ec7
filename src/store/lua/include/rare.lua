-- What most calls never need: skipping, cancelling, sub-workflows, answering a claim again.

function F.skipTask(wf, k, cause, g, phase, suffix)
  if F.record(wf, k) then return false end
  local r = F.newRecord(wf, 'S', '0', phase)
  r.ready, r.finished = '0', wf.at
  F.save(wf, k, r)
  F.put(wf, 'e' .. k, 'U' .. cause)
  F.drop(wf, 'o' .. k)
  F.emit(wf, 'K ' .. k .. ' U' .. cause)
  -- What is in the instances that an expanded group has of old still counts as it ended.
  F.move(wf, 'P', 'S', phase ~= 'g' and 1 or F.readItems(wf, k) and 0 or F.tasksInside(wf, k), k)
  if suffix == '' then wf.left = wf.left - 1 end
  F.leaveGroups(wf, g, false, suffix)
  return true
end

-- The timers of a unit that runs or waits no longer.
function F.forgetTimers(wf, k, unit, r)
  local tail = wf.id .. ' ' .. k .. ' ' .. unit .. ' '
  if r.status == 'X' then
    if r.untilMs ~= '0' then call('ZREM', prefix .. 'tm', 'T ' .. tail .. r.token) end
    if wf.limits then F.endBeat(wf, k, unit, r.token) end
  elseif r.status == 'W' and r.untilMs ~= '0' then
    call('ZREM', prefix .. 'tm', 'D ' .. tail .. r.token, 'R ' .. tail .. r.attempt)
  end
end

-- belongs(node): whether the units of that task go; nil for all.
function F.dropUnits(wf, belongs)
  local function dropUnit(field)
    local k, unit = string.match(field, '^y?([%d.@]+):(%S+)$')
    if not k or (belongs and not belongs(k)) then return end
    local r = string.sub(field, 1, 1) ~= 'y' and F.record(wf, field)
    if r then F.forgetTimers(wf, k, unit, r) end
    if string.sub(field, 1, 1) == 'y' then F.abandonChild(wf, F.get(wf, field)) end
    F.drop(wf, field)
  end
  for _, field in ipairs(call('HKEYS', wf.w)) do dropUnit(field) end
  local fresh = {}
  for field in pairs(wf.set) do fresh[#fresh + 1] = field end
  for _, field in ipairs(fresh) do dropUnit(field) end
end

-- Sub-workflows (engine/children.ts). text: `&<workflow> <until>`, what a unit keeps that waits for one; or what others keep.
function F.noteChild(key, field, text)
  local child = string.match(text, '^&(%S+)')
  if child then call('HSET', key, field, child) end
end
-- Nobody waits for it any more. It may lie in another shard; the timer is this one's.
function F.abandonChild(wf, text)
  local child = text and string.match(text, '^&(%S+)')
  if child then F.addTimer(now, 'A ' .. child .. ' ' .. wf.id) end
end

-- Nodes that stand directly in a scope: '' for the workflow's own, else a group's number. A group is written g<node>.
-- Fields s and s<group> say so where a workflow has expanded groups.
function F.nodesIn(wf, scope)
  local known = wf.nodesIn or {}
  wf.nodesIn = known
  if known[scope] then return known[scope] end
  local nodes, text = {}, F.get(wf, 's' .. scope)
  if text then
    for node in string.gmatch(text, '%S+') do nodes[#nodes + 1] = node end
  else
    for k = 0, tonumber(F.get(wf, 'nn')) - 1 do nodes[k + 1] = tostring(k) end
  end
  known[scope] = nodes
  return nodes
end

-- The attempts that a task has begun: of one that waits to be claimed, or for a retry, the next has not.
function F.begunAttempts(wf, k, r)
  local next = (r.status == 'R' or r.status == 'Q') and r.phase ~= 'c' and r.phase ~= 'j' or (r.status == 'W' and not F.get(wf, 'y' .. k))
  return next and tostring(math.max(0, r.attempt - 1)) or r.attempt
end

local ENDED = { C = true, F = true, S = true, K = true, T = true }
-- Ends a task that has not ended, whatever it does: letter K cancelled, T timed out with an error. Answers false for one that has.
-- Its units are left to dropUnits, and what follows from its end to the caller.
function F.stopTask(wf, k, letter, err)
  local r = F.record(wf, k)
  local status = r and (r.phase == 'c' and 'X' or r.status) or 'P'
  if r and ENDED[r.status] then return false end
  local x = r and F.readItems(wf, k)
  local freed = r and wf.limits and F.placesOf(r) or 0
  if x and x.total > 0 then
    -- Of a task that is being collected every item has ended or was cancelled before.
    if r.phase ~= 'c' then
      F.cancelItems(wf, x, k)
      F.putItems(wf, k, x)
    end
  else
    F.move(wf, status, letter, 1, k)
  end
  if x and wf.owed then F.oweCancelled(wf, k) end
  r = r or F.newRecord(wf, 'P', '0', 'p')
  if status == 'P' then r.ready = '0' else F.forgetTimers(wf, k, '-', r) end
  r.attempt = F.begunAttempts(wf, k, r)
  -- The token of one that is cancelled stays: it tells that the task had started, even in the very millisecond of its submission.
  r.status, r.finished, r.token = letter, wf.at, letter == 'T' and '0' or r.token
  F.save(wf, k, r)
  F.drop(wf, 'o' .. k)
  if status == 'W' then
    F.abandonChild(wf, F.get(wf, 'y' .. k))
    F.drop(wf, 'y' .. k)
  end
  if letter == 'T' then
    F.put(wf, 'e' .. k, err)
    F.emit(wf, 'T ' .. k .. ' - 1 ' .. r.attempt .. ' ' .. r.worker .. ' ' .. err)
  else
    F.emit(wf, 'Z ' .. k)
  end
  if wf.limits then F.endLimited(wf, k, freed) end
  return true
end

-- node: a task, or an expanded group with a g before it. As F.stopTask.
function F.stopNode(wf, node, suffix, letter, err)
  local group = string.match(node, '^g(%d+)$')
  local stopped
  if group then stopped = F.stopGroup(wf, group .. suffix, letter, err) else stopped = F.stopTask(wf, node .. suffix, letter, err) end
  if stopped and suffix == '' then wf.left = wf.left - 1 end
  return stopped
end
-- What has not ended in a scope: in the workflow's own, or in one instance of a group.
function F.stopScope(wf, scope, suffix, letter, err)
  for _, node in ipairs(F.nodesIn(wf, scope)) do F.stopNode(wf, node, suffix, letter, err) end
end

-- Nothing more is being stopped: the places that have become free are given away.
function F.endStopping(wf)
  wf.stopping = nil
  if wf.limits then F.letIn(wf) end
end

-- Every task that has not ended becomes CANCELLED. Only when the workflow ends with it: its work grows with the plan.
function F.cancelOpenTasks(wf)
  wf.stopping = true
  F.stopScope(wf, '', '', 'K')
  F.dropUnits(wf, nil)
end

-- The same claim asked for again (its reply was lost): the units of that token that still run.
function F.repeatClaim(token, leaseKey)
  local reply = { token }
  local text = call('HGET', leaseKey, token)
  if not text then return reply end
  for id, k, unit in string.gmatch(string.sub(text, (string.find(text, '\n', 1, true) or 0) + 1), '(%S+) (%S+) (%S+)') do
    local wf = F.loadWorkflow(id)
    local r = wf and F.record(wf, unit == '-' and k or (k .. ':' .. unit))
    if r and r.status == 'X' and r.token == token then
      local first, offset, count, statuses, variables = 0, 0, 0, '', ''
      if r.phase == 'i' then first, offset, count, statuses, variables = F.describeItems(wf, k, unit, F.readItems(wf, k)) end
      F.describeClaim(reply, wf, k, unit, r, first, offset, count, statuses, variables)
    end
  end
  return reply
end
