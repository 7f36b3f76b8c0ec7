-- What most calls never need: skipping, cancelling, answering a claim again.

function F.skipTask(wf, k, cause, g, phase, suffix)
  if F.record(wf, k) then return false end
  local r = F.newRecord(wf, 'S', '0', phase)
  r.ready, r.finished = '0', wf.at
  F.save(wf, k, r)
  F.put(wf, 'e' .. k, 'U' .. cause)
  F.drop(wf, 'o' .. k)
  F.emit(wf, 'K ' .. k .. ' U' .. cause)
  F.move(wf, 'P', 'S', phase == 'g' and F.tasksInside(wf, k) or 1, k)
  if suffix == '' then wf.left = wf.left - 1 end
  F.leaveGroups(wf, g, false, suffix)
  return true
end

-- belongs(node): whether the units of that task go; nil for all.
function F.dropUnits(wf, belongs)
  local function isUnits(field)
    local node = string.match(field, '^y?([%d.@]+):')
    return node and (not belongs or belongs(node))
  end
  for _, field in ipairs(call('HKEYS', wf.w)) do
    if isUnits(field) then F.drop(wf, field) end
  end
  for field in pairs(wf.set) do
    if isUnits(field) then F.drop(wf, field) end
  end
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

local ENDED = { C = true, F = true, S = true, K = true, T = true }
function F.cancelTask(wf, f)
  local r = F.record(wf, f)
  local status = r and (r.phase == 'c' and 'X' or r.status) or 'P'
  if r and ENDED[r.status] then return false end
  local x = r and F.readItems(wf, f)
  if x and x.total > 0 then
    -- Of a task that is being collected every item has ended or was cancelled before.
    if r.phase ~= 'c' then
      F.cancelItems(wf, x, f)
      F.putItems(wf, f, x)
    end
  else
    F.move(wf, status, 'K', 1, f)
  end
  r = r or F.newRecord(wf, 'P', '0', 'p')
  if status == 'P' then r.ready = '0' end
  -- Of a retry that had not begun yet the attempt before it was the last.
  if status == 'R' or (status == 'W' and not F.get(wf, 'y' .. f)) then r.attempt = tostring(math.max(0, r.attempt - 1)) end
  -- The token stays: it tells that the task had started, even in the very millisecond of its submission.
  r.status, r.finished = 'K', wf.at
  F.save(wf, f, r)
  F.drop(wf, 'o' .. f)
  if status == 'W' then F.drop(wf, 'y' .. f) end
  F.emit(wf, 'Z ' .. f)
  return true
end

-- What has not ended in a scope becomes CANCELLED: in the workflow's own, or in one instance of a group.
function F.cancelScope(wf, scope, suffix)
  for _, node in ipairs(F.nodesIn(wf, scope)) do
    local group = string.match(node, '^g(%d+)$')
    local cancelled
    if group then cancelled = F.cancelGroup(wf, group .. suffix) else cancelled = F.cancelTask(wf, node .. suffix) end
    if cancelled and suffix == '' then wf.left = wf.left - 1 end
  end
end

-- Every task that has not ended becomes CANCELLED. Only for fail-fast and cancelWorkflow: its work grows with the plan.
function F.cancelOpenTasks(wf)
  F.cancelScope(wf, '', '')
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
