-- Expanded tasks: where their items stand, how ranges are admitted, and what can become of a range or an item.

-- x<k> of an expanded task: total chunk next active ready running waiting completed failed tolerated failFast window, and 1 while a limit of
-- its group keeps it from admitting more (0 or nothing otherwise)
local ITEM_FIELDS = { 'total', 'chunk', 'next', 'active', 'ready', 'running', 'waiting', 'completed', 'failed', 'tolerated', 'failFast', 'window', 'held' }
-- nil when the task is not expanded. Written back by F.flushWorkflows() once F.putItems() was called.
function F.readItems(wf, k)
  local x = wf.items[k]
  if x then return x end
  local text = F.get(wf, 'x' .. k)
  if not text then return nil end
  local i = 0
  x = {}
  for value in string.gmatch(text, '%d+') do i = i + 1; x[ITEM_FIELDS[i]] = tonumber(value) end
  wf.items[k] = x
  return x
end
function F.putItems(wf, k, x)
  wf.items[k] = x
  wf.set['x' .. k] = x
end
function F.itemsText(x)
  local t = {}
  for i, name in ipairs(ITEM_FIELDS) do t[i] = x[name] end
  return table.concat(t, ' ')
end
-- The hash of a node's items, and what the names of its fields begin with: instances of a group share the hash of the node.
function F.itemsAt(wf, k)
  local at = string.find(k, '@', 1, true)
  if not at then return prefix .. 'i:' .. wf.id .. ':' .. k, '' end
  return prefix .. 'i:' .. wf.id .. ':' .. string.sub(k, 1, at - 1), string.sub(k, at + 1) .. '/'
end
-- Where the items of a unit stand: its chunk, the first item in it, how many.
function F.spanOf(unit, x)
  local c = string.match(unit, '^r(%d+)$')
  if c then
    c = tonumber(c)
    return c, 0, math.min(x.chunk, x.total - c * x.chunk)
  end
  local item = tonumber(unit)
  return math.floor(item / x.chunk), item % x.chunk, 1
end
function F.chunkStatuses(wf, k, c, x)
  local size = math.min(x.chunk, x.total - c * x.chunk)
  local items, pre = F.itemsAt(wf, k)
  local s = call('HGET', items, pre .. 's' .. c)
  if not s then return string.rep('.', size), size end
  if s == 'C' and size > 1 then return string.rep('C', size), size end
  return s, size
end

-- One TASK_STARTED per item that this unit will run: those without an outcome (and, for a range, without a unit of their own).
function F.emitStarted(wf, k, unit, x, statuses, attempt, worker)
  if string.sub(unit, 1, 1) ~= 'r' then
    F.emit(wf, 'S ' .. k .. ' ' .. unit .. ' 1 ' .. attempt .. ' ' .. worker)
    return 1
  end
  local first, open, at = tonumber(string.sub(unit, 2)) * x.chunk, 0, 1
  while true do
    local from, to = string.find(statuses, '%.+', at)
    if not from then return open end
    local count = to - from + 1
    F.emit(wf, 'S ' .. k .. ' ' .. (first + from - 1) .. ' ' .. count .. ' ' .. attempt .. ' ' .. worker, count)
    open = open + count
    at = to + 1
  end
end

function F.describeItems(wf, k, unit, x)
  local c, first, count = F.spanOf(unit, x)
  local statuses = string.sub((F.chunkStatuses(wf, k, c, x)), first + 1, first + count)
  local items, pre = F.itemsAt(wf, k)
  return c * x.chunk + first, first, count, statuses, call('HGET', items, pre .. 'v' .. c)
end

-- The items of an expanded task that will not end any more count as cancelled.
function F.cancelItems(wf, x, k)
  local open = x.total - x.completed - x.failed
  local pending = open - x.ready - x.running - x.waiting
  F.move(wf, 'P', 'K', pending, k); F.move(wf, 'R', 'K', x.ready, k); F.move(wf, 'X', 'K', x.running, k); F.move(wf, 'W', 'K', x.waiting, k)
  local admitted = x.active
  x.ready, x.running, x.waiting, x.active, x.next = 0, 0, 0, 0, math.ceil(x.total / x.chunk)
  if wf.limits then F.freePlaces(wf, k, admitted) end
end

