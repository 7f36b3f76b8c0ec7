-- What the verbs over a whole workflow share: a request that came before, the change of its status, its units one by one.

-- Whether this very request has been carried out: its reply was lost, or what came of it. Of most the newest one is remembered; a command's
-- (q:<hash>) as long as the workflow is there, since it may be asked again much later.
local function isCommand(request) return string.sub(request, 1, 2) == 'q:' end
function F.isAnswered(wf, request)
  if isCommand(request) then return F.get(wf, request) and true or false end
  return F.get(wf, 'cq') == request
end
function F.answer(wf, request)
  if isCommand(request) then F.put(wf, request, 1) else F.put(wf, 'cq', request) end
end

function F.setStatus(wf, letter)
  local index = prefix .. 'ix:' .. wf.tenant .. ':'
  call('ZREM', index .. wf.st, wf.id)
  call('ZADD', index .. letter, wf.sub, wf.id)
  wf.st = letter
  F.put(wf, 'st', letter)
end

-- Calls visit(task, unit, record) for every task and unit that has a record; unit is '-' for a task.
function F.eachRecord(wf, visit)
  for _, field in ipairs(call('HKEYS', wf.w)) do
    local k, unit = string.match(field, '^([%d.@]+):?(%S*)$')
    if k then visit(k, unit == '' and '-' or unit, F.record(wf, field)) end
  end
end

-- The timer that ends a wait: of a result that is recorded later, or of a retry's delay. nil for a wait without an end.
function F.waitTimer(wf, k, unit, r)
  if r.status ~= 'W' or r.untilMs == '0' then return nil end
  local later = F.get(wf, 'y' .. (unit == '-' and k or (k .. ':' .. unit)))
  return (later and 'D ' or 'R ') .. wf.id .. ' ' .. k .. ' ' .. unit .. ' ' .. (later and r.token or r.attempt)
end
