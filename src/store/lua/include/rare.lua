-- What most calls never need: skipping, cancelling, answering a claim again.

function F.skipTask(wf, k, cause, g)
  if F.record(wf, k) then return false end
  local r = F.newRecord(wf, 'S', '0', 'p')
  r.ready, r.finished = '0', wf.at
  F.save(wf, k, r)
  F.put(wf, 'e' .. k, 'U' .. cause)
  F.drop(wf, 'o' .. k)
  F.emit(wf, 'K ' .. k .. ' U' .. cause)
  F.move(wf, 'P', 'S', 1, k)
  wf.left = wf.left - 1
  F.leaveGroups(wf, g, false)
  return true
end

function F.dropUnits(wf, k)
  local function isUnits(field)
    local node = string.match(field, '^y?(%d+):')
    return node and (not k or node == k)
  end
  for _, field in ipairs(call('HKEYS', wf.w)) do
    if isUnits(field) then F.drop(wf, field) end
  end
  for field in pairs(wf.set) do
    if isUnits(field) then F.drop(wf, field) end
  end
end

-- Every task that has not ended becomes CANCELLED. Only for fail-fast and cancelWorkflow: its work grows with the plan.
function F.cancelOpenTasks(wf)
  local count = tonumber(F.get(wf, 'nn'))
  for k = 0, count - 1 do
    local f = tostring(k)
    local r = F.record(wf, f)
    local status = r and (r.phase == 'c' and 'X' or r.status) or 'P'
    if not r or not (r.status == 'C' or r.status == 'F' or r.status == 'S' or r.status == 'K' or r.status == 'T') then
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
      r.status, r.finished, r.token = 'K', wf.at, '0'
      F.save(wf, f, r)
      F.drop(wf, 'o' .. f)
      if status == 'W' then F.drop(wf, 'y' .. f) end
      F.emit(wf, 'Z ' .. f)
      wf.left = wf.left - 1
    end
  end
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
