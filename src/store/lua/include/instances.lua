-- Expanded groups. Each instance is a small workflow of its own: its tasks are written <task>@<path>, where the path tells the
-- group and the position, from the outside in (5@2.3: task 5 in instance 3 of group 2), and so are the counters of its groups.
-- Instances are admitted in a window; what is left of an ended one is packed into one field, t<position> beside the items.
-- The group itself has a record and items (x<k>) like an expanded task; d<k> says how an instance starts: the groups in it with
-- the number of their nodes, and a route; n<k> counts the tasks and items of its ended instances like n, and, last, the tasks of instances alone; z@<path> is what an instance
-- fails with, behind the task whose error it is.
local PACKED = { '', 'e', 'h', 'p', 'r', 'b', 'x', 'n', 'u', 'w' }
local GROUP_LANE = '$plan~0'
local FINAL_GROUP = { C = true, F = true, S = true, K = true, T = true }

-- 2.3.4.7: instance 7 of the group 4@2.3. Answers the group, its number, the position.
function F.groupOf(path)
  local parent, g, index = string.match(path, '^(.-)%.?(%d+)%.(%d+)$')
  return parent == '' and g or (g .. '@' .. parent), g, tonumber(index)
end
-- What the paths of a group's instances begin with: 4@2.3 -> 2.3.4.
function F.instancePath(k)
  local at = string.find(k, '@', 1, true)
  return (at and (string.sub(k, at + 1) .. '.' .. string.sub(k, 1, at - 1)) or k) .. '.'
end
-- Tasks that one instance has, those of groups inside it before they are expanded among them.
function F.tasksInside(wf, k)
  return tonumber(F.get(wf, 'm' .. string.match(k, '^%d+')))
end

function F.startInstance(wf, k, index)
  local suffix = '@' .. F.instancePath(k) .. index
  local groups, route = string.match(F.get(wf, 'd' .. k), '^([^|]*)|(.*)$')
  local first
  for g, left in string.gmatch(groups, '(%d+):(%d+)') do
    wf.groups[g .. suffix] = { left = tonumber(left), failed = '0', started = first and '0' or tostring(math.max(1, wf.at)) }
    if not first then first = g; F.emit(wf, 'G ' .. g .. suffix) end
  end
  F.follow(wf, route, suffix)
end

-- Notes how an instance ended, as of an item: C, or F with its error.
function F.noteInstance(wf, k, x, index, letter, startedMs, text)
  local items, pre = F.itemsAt(wf, k)
  local c, offset = math.floor(index / x.chunk), index % x.chunk
  local s, size = F.chunkStatuses(wf, k, c, x)
  s = string.sub(s, 1, offset) .. letter .. string.sub(s, offset + 2)
  if size > 1 and not string.find(s, '[^C]') then s = 'C' end
  local before = call('HGET', items, pre .. 'r' .. c)
  local line = letter .. ' ' .. offset .. ' 1 1 0 ' .. startedMs .. ' ' .. wf.at .. ' ' .. text
  call('HSET', items, pre .. 's' .. c, s, pre .. 'r' .. c, (before and before .. '\n' or '') .. line)
end

local COUNTED = { C = 6, F = 7, S = 8, K = 9, T = 10 }
-- Adds up how the tasks of an instance ended.
function F.countPacked(n, kind, node, text, isExpanded)
  if kind == 'n' then
    local i = 0
    for count in string.gmatch(text, '%d+') do i = i + 1; n[i] = n[i] + tonumber(count) end
  elseif kind == 'x' then
    local total, completed, failed = string.match(text, '^(%d+) %d+ %d+ %d+ %d+ %d+ %d+ (%d+) (%d+)')
    n[1], n[COUNTED.C], n[COUNTED.F] = n[1] + total, n[COUNTED.C] + completed, n[COUNTED.F] + failed
    n[COUNTED.K] = n[COUNTED.K] + total - completed - failed
  elseif kind == '' then
    n[11] = n[11] + 1
    if isExpanded then return end
    local at = COUNTED[string.sub(text, 1, 1)]
    n[1], n[at] = n[1] + 1, n[at] + 1
  end
end

