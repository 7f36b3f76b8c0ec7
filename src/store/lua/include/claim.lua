-- Claims: takes ready units from the lanes, mints one fencing token for all of them and records one lease.
-- Reply: token, then per unit: workflow, definition hash, task, unit, first item, its offset in its chunk, item count, attempt, phase, losses,
-- submission in ms, statuses of its items, variables of the items of its chunk (both empty for a plain task), attempts before retryWorkflow.

function F.describeClaim(reply, wf, k, unit, r, first, offset, count, statuses, variables)
  local n = #reply
  reply[n + 1], reply[n + 2], reply[n + 3], reply[n + 4] = wf.id, wf.hash, k, unit
  reply[n + 5], reply[n + 6], reply[n + 7] = first, offset, count
  reply[n + 8], reply[n + 9], reply[n + 10], reply[n + 11] = r.attempt, r.phase, r.losses, wf.sub
  reply[n + 12], reply[n + 13], reply[n + 14] = statuses, variables, F.base(wf, k)
end

-- A counter and the time: when the newest writes are lost the counter goes back with them, and a worker that runs what was lost
-- holds a token that nobody gets again.
function F.mintToken(leaseKey)
  return call('HINCRBY', leaseKey, 'n', 1) .. string.format('%04d', now % 10000)
end

function F.claimUnit(entry, token, worker, reply)
  local id, k, unit, attempt, timeoutMs = string.match(entry, '^(%S+) (%S+) (%S+) (%d+) (%d+)$')
  local wf = F.loadWorkflow(id)
  if not wf or not wf.open then return nil end
  local field = unit == '-' and k or (k .. ':' .. unit)
  local r = F.record(wf, field)
  if not r or r.status ~= 'R' or r.attempt ~= attempt then return nil end
  -- Paused: nothing starts but the collecting of items that have all ended, which belongs to what ran.
  if wf.st == 'H' and r.phase ~= 'c' and r.phase ~= 'j' then return nil end
  if wf.st == 'P' then F.startWorkflow(wf) end
  r.status, r.token, r.worker = 'X', token, worker
  if r.phase ~= 'c' and r.phase ~= 'j' then r.started = wf.at end
  local timed = timeoutMs ~= '0' and (r.phase == 'p' or r.phase == 'i')
  if timed then
    r.untilMs = wf.at + tonumber(timeoutMs)
    F.addTimer(now + tonumber(timeoutMs), 'T ' .. id .. ' ' .. k .. ' ' .. unit .. ' ' .. token)
  end
  F.save(wf, field, r)
  if wf.limits and (r.phase == 'p' or r.phase == 'i') then F.startBeat(wf, k, unit, token) end
  local first, offset, count, statuses, variables = 0, 0, 0, '', ''
  if r.phase == 'i' then
    local x = F.readItems(wf, k)
    first, offset, count, statuses, variables = F.describeItems(wf, k, unit, x)
    local open = F.emitStarted(wf, k, unit, x, statuses, attempt, worker)
    x.ready, x.running = x.ready - open, x.running + open
    F.putItems(wf, k, x)
    F.move(wf, 'R', 'X', open, k)
  elseif r.phase == 'p' or r.phase == 'x' then
    F.emit(wf, 'S ' .. k .. ' - 1 ' .. attempt .. ' ' .. worker)
    F.move(wf, 'R', 'X', 1, k)
  end
  F.describeClaim(reply, wf, k, unit, r, first, offset, count, statuses, variables)
  return id .. ' ' .. k .. ' ' .. unit, count
end

-- request is `<slot>.<number>`: a worker has as many requests under way as it has slots.
function F.claimUnits(worker, request, want, leaseMs, serve)
  local reply = { '0' }
  if want <= 0 then return reply end
  local leaseKey, workerKey = prefix .. 'lease', prefix .. 'wk:' .. worker
  local slot = string.match(request, '^(%d+)%.')
  local last = call('HMGET', workerKey, 'r' .. slot, 't' .. slot)
  if last[1] == request then return F.repeatClaim(last[2], leaseKey) end
  local taken, token, budget = {}, nil, want
  -- Takes entries while there is room; answers the position of the first that was left.
  local function take(entries, itemsPerSlot)
    for i, entry in ipairs(entries) do
      if budget <= 0 then return i end
      token = token or F.mintToken(leaseKey)
      local unit, items = F.claimUnit(entry, token, worker, reply)
      if unit then
        taken[#taken + 1] = unit
        budget = budget - math.max(1, math.ceil(items / itemsPerSlot))
      end
    end
    return #entries + 1
  end
  -- Most lanes are empty: how many are not is asked in one call.
  local lanes = {}
  for i = 1, #serve, 2 do lanes[#lanes + 1] = serve[i] end
  local filled = #lanes > 0 and call('EXISTS', unpack(lanes)) or 0
  for i = 1, #serve, 2 do
    local lane, itemsPerSlot, isEmpty = serve[i], tonumber(serve[i + 1]), true
    while filled > 0 and budget > 0 do
      local entries = call('LPOP', lane, budget)
      if not entries or #entries == 0 then break end
      isEmpty = false
      local left = take(entries, itemsPerSlot)
      for back = #entries, left, -1 do call('LPUSH', lane, entries[back]) end
    end
    if not isEmpty then filled = filled - 1 end
    local fresh = pushed[lane]
    if fresh and budget > 0 then
      local left = take(fresh, itemsPerSlot)
      local rest = {}
      for i = left, #fresh do rest[#rest + 1] = fresh[i] end
      pushed[lane] = #rest > 0 and rest or nil
    end
    if budget <= 0 then break end
  end
  if #taken > 0 then
    reply[1] = token
    local lease = worker .. '\n' .. table.concat(taken, '\n')
    -- Without a count it is a lease of one.
    if #taken == 1 then call('HSET', leaseKey, token, lease) else call('HSET', leaseKey, token, lease, token .. 'n', #taken) end
    call('ZADD', prefix .. 'tm', now + leaseMs, 'L ' .. token)
    -- Extended by heartbeats too; should it expire in between, the next claim makes it again.
    if call('HSET', workerKey, 'r' .. slot, request, 't' .. slot, token) > 0 then call('PEXPIRE', workerKey, leaseMs * 4) end
  end
  return reply
end

-- A unit that is no longer run under a token; the lease goes with the last of them.
function F.releaseClaims(counts)
  for token, count in pairs(counts) do
    local leaseKey = prefix .. 'lease'
    if call('HINCRBY', leaseKey, token .. 'n', -count) <= 0 then
      call('HDEL', leaseKey, token, token .. 'n')
      call('ZREM', prefix .. 'tm', 'L ' .. token)
    end
  end
end