-- Items: admits ranges while the window has room, and sends the task to be collected when all items have ended.
function F.admit(wf, k, x, lane)
  local chunks = math.ceil(x.total / x.chunk)
  while x.next < chunks do
    local size = math.min(x.chunk, x.total - x.next * x.chunk)
    -- Only retryWorkflow leaves chunks of which some items have ended before they are admitted.
    if wf.retried then size = select(2, string.gsub((F.chunkStatuses(wf, k, x.next, x)), '%.', '')) end
    if size > 0 then
      if x.active > 0 and x.active + size > x.window then return end
      if wf.limits and not F.placesForRange(wf, k, x, size, lane) then return end
      local unit, attempt = 'r' .. x.next, tostring(F.base(wf, k) + 1)
      F.save(wf, k .. ':' .. unit, F.newRecord(wf, 'R', attempt, 'i'))
      F.pushUnit(wf, lane, k, unit, attempt)
      F.move(wf, 'P', 'R', size, k)
      x.active, x.ready = x.active + size, x.ready + size
    end
    x.next = x.next + 1
  end
end
function F.collect(wf, k, planLane)
  local r = F.record(wf, k)
  r.status, r.phase, r.token = 'R', 'c', '0'
  F.save(wf, k, r)
  F.pushUnit(wf, planLane, k, '-', r.attempt)
end
function F.advanceItems(wf, k, x, lane, planLane)
  if x.failed > x.tolerated and x.failFast == 1 and x.completed + x.failed < x.total then
    F.cancelItems(wf, x, k)
    F.dropUnits(wf, function(node) return node == k end)
    F.collect(wf, k, planLane)
  elseif x.completed + x.failed == x.total then
    F.collect(wf, k, planLane)
  else
    F.admit(wf, k, x, lane)
  end
  F.putItems(wf, k, x)
end

-- split: lane. The open items of a range whose worker was lost become units of their own.
function F.split(wf, k, unit, attempt, token)
  local lane = take()
  local r = F.record(wf, k .. ':' .. unit)
  if not r or not wf.open or r.status ~= 'X' or r.token ~= token then return 'S' end
  F.endClaim(wf, k, unit, r)
  local x = F.readItems(wf, k)
  local c = F.spanOf(unit, x)
  local statuses, size = F.chunkStatuses(wf, k, c, x)
  local open = 0
  for i = 1, size do
    if string.sub(statuses, i, i) == '.' then
      local item = tostring(c * x.chunk + i - 1)
      local own = F.newRecord(wf, 'R', r.attempt, 'i')
      own.losses, own.ready = r.losses + 1, r.ready
      F.save(wf, k .. ':' .. item, own)
      F.pushUnit(wf, lane, k, item, r.attempt)
      open = open + 1
    end
  end
  local items, pre = F.itemsAt(wf, k)
  call('HSET', items, pre .. 's' .. c, (string.gsub(statuses, '%.', 'r')))
  F.drop(wf, k .. ':' .. unit)
  F.move(wf, 'X', 'R', open, k)
  x.running, x.ready = x.running - open, x.ready + open
  F.putItems(wf, k, x)
  return 'O'
end

-- variables: field and value, alternating. shape: of a nested matrix, '' otherwise.
function F.storeExpansion(wf, k, variables, shape)
  local items, pre = F.itemsAt(wf, k)
  if pre ~= '' then for i = 1, #variables, 2 do variables[i] = pre .. variables[i] end end
  if #variables > 0 then F.sliced('HSET', items, variables) end
  if shape ~= '' then call('HSET', items, pre .. 'shape', shape) end
end

-- total, chunk, window, tolerated, failFast: items of which none has begun.
function F.takeItems()
  local total, chunk, window, tolerated, failFast = tonumber(take()), tonumber(take()), tonumber(take()), tonumber(take()), tonumber(take())
  return { total = total, chunk = chunk, next = 0, active = 0, ready = 0, running = 0, waiting = 0, completed = 0, failed = 0,
    tolerated = tolerated, failFast = failFast, window = window }
end

-- The claim that expands a node ends, and the node is its items, or its instances, from here on. O, or the code that refuses.
function F.beginItems(wf, k, unit, attempt, token, x, variables, shape)
  local r = F.record(wf, k)
  if r and r.status == 'E' and r.token == token then return 'D' end
  local code = F.guard(wf, k, r, attempt, token)
  if code ~= 'O' then return code end
  F.endClaim(wf, k, unit, r)
  r.status = 'E'
  F.save(wf, k, r)
  F.storeExpansion(wf, k, variables, shape)
  F.emit(wf, 'X ' .. k .. ' ' .. x.total)
  return 'O'
end

