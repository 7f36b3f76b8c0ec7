-- What can become of a unit: one function per kind, each with its own arguments after (kind, workflow, task, unit,
-- attempt, token). `ended` counts, per token, the units that no longer run under it.
local ended = {}
function F.endClaim(wf, k, unit, r)
  if r.status ~= 'X' then return end
  ended[r.token] = (ended[r.token] or 0) + 1
  if r.untilMs ~= '0' then call('ZREM', prefix .. 'tm', 'T ' .. wf.id .. ' ' .. k .. ' ' .. unit .. ' ' .. r.token) end
end
local FINAL = { C = true, F = true, S = true, T = true }

-- Whether this outcome may change the unit: it runs (or waits) under that very token.
function F.guard(wf, r, attempt, token)
  if not r then return 'S' end
  if FINAL[r.status] or r.attempt ~= attempt then return r.token == token and 'D' or 'S' end
  if not wf.open or r.token ~= token or not (r.status == 'X' or r.status == 'W') then return 'S' end
  return 'O'
end
function F.unitField(k, unit) return unit == '-' and k or (k .. ':' .. unit) end

-- Items: admits ranges while the window has room, and sends the task to be collected when all items have ended.
function F.admit(wf, k, x, lane)
  local chunks = math.ceil(x.total / x.chunk)
  while x.next < chunks do
    local size = math.min(x.chunk, x.total - x.next * x.chunk)
    if x.active > 0 and x.active + size > x.window then return end
    local unit = 'r' .. x.next
    F.put(wf, k .. ':' .. unit, 'R 1 0 0 ' .. wf.at .. ' 0 0 - i 0')
    F.pushUnit(wf, lane, k, unit, 1)
    F.move(wf, 'P', 'R', size)
    x.next, x.active, x.ready = x.next + 1, x.active + size, x.ready + size
  end
end
function F.collect(wf, k, planLane)
  local r = F.readRecord(F.get(wf, k))
  r.status, r.phase, r.token = 'R', 'c', 0
  F.put(wf, k, F.recordText(r))
  F.pushUnit(wf, planLane, k, '-', r.attempt)
end
function F.advanceItems(wf, k, x, lane, planLane)
  if x.failed > x.tolerated and x.failFast == 1 and x.completed + x.failed < x.total then
    F.cancelItems(wf, x)
    F.dropUnits(wf, k)
    F.collect(wf, k, planLane)
  elseif x.completed + x.failed == x.total then
    F.collect(wf, k, planLane)
  else
    F.admit(wf, k, x, lane)
  end
  F.putItems(wf, k, x)
end

-- done: letter (C F T S), error JSON or '', 1 when it fails the workflow, 1 when the rest is cancelled, group, result kept
-- outside the context or '', route, count + (context key, value)
function F.done(wf, k, unit, attempt, token)
  local letter, err, bad, cancelRest, group, result, route, writes = take(), take(), take(), take(), take(), take(), take(), takeList()
  local r = F.readRecord(F.get(wf, k))
  local code = F.guard(wf, r, attempt, token)
  if code ~= 'O' then return code end
  F.endClaim(wf, k, unit, r)
  local x = r.phase == 'c' and F.readItems(wf, k)
  if not x or x.total == 0 then F.move(wf, r.status, letter, 1) end
  r.status, r.finished = letter, wf.at
  F.put(wf, k, F.recordText(r))
  if err ~= '' then F.put(wf, 'e' .. k, err) end
  if result ~= '' then F.put(wf, 'r' .. k, result) end
  F.drop(wf, 'y' .. k)
  if letter == 'S' then F.emit(wf, 'K ' .. k .. ' C')
  else F.emit(wf, letter .. ' ' .. k .. ' - 1 ' .. attempt .. ' ' .. r.worker .. (err ~= '' and (' ' .. err) or '')) end
  if #writes > 0 then
    for i = 1, #writes do wf.context[#wf.context + 1] = writes[i] end
    F.emit(wf, 'U ' .. k)
  end
  wf.left = wf.left - 1
  if bad == '1' and not F.get(wf, 'bad') then F.put(wf, 'bad', err) end
  F.leaveGroup(wf, group, bad == '1')
  F.follow(wf, route)
  if cancelRest == '1' then F.cancelOpenTasks(wf) end
  return 'O'
end

