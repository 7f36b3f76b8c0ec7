-- Ends that come from outside a task: its time is over, its group's or its workflow's is, or its group fails fast.

-- Some of a workflow's claims are no longer their workers': they ask which.
function F.recall(wf) call('PUBLISH', prefix .. 'wake', '{"w":[],"q":0,"y":"' .. wf.id .. '"}') end

-- Stops those of these tasks that have not ended, all of them before anything follows from it. letter: K cancelled, T timed out.
-- tasks: of each its name (of an expanded group with a g before it), the groups around it, what its end releases or skips, and its
-- error as JSON ('' when cancelled). suffix: the instance that all of them stand in.
function F.cutTasks(wf, letter, tasks, suffix)
  -- The failure that asks for it may have been the end of the instance.
  if wf.packed[suffix] then return end
  local stopped, names = {}, {}
  wf.stopping = true
  for i = 1, #tasks, 4 do
    if F.stopNode(wf, tasks[i], suffix, letter, tasks[i + 3]) then
      local k = string.match(tasks[i], '%d+') .. suffix
      stopped[#stopped + 1] = i
      names[k] = true
      if letter == 'T' then F.fails(wf, k, suffix, tasks[i + 3]) end
    end
  end
  if #stopped > 0 then
    F.dropUnits(wf, function(node) return names[node] end)
    for _, i in ipairs(stopped) do F.leaveGroups(wf, tasks[i + 1], true, suffix) end
    for _, i in ipairs(stopped) do F.follow(wf, tasks[i + 2], suffix) end
    F.recall(wf)
  end
  F.endStopping(wf)
end

-- Whether a task's time is over and it has not ended; then whatever it does is stopped, so that it can be settled as one that runs.
-- err: that of the tasks in the instances of an expanded group.
function F.overdue(wf, k, r, due, err)
  if not r or not wf.open or not wf.limits or F.get(wf, 'ut' .. k) ~= due then return 'S' end
  local x = F.readItems(wf, k)
  F.forgetTimers(wf, k, '-', r)
  r.attempt = F.begunAttempts(wf, k, r)
  if x then
    local isGroup = r.phase == 'g' or r.phase == 'j'
    if r.status == 'E' then
      if isGroup then F.stopInstances(wf, k, x, 'T', err) else F.cancelItems(wf, x, k) end
      F.putItems(wf, k, x)
      r.token = '0'
    end
    r.status, r.phase = 'X', isGroup and 'j' or 'c'
    if not isGroup then F.dropUnits(wf, function(node) return node == k end) end
  end
  F.recall(wf)
  return 'O'
end

-- groupOverdue: count + tasks as cutTasks wants them. `g` is the group, with the path of its instance, `due` the deadline that is over.
function F.groupOverdue(wf, g, unit, attempt, due)
  local tasks = takeList()
  if not wf.open or not wf.limits or F.get(wf, 'ug' .. g) ~= due then return 'S' end
  F.endDeadline(wf, 'g' .. g)
  F.cutTasks(wf, 'T', tasks, F.suffixOf(g))
  return 'O'
end

-- workflowOverdue: error JSON
function F.workflowOverdue(wf, k, unit, attempt, due)
  local err = take()
  if not wf.open or not wf.limits or F.get(wf, 'uw') ~= due then return 'S' end
  F.cancelOpenTasks(wf)
  F.put(wf, 'bad', err)
  F.concludeNow(wf, 'T', err)
  call('PUBLISH', prefix .. 'wake', '{"w":[],"q":0,"x":"' .. wf.id .. '"}')
  return 'O'
end