-- expand: total, chunk, window, tolerated, failFast, lane of the items, lane of the plan, shape or '', the task's compensation or ''
-- (include/compensate.lua), count + (v<chunk>, variables)
function F.expand(wf, k, unit, attempt, token)
  local x, lane, planLane, shape, owed, variables = F.takeItems(), take(), take(), take(), take(), takeList()
  local code = F.beginItems(wf, k, unit, attempt, token, x, variables, shape)
  if code ~= 'O' then return code end
  if owed ~= '' then F.mayOwe(wf, k, owed) end
  if x.total > 0 then
    F.move(wf, 'X', 'P', 1, k)
    wf.n[1] = wf.n[1] + x.total - 1
    wf.n[COUNT.P] = wf.n[COUNT.P] + x.total - 1
  end
  F.advanceItems(wf, k, x, lane, planLane)
  return 'O'
end

-- One item leaves its range for a unit of its own: to be retried (Y) or completed later (W).
function F.splitItem(wf, k, r, item, letter, delayMs, attempt, token, text)
  local field = k .. ':' .. item
  local next = letter == 'Y' and tostring(tonumber(attempt) + 1) or attempt
  local untilMs, due = F.waitEnd(wf, delayMs)
  local own = F.newRecord(wf, 'W', next, 'i')
  own.token, own.ready, own.started, own.worker, own.untilMs = token, r.ready, r.started, r.worker, untilMs
  F.save(wf, field, own)
  if letter == 'Y' then
    F.emit(wf, 'Y ' .. k .. ' ' .. item .. ' ' .. attempt .. ' ' .. due .. ' ' .. r.worker .. ' ' .. text)
    F.drop(wf, 'y' .. k .. ':' .. item)
    F.setTimer(wf, due, 'R ' .. wf.id .. ' ' .. k .. ' ' .. item .. ' ' .. next)
  else
    F.emit(wf, 'W ' .. k .. ' ' .. item .. ' ' .. attempt .. ' ' .. due)
    F.put(wf, 'y' .. k .. ':' .. item, text)
    local items, pre = F.itemsAt(wf, k)
    F.noteChild(items, pre .. 'w' .. item, text)
    if delayMs >= 0 then F.setTimer(wf, due, 'D ' .. wf.id .. ' ' .. k .. ' ' .. item .. ' ' .. token) end
  end
end

-- items: lane of the items, lane of the plan, count of values, then pieces of four: letter, offset in the chunk, count, text.
-- C: JSON list of `count` results. F: error JSON of one item. Y, W: count is a delay in ms, the text an error or a result.
function F.items(wf, k, unit, attempt, token)
  local lane, planLane, pieces = take(), take(), takeList()
  local r = F.record(wf, k .. ':' .. unit)
  local key, pre = F.itemsAt(wf, k)
  local node = F.record(wf, k)
  local x = node and F.readItems(wf, k)
  if not x then return 'S' end
  local c, first, count = F.spanOf(unit, x)
  local recorded = call('HGET', key, pre .. 'r' .. c)
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
      F.move(wf, r.status, 'W', 1, k)
      x[from] = x[from] - 1
      x.waiting, s[offset + 1] = x.waiting + 1, 'r'
    elseif letter == 'C' or letter == 'F' then
      local fresh = true
      for j = offset + 1, offset + n do fresh = fresh and s[j] == mine end
      if fresh then
        for j = offset + 1, offset + n do s[j] = letter end
        out[#out + 1] = string.sub(head(i), 2) .. r.started .. ' ' .. wf.at .. ' ' .. text
        F.emit(wf, 'I' .. letter .. ' ' .. k .. ' ' .. item .. ' ' .. n .. ' ' .. attempt .. ' ' .. r.worker .. (letter == 'F' and (' ' .. text) or ''), n)
        F.move(wf, r.status, letter, n, k)
        local counter = letter == 'C' and 'completed' or 'failed'
        x[counter], x[from], x.active, settled = x[counter] + n, x[from] - n, x.active - n, settled + n
      end
    end
  end
  local text = table.concat(s)
  if #out > 0 then
    local all = string.find(text, '[^C]') and text or 'C'
    call('HSET', key, pre .. 'r' .. c, (recorded and recorded .. '\n' or '') .. table.concat(out, '\n'), pre .. 's' .. c, all)
  elseif text ~= statuses then
    call('HSET', key, pre .. 's' .. c, text)
  end
  if own or not string.find(text, '.', 1, true) then
    F.endClaim(wf, k, unit, r)
    if not (own and s[first + 1] == 'r') then F.drop(wf, k .. ':' .. unit); F.drop(wf, 'y' .. k .. ':' .. unit) end
  end
  if wf.limits then F.freePlaces(wf, k, settled) end
  F.advanceItems(wf, k, x, lane, planLane)
  return 'O'
end