-- retry: delayMs, what failed (a line of JSON for the history)
function F.retry(wf, k, unit, attempt, token)
  local delayMs, err = tonumber(take()), take()
  local r = F.readRecord(F.get(wf, k))
  local code = F.guard(wf, r, attempt, token)
  if code ~= 'O' then return code end
  F.endClaim(wf, k, unit, r)
  F.move(wf, r.status, 'W', 1)
  local history = F.get(wf, 'h' .. k)
  F.put(wf, 'h' .. k, (history and history .. '\n' or '') .. r.started .. ' ' .. wf.at .. ' ' .. r.worker .. ' ' .. err)
  F.emit(wf, 'Y ' .. k .. ' - ' .. attempt .. ' ' .. (now + delayMs) .. ' ' .. r.worker .. ' ' .. err)
  r.status, r.attempt, r.untilMs, r.losses = 'W', tonumber(attempt) + 1, wf.at + delayMs, 0
  F.put(wf, k, F.recordText(r))
  call('ZADD', prefix .. 'tm', now + delayMs, 'R ' .. wf.id .. ' ' .. k .. ' - ' .. r.attempt)
  return 'O'
end

-- wait: delayMs, the result to record when it is over
function F.wait(wf, k, unit, attempt, token)
  local delayMs, result = tonumber(take()), take()
  local r = F.readRecord(F.get(wf, k))
  local code = F.guard(wf, r, attempt, token)
  if code ~= 'O' then return code end
  if r.status == 'W' then return 'D' end
  F.endClaim(wf, k, unit, r)
  F.move(wf, 'X', 'W', 1)
  r.status, r.untilMs = 'W', wf.at + delayMs
  F.put(wf, k, F.recordText(r))
  F.put(wf, 'y' .. k, result)
  F.emit(wf, 'W ' .. k .. ' - ' .. attempt .. ' ' .. (now + delayMs))
  call('ZADD', prefix .. 'tm', now + delayMs, 'D ' .. wf.id .. ' ' .. k .. ' - ' .. token)
  return 'O'
end

-- How many items of a unit are still its own to run.
function F.openItems(wf, k, unit, r)
  if r.phase ~= 'i' then return r.phase == 'c' and 0 or 1 end
  local x = F.readItems(wf, k)
  local c, first, count = F.spanOf(unit, x)
  if string.sub(unit, 1, 1) ~= 'r' then return 1, x end
  local _, open = string.gsub(string.sub((F.chunkStatuses(wf, k, c, x)), first + 1, first + count), '%.', '')
  return open, x
end
function F.toReady(wf, k, unit, r, lane, from)
  local open, x = F.openItems(wf, k, unit, r)
  F.move(wf, from, 'R', open)
  if x then
    local key = from == 'W' and 'waiting' or 'running'
    x[key], x.ready = x[key] - open, x.ready + open
    F.putItems(wf, k, x)
  end
  r.status, r.token, r.untilMs = 'R', 0, 0
  F.put(wf, F.unitField(k, unit), F.recordText(r))
  F.pushUnit(wf, lane, k, unit, r.attempt)
end

-- requeue: lane, 1 when the worker was lost (0: handed back)
function F.requeue(wf, k, unit, attempt, token)
  local lane, lost = take(), take()
  local r = F.readRecord(F.get(wf, F.unitField(k, unit)))
  if not r or not wf.open or r.status ~= 'X' or r.token ~= token then return 'S' end
  F.endClaim(wf, k, unit, r)
  r.losses = r.losses + tonumber(lost)
  F.toReady(wf, k, unit, r, lane, 'X')
  return 'O'
end

-- split: lane. The open items of a range whose worker was lost become units of their own.
function F.split(wf, k, unit, attempt, token)
  local lane = take()
  local r = F.readRecord(F.get(wf, k .. ':' .. unit))
  if not r or not wf.open or r.status ~= 'X' or r.token ~= token then return 'S' end
  F.endClaim(wf, k, unit, r)
  local x = F.readItems(wf, k)
  local c = F.spanOf(unit, x)
  local statuses, size = F.chunkStatuses(wf, k, c, x)
  local open = 0
  for i = 1, size do
    if string.sub(statuses, i, i) == '.' then
      local item = tostring(c * x.chunk + i - 1)
      F.put(wf, k .. ':' .. item, table.concat({ 'R', r.attempt, 0, r.losses + 1, r.ready, 0, 0, '-', 'i', 0 }, ' '))
      F.pushUnit(wf, lane, k, item, r.attempt)
      open = open + 1
    end
  end
  call('HSET', prefix .. 'i:' .. wf.id .. ':' .. k, 's' .. c, (string.gsub(statuses, '%.', 'r')))
  F.drop(wf, k .. ':' .. unit)
  F.move(wf, 'X', 'R', open)
  x.running, x.ready = x.running - open, x.ready + open
  F.putItems(wf, k, x)
  return 'O'
