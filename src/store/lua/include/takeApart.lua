-- Takes the range of a lane's entry apart into units of one item, none of them lost, so that they can be claimed one by one.
-- Answers their entries; nil for what is claimed as it is: a plain task, a range with one item left to run, or whose items go
-- to the handler together, a stale entry.
function F.takeApart(entry)
  local id, k, unit, attempt, timeoutMs = string.match(entry, '^(%S+) (%S+) (%S+) (%d+) (%d+)$')
  if string.sub(unit, 1, 1) ~= 'r' then return nil end
  local wf = F.loadWorkflow(id)
  local r = wf and wf.open and F.record(wf, k .. ':' .. unit)
  if not r or r.status ~= 'R' or r.attempt ~= attempt then return nil end
  local x = F.readItems(wf, k)
  local c = F.spanOf(unit, x)
  local statuses = F.chunkStatuses(wf, k, c, x)
  local alone, open = string.gsub(statuses, '%.', 'r')
  local items, pre = F.itemsAt(wf, k)
  if open < 2 or call('HEXISTS', items, pre .. 'batch') == 1 then return nil end
  local entries = {}
  for i = 1, #statuses do
    if string.sub(statuses, i, i) == '.' then
      local item = tostring(c * x.chunk + i - 1)
      local own = F.newRecord(wf, 'R', r.attempt, 'i')
      own.losses, own.ready = r.losses, r.ready
      F.save(wf, k .. ':' .. item, own)
      entries[#entries + 1] = id .. ' ' .. k .. ' ' .. item .. ' ' .. attempt .. ' ' .. timeoutMs
    end
  end
  call('HSET', items, pre .. 's' .. c, alone)
  F.drop(wf, k .. ':' .. unit)
  return entries
end
