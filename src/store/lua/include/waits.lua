-- Units that wait, come back, or tell how far they are: retries, delays, hand-backs, progress.

-- retry: delayMs, what failed (a line of JSON for the history)
function F.retry(wf, k, unit, attempt, token)
  local delayMs, err = tonumber(take()), take()
  local r = F.record(wf, k)
  local code = F.guard(wf, k, r, attempt, token)
  if code ~= 'O' then return code end
  F.endClaim(wf, k, unit, r)
  F.move(wf, r.status, 'W', 1, k)
  -- A result that waited for its time was refused when it came.
  if r.status == 'W' then F.drop(wf, 'y' .. k) end
  local history = F.get(wf, 'h' .. k)
  F.put(wf, 'h' .. k, (history and history .. '\n' or '') .. r.started .. ' ' .. wf.at .. ' ' .. r.worker .. ' ' .. err)
  F.emit(wf, 'Y ' .. k .. ' - ' .. attempt .. ' ' .. (now + delayMs) .. ' ' .. r.worker .. ' ' .. err)
  r.status, r.attempt, r.untilMs, r.losses = 'W', tostring(tonumber(attempt) + 1), wf.at + delayMs, '0'
  F.save(wf, k, r)
  F.drop(wf, 'y' .. k)
  F.setTimer(wf, now + delayMs, 'R ' .. wf.id .. ' ' .. k .. ' - ' .. r.attempt)
  return 'O'
end

-- When a wait ends: in ms since submission for the record, as a time for the event. A wait for a signal may have no end (-1).
function F.waitEnd(wf, delayMs)
  if delayMs < 0 then return '0', '-' end
  return wf.at + delayMs, now + delayMs
end

-- wait: delayMs or -1, the result to record when it is over, or what it waits for (engine/signals.ts)
function F.wait(wf, k, unit, attempt, token)
  local delayMs, result = tonumber(take()), take()
  local r = F.record(wf, k)
  local code = F.guard(wf, k, r, attempt, token)
  if code ~= 'O' then return code end
  if r.status == 'W' then return 'D' end
  F.endClaim(wf, k, unit, r)
  F.move(wf, 'X', 'W', 1, k)
  local untilMs, due = F.waitEnd(wf, delayMs)
  r.status, r.untilMs = 'W', untilMs
  F.save(wf, k, r)
  F.put(wf, 'y' .. k, result)
  F.noteChild(wf.w, 'w' .. k, result)
  F.emit(wf, 'W ' .. k .. ' - ' .. attempt .. ' ' .. due)
  if delayMs >= 0 then F.setTimer(wf, due, 'D ' .. wf.id .. ' ' .. k .. ' - ' .. token) end
  return 'O'
end

-- How many items of a unit are still its own to run.
function F.openItems(wf, k, unit, r)
  if r.phase ~= 'i' then return (r.phase == 'p' or r.phase == 'x') and 1 or 0 end
  local x = F.readItems(wf, k)
  local c, first, count = F.spanOf(unit, x)
  if string.sub(unit, 1, 1) ~= 'r' then return 1, x end
  local _, open = string.gsub(string.sub((F.chunkStatuses(wf, k, c, x)), first + 1, first + count), '%.', '')
  return open, x
end
function F.toReady(wf, k, unit, r, lane, from)
  local open, x = F.openItems(wf, k, unit, r)
  F.move(wf, from, 'R', open, k)
  if x then
    local key = from == 'W' and 'waiting' or 'running'
    x[key], x.ready = x[key] - open, x.ready + open
    F.putItems(wf, k, x)
  end
  r.status, r.token, r.untilMs = 'R', '0', '0'
  F.save(wf, F.unitField(k, unit), r)
  F.pushUnit(wf, lane, k, unit, r.attempt)
end

-- requeue: lane, 1 when the worker was lost (0: handed back)
function F.requeue(wf, k, unit, attempt, token)
  local lane, lost = take(), take()
  local r = F.record(wf, F.unitField(k, unit))
  if not r or not wf.open or r.status ~= 'X' or r.token ~= token then return 'S' end
  F.endClaim(wf, k, unit, r)
  r.losses = r.losses + tonumber(lost)
  F.toReady(wf, k, unit, r, lane, 'X')
  return 'O'
end

-- ready: lane. A retry's delay is over. What waits for a result is no retry: the timer was of an attempt before retryWorkflow.
function F.ready(wf, k, unit, attempt)
  local lane, field = take(), F.unitField(k, unit)
  local r = F.record(wf, field)
  if not r or not wf.open or r.status ~= 'W' or r.attempt ~= attempt or F.get(wf, 'y' .. field) then return 'S' end
  F.toReady(wf, k, unit, r, lane, 'W')
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
  local r = F.record(wf, F.unitField(k, unit))
  if not r or not wf.open or r.status ~= 'X' or r.token ~= token then return 'S' end
  if F.isRepeated() then return 'D' end
  if wf.limits then F.putOffBeat(wf, k, unit, token) end
  if offset == '-' then F.put(wf, 'p' .. k, now .. ' ' .. text) end
  F.emit(wf, 'P ' .. k .. ' ' .. offset .. ' ' .. attempt .. ' ' .. text)
  return 'O'
end

-- alive: the handler of an attempt says that it is at work.
function F.alive(wf, k, unit, attempt, token)
  local r = F.record(wf, F.unitField(k, unit))
  if not r or not wf.open or r.status ~= 'X' or r.token ~= token then return 'S' end
  if wf.limits then F.putOffBeat(wf, k, unit, token) end
  return 'O'
end
