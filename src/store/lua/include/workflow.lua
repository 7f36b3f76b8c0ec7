-- A workflow while a script works on it: its header is read once, changed in memory and written once by flushWorkflows().
--
-- Records of tasks and units are texts of space-separated fields:
--   status attempt token losses readyMs startedMs finishedMs worker phase untilMs
-- with times in ms since submission; untilMs is the end of a wait, or of a running attempt that has a timeout. Statuses: R ready, X running, W waiting, E items phase, C completed, F failed,
-- S skipped, K cancelled, T timed out; a task without a record is pending. Phases: p plain task, x expand, c collect, i items.
local COUNT = { P = 2, R = 3, X = 4, W = 5, C = 6, F = 7, S = 8, K = 9, T = 10 }
local workflows, loaded = {}, {}

function F.loadWorkflow(id)
  local wf = workflows[id]
  if wf ~= nil then return wf end
  local w = prefix .. 'w:' .. id
  local h = call('HMGET', w, 'st', 'seq', 'left', 'n', 'sub', 'tn', 'hash')
  if not h[1] then workflows[id] = false; return false end
  local n, size = {}, 0
  for x in string.gmatch(h[4], '%d+') do size = size + 1; n[size] = tonumber(x) end
  wf = { id = id, w = w, st = h[1], seq = tonumber(h[2]), left = tonumber(h[3]), n = n, sub = tonumber(h[5]), tenant = h[6],
    hash = h[7], at = now - tonumber(h[5]), set = {}, lines = {}, events = 0, open = h[1] == 'P' or h[1] == 'R', context = {} }
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
function F.drop(wf, field) wf.set[field] = false end

