-- What can become of a unit: one function per kind, each with its own arguments after (kind, workflow, task, unit,
-- attempt, token). `ended` counts, per token, the units that no longer run under it.
local ended = {}
function F.endClaim(wf, k, unit, r)
  if r.status ~= 'X' or r.token == '0' then return end
  ended[r.token] = (ended[r.token] or 0) + 1
  if r.untilMs ~= '0' then call('ZREM', prefix .. 'tm', 'T ' .. wf.id .. ' ' .. k .. ' ' .. unit .. ' ' .. r.token) end
  if wf.limits then F.endBeat(wf, k, unit, r.token) end
end
local FINAL = { C = true, F = true, S = true, T = true }

-- Whether this outcome may change the unit: it runs (or waits) under that very token.
function F.guard(wf, k, r, attempt, token)
  if not r then return F.guardPacked(wf, k, token) end
  if FINAL[r.status] or r.attempt ~= attempt then return r.token == token and 'D' or 'S' end
  if not wf.open or r.token ~= token or not (r.status == 'X' or r.status == 'W') then return 'S' end
  return 'O'
end
-- A task fails what it stands in: the workflow, whose error is the first one, or its instance.
function F.fails(wf, k, suffix, err)
  if suffix ~= '' then F.failInstance(wf, k, suffix, err)
  elseif not F.get(wf, 'bad') then F.put(wf, 'bad', err) end
end
function F.unitField(k, unit) return unit == '-' and k or (k .. ':' .. unit) end

-- Whether the last that was told of as done was recorded: what ran ahead of that follows from it.
local follows = false
-- done: letter (C F T S), error JSON or '', 1 when it fails the workflow, 1 when the rest is cancelled (g: the rest of a group, which follows), group, result kept
-- outside the context or '', route, count + (context key, value; '' when the key is combined of its writers' results), and for g
-- count + tasks as include/cut.lua wants them. unit is ! for a task whose time is over; then the token is its deadline.
function F.done(wf, k, unit, attempt, token, lane)
  local letter, err, bad, cancelRest, group, result, route, writes = take(), take(), take(), take(), take(), take(), take(), takeList()
  local cut = cancelRest == 'g' and takeList()
  local r = F.record(wf, k)
  local late = unit == '!'
  local code
  if late then code = F.overdue(wf, k, r, token, err)
  elseif lane then code = F.startRan(wf, k, r, attempt, token, lane)
  else code = F.guard(wf, k, r, attempt, token) end
  follows = code ~= 'S'
  if code ~= 'O' then return code end
  if late then unit, attempt = '-', r.attempt end
  if not lane then F.endClaim(wf, k, unit, r) end
  -- What its worker still sends is not what was recorded.
  if late then r.token = '0' end
  local suffix, x = F.suffixOf(k), r.phase == 'c' and F.readItems(wf, k)
  if r.phase == 'g' then F.move(wf, 'P', late and 'T' or 'S', F.tasksInside(wf, k), k)
  elseif r.phase ~= 'j' and (not x or x.total == 0) then F.move(wf, r.status, letter, 1, k) end
  if r.status == 'W' then
    if letter == 'T' or late then F.abandonChild(wf, F.get(wf, 'y' .. k)) end
    F.drop(wf, 'y' .. k)
  end
  local freed = wf.limits and F.placesOf(r) or 0
  r.status, r.finished = letter, wf.at
  F.save(wf, k, r)
  if err ~= '' then F.put(wf, 'e' .. k, err) end
  if result ~= '' then F.put(wf, 'r' .. k, result) end
  if letter == 'S' then F.emit(wf, 'K ' .. k .. ' ' .. err)
  else F.emit(wf, letter .. ' ' .. k .. ' - 1 ' .. attempt .. ' ' .. r.worker .. (err ~= '' and (' ' .. err) or '')) end
  if #writes > 0 then
    local context, path = suffix == '' and wf.context or wf.inner, suffix == '' and '' or (string.sub(suffix, 2) .. '/')
    for i = 1, #writes, 2 do
      local n = #context
      if writes[i + 1] ~= '' then context[n + 1], context[n + 2] = path .. writes[i], writes[i + 1] end
    end
    -- What an instance writes stays in it.
    if suffix == '' then F.emit(wf, 'U ' .. k) end
  end
  -- A compensation stands in no group; the workflow waits for it also where its task is in an instance.
  if suffix == '' or group == '' then wf.left = wf.left - 1 end
  if wf.limits then F.endLimited(wf, k, freed) end
  if bad == '1' then F.fails(wf, k, suffix, err) end
  if r.phase == 'j' then F.dropGroupFields(wf, k) end
  -- Before the end of its groups, which may pack its instance, and cancel others.
  if string.byte(route) == 99 then F.oweFirst(wf, k, route) end
  F.leaveGroups(wf, group, bad == '1', suffix)
  F.follow(wf, route, suffix)
  if cancelRest == '1' then
    F.cancelOpenTasks(wf)
    F.recall(wf)
  elseif cut then F.cutTasks(wf, 'K', cut, suffix) end
  return 'O'
end

-- A task that nobody has claimed: the worker of the one that is told of before it went on with it, before that was recorded. It starts here,
-- unless somebody else has it or nobody may. worker/RunAhead.ts says for which tasks that makes no difference.
function F.startRan(wf, k, r, attempt, token, lane)
  if not follows or not r then return 'S' end
  if FINAL[r.status] and r.token == token then return 'D' end
  if r.status ~= 'R' or r.attempt ~= attempt or r.losses ~= '0' or wf.st ~= 'R' then return 'S' end
  r.status, r.token, r.worker, r.started = 'X', token, ARGV[2], wf.at
  F.unpushUnit(wf, lane, k)
  F.emit(wf, 'S ' .. k .. ' - 1 ' .. attempt .. ' ' .. r.worker)
  F.move(wf, 'R', 'X', 1, k)
  return 'O'
end
-- ran: lane, and what done takes.
function F.ran(wf, k, unit, attempt, token)
  local lane = take()
  return F.done(wf, k, unit, attempt, token, lane)
end

-- What a workflow that is gone reads as: arguments are taken all the same, so that the next outcome starts in its place.
local GONE = { id = '', w = prefix .. 'w:', open = false, set = {}, records = {}, groups = {}, items = {}, at = 0 }
function F.applyOutcome(kind, wf, k, unit, attempt, token)
  return F[kind](wf or GONE, k, unit, attempt, token)
end
