-- Limits that a definition sets: how long tasks, groups and the workflow may take, how long a handler may be silent, and how many
-- tasks and items of a group run at once. wf.limits holds a letter per kind that the workflow has: t b g p w, see below; what they
-- are stands beside the definition (engine/limits.ts), so that it costs a workflow nothing but that field.
--   lt<task> totalMs (of an expanded group its timeout); lb<task> heartbeatMs; lg<group> ms; lw ms; lp<task> limited groups around it, outermost first: group:depth max ...,
-- the depth being how many expanded groups that group stands in, so that its name in an instance is <group>@<so much of the path>.
function F.hasLimit(wf, kind) return string.find(wf.limits, kind, 1, true) ~= nil end
-- A task inside an instance has the limits of its node.
function F.limitOf(wf, kind, name)
  if not F.hasLimit(wf, kind) then return false end
  return call('HGET', prefix .. 'd:' .. wf.hash, 'l' .. kind .. string.match(name, '^%d*'))
end

-- Deadlines. subject: t<task>, g<group> or w; the task and the group with their paths. u<subject> is when it is over, which the timer's member names as well, so that the
-- timer of one that has begun anew never ends it early.
function F.startDeadline(wf, subject)
  local ms = F.limitOf(wf, string.sub(subject, 1, 1), string.sub(subject, 2))
  if not ms then return end
  F.endDeadline(wf, subject)
  local dueMs = now + tonumber(ms)
  local due = string.format('%.0f', dueMs)
  F.put(wf, 'u' .. subject, due)
  F.addTimer(dueMs, 'E ' .. wf.id .. ' ' .. subject .. ' ' .. due)
end
function F.endDeadline(wf, subject)
  if not F.hasLimit(wf, string.sub(subject, 1, 1)) then return end
  local due = F.get(wf, 'u' .. subject)
  if not due then return end
  call('ZREM', prefix .. 'tm', 'E ' .. wf.id .. ' ' .. subject .. ' ' .. due)
  F.drop(wf, 'u' .. subject)
end

-- Heartbeats: the timer of an attempt is put off by each. How long its handler may be silent: as limitOf.
function F.beatMember(wf, k, unit, token) return 'B ' .. wf.id .. ' ' .. k .. ' ' .. unit .. ' ' .. token end
function F.startBeat(wf, k, unit, token)
  local ms = F.limitOf(wf, 'b', k)
  if ms then F.addTimer(now + tonumber(ms), F.beatMember(wf, k, unit, token)) end
end
function F.putOffBeat(wf, k, unit, token)
  local ms = F.limitOf(wf, 'b', k)
  if ms then call('ZADD', prefix .. 'tm', 'XX', now + tonumber(ms), F.beatMember(wf, k, unit, token)) end
end
function F.endBeat(wf, k, unit, token)
  if F.hasLimit(wf, 'b') then call('ZREM', prefix .. 'tm', F.beatMember(wf, k, unit, token)) end
end

