-- Opens tasks of an ended workflow again: from their beginning, or, when they have items, those of them that did not complete.

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

function F.reopenItems(wf, k, r, group, lane, planLane)
  local x = F.readItems(wf, k)
  if x.total == 0 then
    F.move(wf, r.status, 'X', 1, k)
  else
    F.move(wf, 'F', 'P', x.failed, k)
    F.move(wf, 'K', 'P', x.total - x.completed - x.failed, k)
    F.reopenChunks(wf, k, x)
  end
  x.next, x.active, x.ready, x.running, x.waiting, x.failed = 0, 0, 0, 0, 0, 0
  r.status, r.token, r.finished, r.phase = 'E', '0', '0', 'x'
  F.save(wf, k, r)
  F.startGroups(wf, group, F.suffixOf(k))
  F.emit(wf, 'R ' .. k)
  F.advanceItems(wf, k, x, lane, planLane)
end

-- open: how many things it waits for; '' when the plan says as much.
function F.reopenTask(wf, k, r, phase, group, lane, open, attempt)
  F.move(wf, r.status, 'P', 1, k)
  F.drop(wf, k)
  if attempt ~= '' then
    local history = F.get(wf, 'h' .. k)
    F.put(wf, 'h' .. k, (history and history .. '\n' or '') .. attempt)
  end
  if open == '0' then F.readyTask(wf, k, group, lane, phase, F.suffixOf(k))
  elseif open ~= '' then F.put(wf, 'o' .. k, open) end
end

-- phase: p or x to begin again, i for its items. lane: of the phase; of items, where their output is collected behind it, if
-- that is not the plan's own. base: attempts before, from which the next one counts on.
function F.reopen(wf, k, phase, base, group, lane, open, attempt, planLane)
  local r = F.record(wf, k)
  F.put(wf, 'b' .. k, base)
  for _, kind in ipairs({ 'e', 'r', 'y', 'p', 'o' }) do F.drop(wf, kind .. k) end
  local itemLane, ownPlanLane = string.match(lane, '^(%S+) ?(%S*)$')
  if phase == 'i' then F.reopenItems(wf, k, r, group, itemLane, ownPlanLane ~= '' and ownPlanLane or planLane)
  else F.reopenTask(wf, k, r, phase, group, lane, open, attempt) end
end