end

-- ready: lane. A retry's delay is over.
function F.ready(wf, k, unit, attempt)
  local lane = take()
  local r = F.readRecord(F.get(wf, F.unitField(k, unit)))
  if not r or not wf.open or r.status ~= 'W' or r.attempt ~= attempt then return 'S' end
  F.toReady(wf, k, unit, r, lane, 'W')
  return 'O'
end

-- expand: total, chunk, window, tolerated, failFast, lane of the items, lane of the plan, shape or '', count + (v<chunk>, variables)
function F.expand(wf, k, unit, attempt, token)
  local total, chunk, window, tolerated, failFast = tonumber(take()), tonumber(take()), tonumber(take()), take(), take()
  local lane, planLane, shape, variables = take(), take(), take(), takeList()
  local r = F.readRecord(F.get(wf, k))
  if r and r.status == 'E' and r.token == token then return 'D' end
  local code = F.guard(wf, r, attempt, token)
  if code ~= 'O' then return code end
  F.endClaim(wf, k, unit, r)
  r.status = 'E'
  F.put(wf, k, F.recordText(r))
  local items = prefix .. 'i:' .. wf.id .. ':' .. k
  if #variables > 0 then F.sliced('HSET', items, variables) end
  if shape ~= '' then call('HSET', items, 'shape', shape) end
  local x = { total = total, chunk = chunk, next = 0, active = 0, ready = 0, running = 0, waiting = 0, completed = 0, failed = 0,
    tolerated = tonumber(tolerated), failFast = tonumber(failFast), window = window }
  F.emit(wf, 'X ' .. k .. ' ' .. total)
  if total > 0 then
    wf.n[1] = wf.n[1] + total - 1
    wf.n[COUNT.X] = wf.n[COUNT.X] - 1
    wf.n[COUNT.P] = wf.n[COUNT.P] + total
  end
  F.advanceItems(wf, k, x, lane, planLane)
  return 'O'
end

-- One item leaves its range for a unit of its own: to be retried (Y) or completed later (W).
function F.splitItem(wf, k, r, item, letter, delayMs, attempt, token, text)
  local field = k .. ':' .. item
  local next = letter == 'Y' and tonumber(attempt) + 1 or attempt
  F.put(wf, field, table.concat({ 'W', next, token, 0, r.ready, r.started, 0, r.worker, 'i', wf.at + delayMs }, ' '))
  if letter == 'Y' then
    F.emit(wf, 'Y ' .. k .. ' ' .. item .. ' ' .. attempt .. ' ' .. (now + delayMs) .. ' ' .. r.worker .. ' ' .. text)
    call('ZADD', prefix .. 'tm', now + delayMs, 'R ' .. wf.id .. ' ' .. k .. ' ' .. item .. ' ' .. next)
  else
    F.emit(wf, 'W ' .. k .. ' ' .. item .. ' ' .. attempt .. ' ' .. (now + delayMs))
    F.put(wf, 'y' .. k .. ':' .. item, text)
    call('ZADD', prefix .. 'tm', now + delayMs, 'D ' .. wf.id .. ' ' .. k .. ' ' .. item .. ' ' .. token)
  end
end