function F.emit(wf, line, events)
  wf.lines[#wf.lines + 1] = line
  wf.events = wf.events + (events or 1)
end
function F.move(wf, from, to, count)
  local n, a, b = wf.n, COUNT[from], COUNT[to]
  n[a] = n[a] - count
  n[b] = n[b] + count
end

function F.readRecord(text)
  if not text then return nil end
  local status, attempt, token, losses, ready, started, finished, worker, phase, untilMs =
    string.match(text, '^(%a) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%S+) (%a) (%d+)')
  return { status = status, attempt = attempt, token = token, losses = losses, ready = ready, started = started,
    finished = finished, worker = worker, phase = phase, untilMs = untilMs }
end
function F.recordText(r)
  return r.status .. ' ' .. r.attempt .. ' ' .. r.token .. ' ' .. r.losses .. ' ' .. r.ready .. ' ' .. r.started .. ' ' .. r.finished
    .. ' ' .. r.worker .. ' ' .. r.phase .. ' ' .. r.untilMs
end

function F.readGroup(wf, g)
  local left, failed, started = string.match(F.get(wf, 'g' .. g), '^(%d+) (%d+) (%d+)')
  return tonumber(left), failed, started
end
function F.startGroup(wf, g)
  local left, failed, started = F.readGroup(wf, g)
  if started == '0' then
    F.put(wf, 'g' .. g, left .. ' ' .. failed .. ' 1')
    F.emit(wf, 'G ' .. g)
  end
end
function F.leaveGroup(wf, g, bad)
  local left, failed, started = F.readGroup(wf, g)
  left = left - 1
  if bad then failed = '1' end
  F.put(wf, 'g' .. g, left .. ' ' .. failed .. ' ' .. started)
  if left == 0 and started == '1' then F.emit(wf, (failed == '1' and 'J ' or 'H ') .. g) end
end

-- A task whose last open dependency came: its record, its event, its place in the lane.
function F.readyTask(wf, k, g, lane, phase)
  F.startGroup(wf, g)
  F.put(wf, k, 'R 1 0 0 ' .. wf.at .. ' 0 0 - ' .. phase .. ' 0')
  F.emit(wf, 'R ' .. k)
  F.move(wf, 'P', 'R', 1)
  F.pushUnit(wf, lane, k, '-', 1)
end
function F.releaseTask(wf, k, need, g, lane, phase)
  if F.get(wf, k) then return end
  if need ~= '1' then
    local open = tonumber(F.get(wf, 'o' .. k) or need) - 1
    if open > 0 then F.put(wf, 'o' .. k, open); return end
    F.drop(wf, 'o' .. k)
  end
  F.readyTask(wf, k, g, lane, phase)
end
function F.skipTask(wf, k, cause, g)
  if F.get(wf, k) then return false end
  F.put(wf, k, 'S 0 0 0 0 0 ' .. wf.at .. ' - p 0')
  F.put(wf, 'e' .. k, 'U' .. cause)
  F.drop(wf, 'o' .. k)
  F.emit(wf, 'K ' .. k .. ' U' .. cause)
  F.move(wf, 'P', 'S', 1)
  wf.left = wf.left - 1
  F.leaveGroup(wf, g, false)
  return true
end

-- Static routing made by the plan, in order: d = one dependency of a task came, s = skip a task (and, while it was
-- really skipped now, m = the same as d for those that can do without it). Fields: task/need or cause/group/lane/phase; tokens are separated by spaces.
function F.follow(wf, route)
  local skipped = false
  for kind, k, b, g, lane, phase in string.gmatch(route, '(%a)(%d+)/(%d+)/(%d+)/([^/ ]+)/(%a)') do
    if kind == 's' then skipped = F.skipTask(wf, k, b, g)
    elseif kind == 'd' or skipped then F.releaseTask(wf, k, b, g, lane, phase) end
  end
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
    if isUnits(field) then wf.set[field] = false end
  end
end

-- x<k> of an expanded task: total chunk next active ready running waiting completed failed tolerated failFast window
local ITEM_FIELDS = { 'total', 'chunk', 'next', 'active', 'ready', 'running', 'waiting', 'completed', 'failed', 'tolerated', 'failFast', 'window' }
function F.readItems(wf, k)
  local x, i = {}, 0
  for value in string.gmatch(F.get(wf, 'x' .. k), '%d+') do i = i + 1; x[ITEM_FIELDS[i]] = tonumber(value) end
  return x
end
function F.putItems(wf, k, x)
  local t = {}
  for i, name in ipairs(ITEM_FIELDS) do t[i] = x[name] end
  F.put(wf, 'x' .. k, table.concat(t, ' '))
end
-- The items of an expanded task that will not end any more count as cancelled.
function F.cancelItems(wf, x)
  local open = x.total - x.completed - x.failed
  local pending = open - x.ready - x.running - x.waiting
  F.move(wf, 'P', 'K', pending); F.move(wf, 'R', 'K', x.ready); F.move(wf, 'X', 'K', x.running); F.move(wf, 'W', 'K', x.waiting)
  x.ready, x.running, x.waiting, x.active, x.next = 0, 0, 0, 0, math.ceil(x.total / x.chunk)
end

-- Every task that has not ended becomes CANCELLED. Only for fail-fast and cancelWorkflow: its work grows with the plan.
function F.cancelOpenTasks(wf)
  local count = tonumber(F.get(wf, 'nn'))
  for k = 0, count - 1 do
    local f = tostring(k)
    local r = F.readRecord(F.get(wf, f))
    local status = r and (r.phase == 'c' and 'X' or r.status) or 'P'
    if not r or not (r.status == 'C' or r.status == 'F' or r.status == 'S' or r.status == 'K' or r.status == 'T') then
      local x = r and F.get(wf, 'x' .. f) and F.readItems(wf, f)
      if x and x.total > 0 then
        -- Of a task that is being collected every item has ended or was cancelled before.
        if r.phase ~= 'c' then
          F.cancelItems(wf, x)
          F.putItems(wf, f, x)
        end
      else
        F.move(wf, status, 'K', 1)
      end
      r = r or { attempt = 0, token = 0, losses = 0, ready = 0, started = 0, worker = '-', phase = 'p', untilMs = 0 }
      r.status, r.finished, r.token = 'K', wf.at, 0
      F.put(wf, f, F.recordText(r))
      F.drop(wf, 'o' .. f)
      if status == 'W' then F.drop(wf, 'y' .. f) end
      F.emit(wf, 'Z ' .. f)
      wf.left = wf.left - 1
    end
  end
  F.dropUnits(wf, nil)
end

function F.finishWorkflow(wf, letter, detail)
  F.emit(wf, 'E ' .. letter .. ' ' .. detail)
  for g = 0, tonumber(F.get(wf, 'ng')) - 1 do F.drop(wf, 'g' .. g) end
  local index = prefix .. 'ix:' .. wf.tenant .. ':'
  call('ZREM', index .. wf.st, wf.id)
  call('ZADD', index .. letter, wf.sub, wf.id)
  call('ZADD', prefix .. 'tm', now + retentionMs, 'X ' .. wf.id)
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

-- Writes what the script changed, one HSET and one log entry per workflow, and rings the doorbell once.
function F.flushWorkflows()
  local ids = {}
  for _, wf in ipairs(loaded) do
    if wf.open and wf.left == 0 then
      local bad = F.get(wf, 'bad')
      F.finishWorkflow(wf, bad and 'F' or 'C', bad or '-')
    end
    local fields, gone = { 'seq', wf.seq + wf.events, 'left', wf.left, 'n', table.concat(wf.n, ' ') }, {}
    if wf.events > 0 then
      local entries = call('RPUSH', prefix .. 'e:' .. wf.id, (wf.seq + 1) .. ' ' .. now .. '\n' .. table.concat(wf.lines, '\n'))
      fields[7], fields[8] = 'ev', entries
      ids[#ids + 1] = '"' .. wf.id .. '"'
    end
    for field, value in pairs(wf.set) do
      if value == false then gone[#gone + 1] = field
      else fields[#fields + 1] = field; fields[#fields + 1] = value end
    end
    if #fields > 6 then F.sliced('HSET', wf.w, fields) end
    if #gone > 0 then F.sliced('HDEL', wf.w, gone) end
    if #wf.context > 0 then F.sliced('HSET', prefix .. 'c:' .. wf.id, wf.context) end
  end
  local waiting = 0
  for _, lane in ipairs(laneOrder) do
    if pushed[lane] then
      F.sliced('RPUSH', lane, pushed[lane])
      waiting = waiting + #pushed[lane]
    end
  end
  if #ids > 0 or waiting > 0 then
    call('PUBLISH', prefix .. 'wake', '{"w":[' .. table.concat(ids, ',') .. '],"q":' .. waiting .. '}')
  end
end