-- Packs the records of an instance that has ended and forgets its counters.
function F.packInstance(wf, k, group, index)
  local suffix, nodes, fields = '@' .. F.instancePath(k) .. index, F.nodesIn(wf, group), {}
  for _, node in ipairs(nodes) do
    local number = string.match(node, '%d+')
    for _, kind in ipairs(PACKED) do fields[#fields + 1] = kind .. number .. suffix end
  end
  local stored = {}
  for s = 1, #fields, SLICE do
    for i, value in ipairs(call('HMGET', wf.w, unpack(fields, s, math.min(#fields, s + SLICE - 1)))) do stored[s + i - 1] = value end
  end
  local out, n = {}, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
  for j, node in ipairs(nodes) do
    local number, texts = string.match(node, '%d+'), {}
    for i, kind in ipairs(PACKED) do
      local at = (j - 1) * #PACKED + i
      local value = wf.set[fields[at]]
      if value == nil then value = stored[at] end
      if type(value) == 'table' then value = value.total and F.itemsText(value) or F.recordText(value) end
      if value then
        texts[kind] = value
        out[#out + 1] = kind .. number .. ' ' .. value
        F.drop(wf, fields[at])
      end
    end
    wf.items[number .. suffix] = nil
    F.countNode(wf, n, node, texts)
  end
  local groups = string.match(F.get(wf, 'd' .. k), '^([^|]*)|')
  for g in string.gmatch(groups, '(%d+):') do
    if wf.limits then F.endDeadline(wf, 'g' .. g .. suffix) end
    wf.groups[g .. suffix] = nil
    F.drop(wf, 'g' .. g .. suffix)
  end
  F.drop(wf, 'z' .. suffix)
  wf.packed[suffix] = true
  local items, pre = F.itemsAt(wf, k)
  call('HSET', items, pre .. 't' .. index, table.concat(out, '\1'))
  F.addCounts(wf, k, n)
end
function F.countNode(wf, n, node, texts)
  if string.sub(node, 1, 1) == 'g' then
    -- What was never expanded counts as its tasks would have.
    if texts.x then if texts.n then F.countPacked(n, 'n', node, texts.n) end
    else
      local inside, letter = F.tasksInside(wf, string.sub(node, 2)), string.sub(texts[''], 1, 1)
      local at = (letter == 'K' or letter == 'T') and COUNTED[letter] or COUNTED.S
      n[1], n[at] = n[1] + inside, n[at] + inside
    end
    return
  end
  local isExpanded = texts.x and string.sub(texts.x, 1, 2) ~= '0 '
  if isExpanded then F.countPacked(n, 'x', node, texts.x) end
  F.countPacked(n, '', node, texts[''], isExpanded)
end
function F.addCounts(wf, k, n)
  local before, i = F.get(wf, 'n' .. k), 0
  if before then
    for count in string.gmatch(before, '%d+') do i = i + 1; n[i] = n[i] + tonumber(count) end
  end
  F.put(wf, 'n' .. k, table.concat(n, ' '))
end

-- An instance fails with the error of that failing task which stands first in the definition, not in time: the error may
-- become part of the context.
function F.failInstance(wf, k, suffix, err)
  local node, before = tonumber(string.match(k, '^%d+')), F.get(wf, 'z' .. suffix)
  if not before or node < tonumber(string.match(before, '^%d+')) then F.put(wf, 'z' .. suffix, node .. ' ' .. err) end
end

-- The last node of an instance has ended.
function F.endInstance(wf, suffix, startedMs)
  local k, group, index = F.groupOf(string.sub(suffix, 2))
  local x, err = F.readItems(wf, k), F.get(wf, 'z' .. suffix)
  err = err and string.match(err, '^%d+ (.*)$')
  F.noteInstance(wf, k, x, index, err and 'F' or 'C', startedMs, err or '[]')
  F.packInstance(wf, k, group, index)
  x.active, x.running = x.active - 1, x.running - 1
  if err then x.failed = x.failed + 1 else x.completed = x.completed + 1 end
  F.putItems(wf, k, x)
  if not x.isAdvancing then F.advanceInstances(wf, k, x) end
end

function F.isUnstarted(wf, k, x, index)
  local s = F.chunkStatuses(wf, k, math.floor(index / x.chunk), x)
  local offset = index % x.chunk + 1
  return string.sub(s, offset, offset) == '.'
end

-- Admits instances while the window has room; when all have ended, or too many failed, the group is collected. An instance
-- may end while it is being started, when none of its tasks can run.
function F.advanceInstances(wf, k, x)
  x.isAdvancing = true
  while true do
    if x.failed > x.tolerated and x.failFast == 1 and x.completed + x.failed < x.total then
      F.stopInstances(wf, k, x, 'K')
      F.collectGroup(wf, k)
      break
    elseif x.completed + x.failed == x.total then
      F.collectGroup(wf, k)
      break
    elseif x.next < x.total and x.active < x.window then
      local index = x.next
      x.next = index + 1
      -- Only retryWorkflow leaves instances that have ended, or go on, before their turn comes.
      if not wf.retried or F.isUnstarted(wf, k, x, index) then
        x.active, x.running = x.active + 1, x.running + 1
        F.startInstance(wf, k, index)
      end
    else
      break
    end
  end
  x.isAdvancing = nil
  F.putItems(wf, k, x)
end
function F.collectGroup(wf, k)
  local r = F.record(wf, k)
  r.status, r.phase, r.token = 'R', 'j', '0'
  F.save(wf, k, r)
  F.pushUnit(wf, GROUP_LANE, k, '-', r.attempt)
end
-- Once the group's output is made nobody starts an instance any more.
function F.dropGroupFields(wf, k)
  F.drop(wf, 'd' .. k)
end

-- Positions of the instances that have started and not ended. Looks through all fields: for what happens once per group.
function F.activeInstances(wf, k)
  local path, found, seen = F.instancePath(k), {}, {}
  local function look(field)
    local index = string.match(field, '^%d+@(.+)$')
    index = index and string.sub(index, 1, #path) == path and string.match(string.sub(index, #path + 1), '^%d+$')
    if index and not seen[index] then seen[index] = true; found[#found + 1] = tonumber(index) end
  end
  for _, field in ipairs(call('HKEYS', wf.w)) do
    if string.sub(field, 1, 1) == 'g' and wf.set[field] ~= false then look(string.sub(field, 2)) end
  end
  for field in pairs(wf.groups) do look(field) end
  table.sort(found)
  return found
end

-- The groups of an instance whose last tasks ran out of time, inner ones first.
function F.failGroups(wf, k, suffix)
  local lines = {}
  for g in string.gmatch(string.match(F.get(wf, 'd' .. k), '^([^|]*)|'), '(%d+):') do
    local group = F.group(wf, g .. suffix)
    if group.left > 0 and group.started ~= '0' then table.insert(lines, 1, 'J ' .. g .. suffix) end
  end
  for _, line in ipairs(lines) do F.emit(wf, line) end
end

-- Ends what has not ended of all instances, those that have not started among them: as F.stopTask.
function F.stopInstances(wf, k, x, letter, err)
  local outermost = not wf.stopping
  wf.stopping = true
  local group, path, inside = string.match(k, '^%d+'), F.instancePath(k), F.tasksInside(wf, k)
  local unstarted, tasks = x.total - x.completed - x.failed - x.active, 0
  for _, node in ipairs(F.nodesIn(wf, group)) do
    if string.sub(node, 1, 1) ~= 'g' then tasks = tasks + 1 end
  end
  local never = inside * unstarted
  F.move(wf, 'P', letter, never, k)
  if letter == 'T' and never > 0 then F.put(wf, 'u' .. k, letter) end
  local n = { never, 0, 0, 0, 0, 0, 0, 0, 0, 0, tasks * unstarted }
  n[COUNTED[letter]] = never
  F.addCounts(wf, k, n)
  for _, index in ipairs(F.activeInstances(wf, k)) do
    F.stopScope(wf, group, '@' .. path .. index, letter, err)
    if letter == 'T' then F.failGroups(wf, k, '@' .. path .. index) end
    F.packInstance(wf, k, group, index)
  end
  F.dropUnits(wf, function(node)
    local at = string.find(node, '@', 1, true)
    return at and string.sub(node, at + 1, at + #path) == path
  end)
  x.active, x.running, x.next = 0, 0, x.total
  if outermost then F.endStopping(wf) end
end
function F.stopGroup(wf, k, letter, err)
  local r = F.record(wf, k)
  if r and FINAL_GROUP[r.status] then return false end
  if r and r.status == 'E' then
    local x = F.readItems(wf, k)
    F.stopInstances(wf, k, x, letter, err)
    F.putItems(wf, k, x)
  elseif not F.readItems(wf, k) then
    -- Of one that retryWorkflow opened again what is in its instances still counts as it ended.
    F.move(wf, 'P', letter, F.tasksInside(wf, k), k)
  end
  -- One that has not begun ends without a word.
  if r and letter == 'T' then F.emit(wf, 'T ' .. k .. ' - 1 ' .. r.attempt .. ' - ' .. err) end
  if not r then
    r = F.newRecord(wf, 'P', '0', 'g')
    r.ready = '0'
  end
  r.status, r.finished, r.token = letter, wf.at, '0'
  F.save(wf, k, r)
  if letter == 'T' then F.put(wf, 'e' .. k, err) end
  F.drop(wf, 'o' .. k)
  F.dropGroupFields(wf, k)
  if wf.limits then F.endDeadline(wf, 't' .. k) end
  return true
end

-- expandGroup: total, chunk, window, tolerated, failFast, how an instance starts, shape or '', count + (v<chunk>, variables)
function F.expandGroup(wf, k, unit, attempt, token)
  local x, start, shape, variables = F.takeItems(), take(), take(), takeList()
  local code = F.beginItems(wf, k, unit, attempt, token, x, variables, shape)
  if code ~= 'O' then return code end
  F.put(wf, 'd' .. k, start)
  local added = F.tasksInside(wf, k) * (x.total - 1)
  wf.n[1], wf.n[COUNT.P] = wf.n[1] + added, wf.n[COUNT.P] + added
  wf.items[k] = x
  F.advanceInstances(wf, k, x)
  return 'O'
end

-- What was recorded of a task whose instance has ended since: D under the same token, S otherwise.
function F.guardPacked(wf, k, token)
  local node, path = string.match(k, '^(%d+)@(.+)$')
  if not node or wf.id == '' then return 'S' end
  local group, _, index = F.groupOf(path)
  local items, pre = F.itemsAt(wf, group)
  local text = call('HGET', items, pre .. 't' .. index)
  local record = text and string.match('\1' .. text, '\1' .. node .. ' ([^\1]*)')
  local r = record and F.readRecord(record)
  return r and r.status ~= 'K' and r.token == token and 'D' or 'S'
end
