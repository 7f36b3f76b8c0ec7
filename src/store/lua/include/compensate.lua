-- What a workflow owes when it does not end well: the compensations of what completed, one at a time, the last first.
-- Header: cmp = how many are owed (from the first that may be, until the end, so that others need not look); cmp<i> = the i-th, in
-- the order in which their tasks ended: `compensation/lane/phase`, in an instance of a group `compensation@path/lane/phase`; cmpx<task> = the same of an expanded task that has not ended;
-- vd = the letter that the workflow ends with once all of them have ended.

-- A task that has a compensation ended: a plain one well, an expanded one anyhow, since what completed of its items is undone.
function F.owe(wf, k, task, lane, phase)
  wf.owed = wf.owed or 0
  if phase == 'x' then
    F.drop(wf, 'cmpx' .. task)
    local x = F.readItems(wf, task)
    if not x or x.completed == 0 then return end
  end
  wf.owed = wf.owed + 1
  F.put(wf, 'cmp', wf.owed)
  F.put(wf, 'cmp' .. wf.owed, k .. '/' .. lane .. '/' .. phase)
end

-- A route that begins with c: compensation/task/-/lane/phase of the task that has just ended.
function F.oweFirst(wf, task, route)
  local k, lane, phase = string.match(route, '^c(%d+)/%d+/[%d.]*/([^/ ]+)/(%a)')
  F.owe(wf, k .. F.suffixOf(task), task, lane, phase)
end

-- owed: `compensation/lane/phase` of a task that has just been expanded.
function F.mayOwe(wf, task, owed)
  wf.owed = wf.owed or 0
  F.put(wf, 'cmp', wf.owed)
  F.put(wf, 'cmpx' .. task, owed)
end
-- An expanded task that was cancelled.
function F.oweCancelled(wf, task)
  local owed = F.get(wf, 'cmpx' .. task)
  if not owed then return end
  local k, lane, phase = string.match(owed, '^([^/]+)/([^/]+)/(%a)$')
  F.owe(wf, k .. F.suffixOf(task), task, lane, phase)
end

-- From here on all that is owed counts, and is seen as PENDING.
local function beginCompensation(wf, letter, detail)
  F.put(wf, 'vd', letter)
  if wf.limits then F.endDeadline(wf, 'w') end
  F.dropGroups(wf, call('HGET', wf.w, 'ng'))
  F.put(wf, 'bad', detail)
  wf.n[1], wf.n[COUNT.P] = wf.n[1] + wf.owed, wf.n[COUNT.P] + wf.owed
end

local function compensateNext(wf)
  local field = 'cmp' .. wf.owed
  local k, lane, phase = string.match(F.get(wf, field), '^([^/]+)/([^/]+)/(%a)$')
  F.drop(wf, field)
  wf.owed = wf.owed - 1
  F.put(wf, 'cmp', wf.owed)
  wf.left = 1
  F.readyTask(wf, k, '', lane, phase, F.suffixOf(k))
end

-- Nothing is left to run: the workflow ends with this letter and error ('-' none), at once or when what it owes has been done.
-- The first verdict that made it compensate stays.
function F.conclude(wf, letter, detail)
  local verdict = F.get(wf, 'vd')
  if verdict and wf.left > 0 then return end
  if letter == 'C' then
    for i = 1, wf.owed or 0 do F.drop(wf, 'cmp' .. i) end
  elseif (wf.owed or 0) > 0 then
    if not verdict then beginCompensation(wf, letter, detail) end
    return compensateNext(wf)
  end
  if verdict then
    letter, detail = verdict, F.get(wf, 'bad')
    F.drop(wf, 'vd')
  end
  if wf.owed then F.drop(wf, 'cmp') end
  wf.owed = nil
  F.finishWorkflow(wf, letter, detail)
end
-- It ends because of what came from outside, also when it is paused: then what it owes does not wait for somebody to resume it.
function F.concludeNow(wf, letter, detail)
  if wf.st == 'H' and (wf.owed or 0) > 0 then
    F.setStatus(wf, 'R')
    F.emit(wf, 'wr R')
  end
  F.conclude(wf, letter, detail)
end