-- items: lane of the items, lane of the plan, count of values, then pieces of four: letter, offset in the chunk, count, text.
-- C: JSON list of `count` results. F: error JSON of one item. Y, W: count is a delay in ms, the text an error or a result.
function F.items(wf, k, unit, attempt, token)
  local lane, planLane, pieces = take(), take(), takeList()
  local r = F.readRecord(F.get(wf, k .. ':' .. unit))
  local key = prefix .. 'i:' .. wf.id .. ':' .. k
  local node = F.readRecord(F.get(wf, k))
  local x = node and F.get(wf, 'x' .. k) and F.readItems(wf, k)
  if not x then return 'S' end
  local c, first, count = F.spanOf(unit, x)
  local recorded = call('HGET', key, 'r' .. c)
  local function head(i) return '\n' .. pieces[i] .. ' ' .. pieces[i + 1] .. ' ' .. pieces[i + 2] .. ' ' .. attempt .. ' ' .. token .. ' ' end
  if not r or not wf.open or node.status ~= 'E' or r.token ~= token or r.attempt ~= attempt or not (r.status == 'X' or r.status == 'W') then
    return recorded and string.find('\n' .. recorded, head(1), 1, true) and 'D' or 'S'
  end
  local statuses, size = F.chunkStatuses(wf, k, c, x)
  local own = string.sub(unit, 1, 1) ~= 'r'
  -- The byte of an item that this unit may still settle: '.' in its range, 'r' once it has a unit of its own.
  local mine = own and string.sub(statuses, first + 1, first + 1) or '.'
  local s, out, settled = {}, {}, 0
  for i = 1, size do s[i] = string.sub(statuses, i, i) end
  local from = r.status == 'W' and 'waiting' or 'running'
  for i = 1, #pieces, 4 do
    local letter, offset, n, text = pieces[i], tonumber(pieces[i + 1]), tonumber(pieces[i + 2]), pieces[i + 3]
    local item = c * x.chunk + offset
    -- An item that waits already has been sent to wait before.
    local again = letter == 'W' and r.status == 'W'
    if (letter == 'Y' or letter == 'W') and not again and s[offset + 1] == mine then
      F.splitItem(wf, k, r, item, letter, n, attempt, token, text)
      F.move(wf, r.status, 'W', 1)
      x[from], x.waiting, s[offset + 1] = x[from] - 1, x.waiting + 1, 'r'
    elseif letter == 'C' or letter == 'F' then
      local fresh = true
      for j = offset + 1, offset + n do fresh = fresh and s[j] == mine end
      if fresh then
        for j = offset + 1, offset + n do s[j] = letter end
        out[#out + 1] = string.sub(head(i), 2) .. r.started .. ' ' .. wf.at .. ' ' .. text
        F.emit(wf, 'I' .. letter .. ' ' .. k .. ' ' .. item .. ' ' .. n .. ' ' .. attempt .. ' ' .. r.worker .. (letter == 'F' and (' ' .. text) or ''), n)
        F.move(wf, r.status, letter, n)
        local counter = letter == 'C' and 'completed' or 'failed'
        x[counter], x[from], x.active, settled = x[counter] + n, x[from] - n, x.active - n, settled + n
      end
    end
  end
  local text = table.concat(s)
  if #out > 0 then
    local all = string.find(text, '[^C]') and text or 'C'
    call('HSET', key, 'r' .. c, (recorded and recorded .. '\n' or '') .. table.concat(out, '\n'), 's' .. c, all)
  elseif text ~= statuses then
    call('HSET', key, 's' .. c, text)
  end
  if own or not string.find(text, '.', 1, true) then
    F.endClaim(wf, k, unit, r)
    if not (own and s[first + 1] == 'r') then F.drop(wf, k .. ':' .. unit); F.drop(wf, 'y' .. k .. ':' .. unit) end
  end
  F.advanceItems(wf, k, x, lane, planLane)
  return 'O'
end

-- Nothing in a unit tells whether progress is reported for the second time, so the worker's last request that did is kept.
local repeated
function F.isRepeated()
  if repeated == nil then
    local workerKey, field = prefix .. 'wk:' .. ARGV[2], 'p' .. string.match(ARGV[3], '^(%d+)%.')
    repeated = call('HGET', workerKey, field) == ARGV[3]
    if not repeated then
      call('HSET', workerKey, field, ARGV[3])
      call('PEXPIRE', workerKey, tonumber(ARGV[5]) * 4)
    end
  end
  return repeated
end

-- progress: item or '-', JSON
function F.progress(wf, k, unit, attempt, token)
  local offset, text = take(), take()
  local r = F.readRecord(F.get(wf, F.unitField(k, unit)))
  if not r or not wf.open or r.status ~= 'X' or r.token ~= token then return 'S' end
  if F.isRepeated() then return 'D' end
  if offset == '-' then F.put(wf, 'p' .. k, now .. ' ' .. text) end
  F.emit(wf, 'P ' .. k .. ' ' .. offset .. ' ' .. attempt .. ' ' .. text)
  return 'O'
end

-- What a workflow that is gone reads as: arguments are taken all the same, so that the next outcome starts in its place.
local GONE = { id = '', w = prefix .. 'w:', open = false, set = {}, at = 0 }
function F.applyOutcome(kind, wf, k, unit, attempt, token)
  return F[kind](wf or GONE, k, unit, attempt, token)
end