-- Places: a task or item of a limited group takes one when it is queued for a worker and holds it until it has ended, its waits
-- included. c<group> counts those taken; who finds none is held in the list h:<id>:<group> of its innermost limited group; cw names
-- the groups that hold somebody. A held task's record says Q, a held expansion's x<task> says so in its last field.
function F.limitsAround(wf, k)
  local text = F.limitOf(wf, 'p', k)
  if not text then return nil end
  local list, steps = {}, {}
  for step in string.gmatch(string.sub(F.suffixOf(k), 2), '%d+%.%d+') do steps[#steps + 1] = step end
  for g, depth, max in string.gmatch(text, '(%d+):(%d+) (%d+)') do
    local path = table.concat(steps, '.', 1, tonumber(depth))
    list[#list + 1] = { g = path == '' and g or (g .. '@' .. path), max = tonumber(max) }
  end
  return list
end
function F.heldKey(wf, g) return prefix .. 'h:' .. wf.id .. ':' .. g end
-- Takes n places of all groups, or none. What is larger than a limit gets in when nothing else is in.
function F.takePlaces(wf, around, n)
  for _, limit in ipairs(around) do
    local taken = tonumber(F.get(wf, 'c' .. limit.g) or 0)
    if taken > 0 and taken + n > limit.max then return false end
  end
  for _, limit in ipairs(around) do F.put(wf, 'c' .. limit.g, tonumber(F.get(wf, 'c' .. limit.g) or 0) + n) end
  return true
end
function F.hold(wf, around, entry)
  local g = around[#around].g
  call(wf.serving and 'LPUSH' or 'RPUSH', F.heldKey(wf, g), entry)
  local groups = F.get(wf, 'cw') or ''
  if not string.find(' ' .. groups .. ' ', ' ' .. g .. ' ', 1, true) then F.put(wf, 'cw', groups == '' and g or (groups .. ' ' .. g)) end
end
-- Whether somebody came first: a place that is free is theirs.
function F.isHolding(wf, around)
  if wf.serving then return false end
  local groups = ' ' .. (F.get(wf, 'cw') or '') .. ' '
  return string.find(groups, ' ' .. around[#around].g .. ' ', 1, true) ~= nil
end

-- A task has become ready: its time begins. Answers whether it may be queued for a worker now.
function F.startLimited(wf, k, lane, phase, attempt)
  F.startDeadline(wf, 't' .. k)
  local around = phase == 'p' and F.limitsAround(wf, k)
  if not around or (not F.isHolding(wf, around) and F.takePlaces(wf, around, 1)) then return true end
  local r = F.record(wf, k)
  r.status = 'Q'
  F.save(wf, k, r)
  F.hold(wf, around, k .. ' ' .. attempt .. ' ' .. lane)
  return false
end
-- Whether a range of so many items may be queued now; if not, its task is held.
function F.placesForRange(wf, k, x, size, lane)
  local around = F.limitsAround(wf, k)
  if not around or (not F.isHolding(wf, around) and F.takePlaces(wf, around, size)) then return true end
  if x.held ~= 1 then
    x.held = 1
    F.hold(wf, around, k .. ' x ' .. lane)
  end
  return false
end
-- How many places a task's own record holds; those of items are counted as active in x<task>.
function F.placesOf(r) return r.phase == 'p' and (r.status == 'R' or r.status == 'X' or r.status == 'W') and 1 or 0 end
-- n tasks or items have ended, or will not run. While many are being stopped nobody is let in.
function F.freePlaces(wf, k, n)
  local around = n > 0 and F.limitsAround(wf, k)
  if not around then return end
  for _, limit in ipairs(around) do
    local left = tonumber(F.get(wf, 'c' .. limit.g) or 0) - n
    if left > 0 then F.put(wf, 'c' .. limit.g, left) else F.drop(wf, 'c' .. limit.g) end
  end
  if not wf.stopping then F.letIn(wf) end
end

-- A task has ended. freed: the places that it held itself.
function F.endLimited(wf, k, freed)
  F.endDeadline(wf, 't' .. k)
  F.freePlaces(wf, k, freed)
end

-- Lets in who was held first; answers false when there is still no place for it. Entries of those that were stopped are stale.
function F.letInFirst(wf, entry, key)
  local k, attempt, lane = string.match(entry, '^(%S+) (%S+) (%S+)$')
  local r = F.record(wf, k)
  if attempt == 'x' then
    call('LPOP', key)
    local x = r and r.status == 'E' and F.readItems(wf, k)
    if not x then return true end
    x.held = 0
    F.admit(wf, k, x, lane)
    F.putItems(wf, k, x)
    return x.held ~= 1
  end
  if r and r.status == 'Q' and r.attempt == attempt then
    if not F.takePlaces(wf, F.limitsAround(wf, k), 1) then return false end
    r.status = 'R'
    F.save(wf, k, r)
    F.pushUnit(wf, lane, k, '-', attempt)
  end
  call('LPOP', key)
  return true
end
function F.letIn(wf)
  local groups = F.get(wf, 'cw')
  if not groups or wf.serving then return end
  local rest = {}
  wf.serving = true
  for g in string.gmatch(groups, '%S+') do
    local key = F.heldKey(wf, g)
    local entry = call('LINDEX', key, 0)
    while entry and F.letInFirst(wf, entry, key) do entry = call('LINDEX', key, 0) end
    if entry then rest[#rest + 1] = g end
  end
  wf.serving = nil
  if #rest > 0 then F.put(wf, 'cw', table.concat(rest, ' ')) else F.drop(wf, 'cw') end
end

-- The workflow has ended, and with it what its limits left: those of tasks have gone with the tasks.
function F.dropLimits(wf)
  F.endDeadline(wf, 'w')
  for g = 0, tonumber(F.get(wf, 'ng')) - 1 do
    F.endDeadline(wf, 'g' .. g)
    if F.hasLimit(wf, 'p') then F.drop(wf, 'c' .. g) end
  end
  for g in string.gmatch(F.get(wf, 'cw') or '', '%S+') do call('UNLINK', F.heldKey(wf, g)) end
  if F.hasLimit(wf, 'p') then F.drop(wf, 'cw') end
end
