-- A workflow while a script works on it: its header is read once, changed in memory and written once by flushWorkflows().
--
-- Records of tasks and units are texts of space-separated fields:
--   status attempt token losses readyMs startedMs finishedMs worker phase untilMs
-- under <task>, or <task>@<path> in an instance of an expanded group (include/instances.lua), and <that>:<unit>,
-- with times in ms since submission; untilMs is the end of a wait, or of a running attempt that has a timeout. Statuses: R ready, Q ready and
-- held by a limit of its group, X running, W waiting, E items phase, C completed, F failed,
-- S skipped, K cancelled, T timed out; a task without a record is pending. Phases: p plain task, x expand, c collect, i items; g expand and j collect of a group.
local COUNT = { P = 2, R = 3, Q = 3, X = 4, W = 5, C = 6, F = 7, S = 8, K = 9, T = 10 }
local workflows, loaded = {}, {}

function F.loadWorkflow(id)
  local wf = workflows[id]
  if wf ~= nil then return wf end
  local w = prefix .. 'w:' .. id
  local h = call('HMGET', w, 'st', 'seq', 'left', 'n', 'sub', 'tn', 'hash', 'rt', 'ln', 'lm', 'cmp', 'pa')
  if not h[1] then workflows[id] = false; return false end
  local n, size = {}, 0
  for x in string.gmatch(h[4], '%d+') do size = size + 1; n[size] = tonumber(x) end
  wf = { id = id, w = w, st = h[1], seq = tonumber(h[2]), left = tonumber(h[3]), n = n, sub = tonumber(h[5]), tenant = h[6], flow = F.flowOf(h[6]),
    hash = h[7], at = now - tonumber(h[5]), set = {}, records = {}, groups = {}, items = {}, lines = {}, events = 0, open = h[1] == 'P' or h[1] == 'R' or h[1] == 'H', retried = h[8] and true, limits = h[10], owed = h[11] and tonumber(h[11]), child = h[12], context = {}, inner = {}, packed = {},
    wasReady = n[3], wasRunning = n[4], wasWaiting = n[5] }
  if h[9] then F.readLanes(wf, h[9]) end
  workflows[id] = wf
  loaded[#loaded + 1] = wf
  return wf
end

function F.get(wf, field)
  local value = wf.set[field]
  if value == nil then return call('HGET', wf.w, field) end
  return value
end
function F.put(wf, field, value) wf.set[field] = value end
function F.drop(wf, field) wf.set[field] = false; wf.records[field] = false end

function F.emit(wf, line, events)
  wf.lines[#wf.lines + 1] = line
  wf.events = wf.events + (events or 1)
end
-- k: the task that it is about.
function F.move(wf, from, to, count, k)
  local n, a, b = wf.n, COUNT[from], COUNT[to]
  n[a] = n[a] - count
  n[b] = n[b] + count
  if wf.queues then F.moveInQueue(wf, from, to, count, k) end
end

function F.readRecord(text)
  local status, attempt, token, losses, ready, started, finished, worker, phase, untilMs =
    string.match(text, '^(%a) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%S+) (%a) (%d+)')
  return { status = status, attempt = attempt, token = token, losses = losses, ready = ready, started = started,
    finished = finished, worker = worker, phase = phase, untilMs = untilMs }
end
function F.newRecord(wf, status, attempt, phase)
  return { status = status, attempt = attempt, token = '0', losses = '0', ready = wf.at, started = '0', finished = '0',
    worker = '-', phase = phase, untilMs = '0' }
end
-- The record under a field, read once; nil when there is none. Attempts and tokens are texts, as arguments are.
function F.record(wf, field)
  local r = wf.records[field]
  if r == nil then
    local text = call('HGET', wf.w, field)
    r = text and F.readRecord(text) or false
    wf.records[field] = r
  end
  return r or nil
end
function F.save(wf, field, r)
  wf.records[field] = r
  wf.set[field] = r
end
function F.recordText(r)
  return r.status .. ' ' .. r.attempt .. ' ' .. r.token .. ' ' .. r.losses .. ' ' .. r.ready .. ' ' .. r.started .. ' ' .. r.finished
    .. ' ' .. r.worker .. ' ' .. r.phase .. ' ' .. r.untilMs
end

function F.group(wf, g)
  local group = wf.groups[g]
  if not group then
    local left, failed, started, again = string.match(call('HGET', wf.w, 'g' .. g), '^(%d+) (%d+) (%d+)( ?1?)$')
    group = { left = tonumber(left), failed = failed, started = started, again = again ~= '' }
    wf.groups[g] = group
  end
  return group
end
-- chain: the groups around a task, outermost first: 0.2.3; suffix: '' or @<path>, of the instance it stands in.
function F.startGroups(wf, chain, suffix)
  for g in string.gmatch(chain, '%d+') do
    g = g .. suffix
    local group = F.group(wf, g)
    if group.started == '0' then
      -- Of an instance when it started, which is told when it ends.
      group.started = suffix == '' and '1' or tostring(math.max(1, wf.at))
      F.emit(wf, 'G ' .. g)
      if wf.limits then F.startDeadline(wf, 'g' .. g) end
    end
  end
end
-- A task has ended: inner groups end before those around them. In an instance the outermost is the expanded group.
function F.leaveGroups(wf, chain, bad, suffix)
  local rest = chain ~= '' and chain or nil
  while rest do
    local around, g = string.match(rest, '^(.*)%.(%d+)$')
    g = (g or rest) .. suffix
    local group = F.group(wf, g)
    group.left = group.left - 1
    if bad then group.failed = '1' end
    if group.left == 0 then
      -- One that had started before retryWorkflow starts and ends once more, even if all that was left in it is skipped.
      if group.started == '0' and group.again then F.emit(wf, 'G ' .. g) end
      if group.started ~= '0' or group.again then F.emit(wf, (group.failed == '1' and 'J ' or 'H ') .. g) end
      if wf.limits then F.endDeadline(wf, 'g' .. g) end
      if not around and suffix ~= '' then F.endInstance(wf, suffix, group.started) end
    end
    rest = around
  end
end

-- '' or @<path>: the instance of an expanded group that a task stands in.
function F.suffixOf(k)
  local at = string.find(k, '@', 1, true)
  return at and string.sub(k, at) or ''
end

-- Attempts that a task had before retryWorkflow: the next ones count on from there.
-- Of what is in a group that began anew a<group> is a bound.
function F.base(wf, k)
  if not wf.retried then return 0 end
  local group = string.match(k, '@(%d+)')
  return tonumber(F.get(wf, 'b' .. k) or group and F.get(wf, 'a' .. group) or 0)
end

-- A wait ends at this time; while the workflow is paused it does not, and resumeWorkflow sets the timer.
function F.setTimer(wf, dueMs, member)
  if wf.st ~= 'H' then F.addTimer(dueMs, member) end
end

-- A task whose last open dependency came: its record, its event, its place in the lane.
function F.readyTask(wf, k, g, lane, phase, suffix)
  F.startGroups(wf, g, suffix)
  local attempt = tostring(F.base(wf, k) + 1)
  F.save(wf, k, F.newRecord(wf, 'R', attempt, phase))
  F.emit(wf, 'R ' .. k)
  if phase ~= 'g' then F.move(wf, 'P', 'R', 1, k) end
  if wf.limits and not F.startLimited(wf, k, lane, phase, attempt) then return end
  F.pushUnit(wf, lane, k, '-', attempt)
end
function F.releaseTask(wf, k, need, g, lane, phase, suffix)
  if F.record(wf, k) then return end
  if need ~= '1' then
    local open = tonumber(F.get(wf, 'o' .. k) or need) - 1
    if open > 0 then F.put(wf, 'o' .. k, open); return end
    F.drop(wf, 'o' .. k)
  end
  F.readyTask(wf, k, g, lane, phase, suffix)
end
-- Static routing made by the plan, in order: d = one dependency of a task came, s = skip a task (and, while it was
-- really skipped now, m = the same as d for those that can do without it). Fields: task/need or cause/groups/lane/phase; tokens are separated by spaces.
-- A route may begin with c, see include/compensate.lua.
-- suffix: the instance that all of these tasks stand in.
function F.follow(wf, route, suffix)
  local skipped = false
  for kind, k, b, g, lane, phase in string.gmatch(route, '(%a)(%d+)/(%d+)/([%d.]*)/([^/ ]+)/(%a)') do
    -- The end of this very task may have ended the instance.
    if wf.packed[suffix] then return end
    k = k .. suffix
    if kind == 's' then skipped = F.skipTask(wf, k, b, g, phase, suffix)
    elseif kind == 'd' or skipped then F.releaseTask(wf, k, b, g, lane, phase, suffix) end
  end
end

-- All tasks have ended, some of them perhaps without leaving their groups.
function F.dropGroups(wf, count)
  for g = 0, tonumber(count) - 1 do F.drop(wf, 'g' .. g) end
  wf.groups = {}
end

function F.finishWorkflow(wf, letter, detail)
  F.emit(wf, 'E ' .. letter .. ' ' .. detail)
  if wf.limits then F.dropLimits(wf) end
  local h = call('HMGET', wf.w, 'ng', 'ex', 'sk')
  F.dropGroups(wf, h[1])
  -- The session lies elsewhere: it is owed the exports until somebody has carried them there (engine/Sessions.ts).
  if h[2] and letter == 'C' then
    F.put(wf, 'so', 'x')
    call('ZADD', prefix .. 'tm', now, 'S ' .. wf.id .. ' ' .. h[3])
  end
  local index = prefix .. 'ix:' .. wf.tenant .. ':'
  call('ZREM', index .. wf.st, wf.id)
  call('ZADD', index .. letter, wf.sub, wf.id)
  call('ZADD', prefix .. 'tm', now + retentionMs, 'X ' .. wf.id)
  if wf.child then F.addTimer(now, 'N ' .. wf.id) end
  wf.st, wf.open = letter, false
  F.put(wf, 'st', letter)
  F.put(wf, 'fin', wf.at)
end

function F.startWorkflow(wf)
  local index = prefix .. 'ix:' .. wf.tenant .. ':'
  call('ZREM', index .. 'P', wf.id)
  call('ZADD', index .. 'R', wf.sub, wf.id)
  wf.st = 'R'
  F.put(wf, 'st', 'R')
  F.put(wf, 'sta', wf.at)
  F.emit(wf, 'b')
end

-- What the doorbell says besides that there are new entries: these themselves, if they are few and short. Then nobody need ask for them.
function F.toldEntries(texts)
  if #texts > 2 then return '' end
  local told = {}
  for _, entry in ipairs(texts) do
    if #entry[3] <= 1000 then told[#told + 1] = '"' .. entry[1] .. '":[' .. entry[2] .. ',' .. cjson.encode(entry[3]) .. ']' end
  end
  return #told > 0 and ',"e":{' .. table.concat(told, ',') .. '}' or ''
end

-- Writes what the script changed, one HSET and one log entry per workflow, tells the feed, and rings the doorbell once.
function F.flushWorkflows()
  local ids, logged, texts, ready, running, waiting = {}, {}, {}, 0, 0, 0
  for _, wf in ipairs(loaded) do
    if wf.open and wf.left == 0 then
      local bad = F.get(wf, 'bad')
      if wf.owed then F.conclude(wf, bad and 'F' or 'C', bad or '-')
      else F.finishWorkflow(wf, bad and 'F' or 'C', bad or '-') end
    end
    ready, running, waiting = ready + wf.n[3] - wf.wasReady, running + wf.n[4] - wf.wasRunning, waiting + wf.n[5] - wf.wasWaiting
    local fields, gone = { 'seq', wf.seq + wf.events, 'left', wf.left, 'n', table.concat(wf.n, ' ') }, {}
    if wf.events > 0 then
      local text = (wf.seq + 1) .. ' ' .. now .. '\n' .. table.concat(wf.lines, '\n')
      local entries = call('RPUSH', prefix .. 'e:' .. wf.id, text)
      -- One more than are told says that they are many.
      if #texts < 3 then texts[#texts + 1] = { wf.id, entries - 1, text } end
      fields[7], fields[8] = 'ev', entries
      ids[#ids + 1] = '"' .. wf.id .. '"'
      logged[#logged + 1] = wf.id .. ' ' .. (entries - 1)
    end
    for field, value in pairs(wf.set) do
      if value == false then gone[#gone + 1] = field
      else
        fields[#fields + 1] = field
        fields[#fields + 1] = type(value) ~= 'table' and value or (value.total and F.itemsText(value) or F.recordText(value))
      end
    end
    for g, group in pairs(wf.groups) do
      fields[#fields + 1] = 'g' .. g
      fields[#fields + 1] = group.left .. ' ' .. group.failed .. ' ' .. group.started .. (group.again and ' 1' or '')
    end
    if #fields > 6 then F.sliced('HSET', wf.w, fields) end
    if #gone > 0 then F.sliced('HDEL', wf.w, gone) end
    if #wf.context > 0 then F.sliced('HSET', prefix .. 'c:' .. wf.id, wf.context) end
    if #wf.inner > 0 then F.sliced('HSET', prefix .. 'v:' .. wf.id, wf.inner) end
    if wf.moved then F.flushQueues(wf.moved) end
  end
  if #logged > 0 then F.feed(logged) end
  local queued, besides = F.flushLanes(ready, running, waiting)
  if #ids > 0 or queued > 0 or besides ~= '' then
    call('PUBLISH', prefix .. 'wake', '{"w":[' .. table.concat(ids, ',') .. '],"q":' .. queued .. besides .. F.toldEntries(texts) .. '}')
  end
end
