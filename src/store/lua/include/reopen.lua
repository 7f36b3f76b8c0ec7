-- Opens tasks of an ended workflow again: from their beginning, or, when they have items, those of them that did not complete.
-- Completed ones too: those that have been undone, and what depends on them.

-- What begins from its beginning begins in this phase, where that is not the one it is written with.
local FIRST_PHASE = { n = 'x', f = 'g' }

-- Results of completed items stay; everything else of the chunks is forgotten.
function F.reopenChunks(wf, k, x)
  local key, pre = F.itemsAt(wf, k)
  for c = 0, math.ceil(x.total / x.chunk) - 1 do
    local old = call('HMGET', key, pre .. 's' .. c, pre .. 'r' .. c)
    if old[1] and string.find(old[1], '[^C]') then
      local kept = {}
      for line in string.gmatch(old[2] or '', '[^\n]+') do
        if string.sub(line, 1, 1) == 'C' then kept[#kept + 1] = line end
      end
      call('HSET', key, pre .. 's' .. c, (string.gsub(old[1], '[^C]', '.')))
      if #kept > 0 then call('HSET', key, pre .. 'r' .. c, table.concat(kept, '\n')) else call('HDEL', key, pre .. 'r' .. c) end
    end
  end
end

function F.reopenItems(wf, k, r, group, lane, planLane, owed)
  local x = F.readItems(wf, k)
  if x.total == 0 then
    F.move(wf, r.status, 'X', 1, k)
  else
    F.move(wf, 'F', 'P', x.failed, k)
    F.move(wf, 'K', 'P', x.total - x.completed - x.failed, k)
    F.reopenChunks(wf, k, x)
  end
  x.next, x.active, x.ready, x.running, x.waiting, x.failed, x.held = 0, 0, 0, 0, 0, 0, nil
  r.status, r.token, r.finished, r.phase = 'E', '0', '0', 'x'
  F.save(wf, k, r)
  F.startGroups(wf, group, F.suffixOf(k))
  F.emit(wf, 'R ' .. k)
  if wf.limits then F.startDeadline(wf, 't' .. k) end
  if owed ~= '' then F.mayOwe(wf, k, owed) end
  F.advanceItems(wf, k, x, lane, planLane)
end

-- What a task and its items count as is counted no more, and its items are gone.
function F.uncount(wf, k, r)
  local x, n = F.readItems(wf, k), wf.n
  if x and x.total > 0 then
    n[1], n[COUNT.C], n[COUNT.F] = n[1] - x.total, n[COUNT.C] - x.completed, n[COUNT.F] - x.failed
    n[COUNT.K] = n[COUNT.K] - (x.total - x.completed - x.failed)
  else
    n[1], n[COUNT[r.status]] = n[1] - 1, n[COUNT[r.status]] - 1
  end
  if x then
    F.drop(wf, 'x' .. k)
    wf.items[k] = nil
    F.forgetItems(wf, k)
  end
end
-- Those that a node has in all instances: where one of them begins anew, all do.
function F.forgetItems(wf, k) call('UNLINK', (F.itemsAt(wf, k))) end
function F.noteAttempt(wf, k, attempt)
  if attempt == '' then return end
  local history = F.get(wf, 'h' .. k)
  F.put(wf, 'h' .. k, (history and history .. '\n' or '') .. attempt)
end

-- What completed tasks that run again had written.
function F.forgetKeys(wf, keys)
  if #keys > 0 then F.sliced('HDEL', prefix .. 'c:' .. wf.id, keys) end
end

-- A compensation that ran is as if it never had, but for its attempts.
function F.forgetCompensation(wf, k, base, attempt)
  F.uncount(wf, k, F.record(wf, k))
  F.drop(wf, k)
  for _, kind in ipairs({ 'e', 'r', 'p', 'w' }) do F.drop(wf, kind .. k) end
  if F.suffixOf(k) ~= '' then
    F.drop(wf, 'h' .. k)
    F.drop(wf, 'b' .. k)
    return
  end
  F.put(wf, 'b' .. k, base)
  F.noteAttempt(wf, k, attempt)
end

-- open: how many things it waits for; '' when the plan says as much.
function F.reopenTask(wf, k, r, phase, group, lane, open, attempt)
  if phase == 'g' then F.reopenInside(wf, k, r)
  elseif phase == 'f' then F.forgetInstances(wf, k, r)
  else
    F.uncount(wf, k, r)
    wf.n[1], wf.n[COUNT.P] = wf.n[1] + 1, wf.n[COUNT.P] + 1
  end
  F.drop(wf, k)
  F.noteAttempt(wf, k, attempt)
  if open == '0' then F.readyTask(wf, k, group, lane, FIRST_PHASE[phase] or phase, F.suffixOf(k))
  elseif open ~= '' then F.put(wf, 'o' .. k, open) end
end

-- phase: p or x to begin again, n to find its items again, i for its items, g for a group, f to find its instances again. lane: of
-- the phase; behind it, of items where their output is collected and what the workflow may owe, and of f how many attempts what is inside may have had. base: attempts before, from which the next one counts on; with ! behind it the task
-- was undone, which is remembered (j<k>): what it does anew is another deed for the world outside.
function F.reopen(wf, k, phase, base, group, lane, open, attempt)
  local r = F.record(wf, k)
  local before, undone = string.match(base, '^(%d+)(!?)$')
  F.put(wf, 'b' .. k, before)
  if undone ~= '' then F.put(wf, 'j' .. k, before) end
  for _, kind in ipairs({ 'e', 'r', 'y', 'p', 'o', 'w' }) do F.drop(wf, kind .. k) end
  local ownLane, more, owed = string.match(lane, '^(%S+) ?(%S*) ?(%S*)$')
  if phase == 'f' then F.put(wf, 'a' .. k, more) end
  if phase == 'i' then F.reopenItems(wf, k, r, group, ownLane, more, owed)
  else F.reopenTask(wf, k, r, phase, group, ownLane, open, attempt) end
end

-- An expanded group that begins again. Its instances are gone through when it is claimed (reopenGroup); what it never had is pending again.
function F.reopenInside(wf, k, r)
  local x, inside = F.readItems(wf, k), F.tasksInside(wf, k)
  if not x then
    F.move(wf, (r.status == 'K' or r.status == 'T') and r.status or 'S', 'P', inside, k)
  elseif x.total == 0 then
    wf.n[1], wf.n[2] = wf.n[1] + inside, wf.n[2] + inside
    F.drop(wf, 'x' .. k)
    wf.items[k] = nil
  end
end

-- Brings back what was packed of an instance, as if it had just ended.
function F.unpackInstance(wf, k, index)
  local items, pre = F.itemsAt(wf, k)
  local suffix, text = '@' .. F.instancePath(k) .. index, call('HGET', items, pre .. 't' .. index)
  local texts = {}
  for field in string.gmatch(text, '[^\1]+') do
    local kind, number, value = string.match(field, '^(%a?)(%d+) (.*)$')
    texts[number] = texts[number] or {}
    texts[number][kind] = value
    F.put(wf, kind .. number .. suffix, value)
    if kind == '' then wf.records[number .. suffix] = F.readRecord(value) end
  end
  call('HDEL', items, pre .. 't' .. index)
  local n = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
  for _, node in ipairs(F.nodesIn(wf, string.match(k, '^%d+'))) do F.countNode(wf, n, node, texts[string.match(node, '%d+')]) end
  for i = 1, #n do n[i] = -n[i] end
  F.addCounts(wf, k, n)
  wf.packed[suffix] = nil
  return suffix
end

-- groups: group, how many of its nodes are open, 1 when it had started before: it ends again, even if nothing in it starts.
function F.reopenGroups(wf, groups, suffix)
  for i = 1, #groups, 3 do
    wf.groups[groups[i] .. suffix] = { left = tonumber(groups[i + 1]), failed = '0', started = '0', again = groups[i + 2] == '1' }
  end
end

function F.reopenInstance(wf, k, index)
  local suffix, groups, route, size = F.unpackInstance(wf, k, index), takeList(), take(), tonumber(take())
  F.reopenGroups(wf, groups, suffix)
  local tasks = {}
  for i = 1, size do tasks[i] = { take(), take(), take(), take(), take(), take(), take() } end
  for _, t in ipairs(tasks) do F.reopen(wf, t[1] .. suffix, t[2], t[3], t[4], t[5], t[6], t[7]) end
  F.follow(wf, route, suffix)
end

-- Of an ended workflow's group the instances that never began count as cancelled, or as timed out (u<k>).
function F.reopenUnstarted(wf, k, count)
  local group, tasks, letter = string.match(k, '^%d+'), 0, F.get(wf, 'u' .. k) or 'K'
  F.drop(wf, 'u' .. k)
  for _, node in ipairs(F.nodesIn(wf, group)) do
    if string.sub(node, 1, 1) ~= 'g' then tasks = tasks + 1 end
  end
  local inside = F.tasksInside(wf, k) * count
  F.move(wf, letter, 'P', inside, k)
  F.addCounts(wf, k, { -inside, 0, 0, 0, 0, 0, 0, 0, letter == 'K' and -inside or 0, letter == 'T' and -inside or 0, -tasks * count })
end

-- reopenGroup: how an instance starts, count of instances, then each: position, count + (group, open nodes, 1 or 0: F.reopenGroups), what is skipped at once, count of tasks, tasks as in retryWorkflow
function F.reopenGroup(wf, k, unit, attempt, token)
  local start, size = take(), tonumber(take())
  local r = F.record(wf, k)
  local code = r and r.status == 'E' and r.token == token and 'D' or F.guard(wf, k, r, attempt, token)
  if code ~= 'O' then
    for _ = 1, size do
      take()
      takeList()
      take()
      for _ = 1, tonumber(take()) * 7 do take() end
    end
    return code
  end
  F.endClaim(wf, k, unit, r)
  r.status = 'E'
  F.save(wf, k, r)
  F.put(wf, 'd' .. k, start)
  local x = F.readItems(wf, k)
  local positions = {}
  F.reopenChunks(wf, k, x)
  F.reopenUnstarted(wf, k, x.total - x.completed - size)
  x.next, x.active, x.running, x.failed, x.isAdvancing = 0, size, size, 0, true
  for i = 1, size do
    positions[i] = tonumber(take())
    F.reopenInstance(wf, k, positions[i])
  end
  F.markReopened(wf, k, x, positions)
  F.advanceInstances(wf, k, x)
  return 'O'
end

-- They are not started once more when their turn comes.
function F.markReopened(wf, k, x, positions)
  local items, pre = F.itemsAt(wf, k)
  for _, index in ipairs(positions) do
    local c, offset = math.floor(index / x.chunk), index % x.chunk
    local s = F.chunkStatuses(wf, k, c, x)
    if string.sub(s, offset + 1, offset + 1) == '.' then
      call('HSET', items, pre .. 's' .. c, string.sub(s, 1, offset) .. 'r' .. string.sub(s, offset + 2))
    end
  end
end

-- An expanded group that begins anew, with whatever instances it finds: those that it had are gone.
function F.forgetInstances(wf, k, r)
  local x, inside, n = F.readItems(wf, k), F.tasksInside(wf, k), wf.n
  if not x then return F.move(wf, r.status == 'K' and 'K' or 'S', 'P', inside, k) end
  local i = 0
  for count in string.gmatch(F.get(wf, 'n' .. k) or '', '%-?%d+') do
    i = i + 1
    if i <= COUNT.T then n[i] = n[i] - tonumber(count) end
  end
  n[1], n[COUNT.P] = n[1] + inside, n[COUNT.P] + inside
  for _, kind in ipairs({ 'x', 'n', 'd' }) do F.drop(wf, kind .. k) end
  wf.items[k] = nil
  F.forgetItems(wf, k)
  F.forgetInside(wf, string.match(k, '^%d+'))
  local values, path, gone = prefix .. 'v:' .. wf.id, F.instancePath(k), {}
  for _, field in ipairs(call('HKEYS', values)) do
    if string.sub(field, 1, #path) == path then gone[#gone + 1] = field end
  end
  if #gone > 0 then F.sliced('HDEL', values, gone) end
end
function F.forgetInside(wf, group)
  for _, node in ipairs(F.nodesIn(wf, group)) do
    local number = string.match(node, '%d+')
    F.forgetItems(wf, number)
    if number ~= node then F.forgetInside(wf, number) end
  end
end
