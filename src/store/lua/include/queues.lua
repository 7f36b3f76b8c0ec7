-- What only workflows with a priority, or with tasks in other queues than the default one, need. Their header says so in `ln`:
-- ` p=<priority>`, then ` <task>=<queue>` for each such task.

function F.readLanes(wf, text)
  wf.priority = string.match(text, ' p=(%-?%d+)')
  if string.find(text, ' %d+=') then wf.queues = text end
end

-- A task of a group's instance is in the queue of the task.
function F.moveInQueue(wf, from, to, count, k)
  local queue = string.match(wf.queues, ' ' .. string.match(k, '^%d+') .. '=(%S+)')
  if not queue or count == 0 then return end
  -- One that a limit holds is ready too.
  if from == 'Q' then from = 'R' end
  wf.moved = wf.moved or {}
  local fromField, toField = from .. '@' .. queue, to .. '@' .. queue
  wf.moved[fromField] = (wf.moved[fromField] or 0) - count
  wf.moved[toField] = (wf.moved[toField] or 0) + count
end

function F.flushQueues(moved)
  for field, change in pairs(moved) do
    if change ~= 0 and string.find(field, '^[RXW]@') then call('HINCRBY', prefix .. 'load', field, change) end
  end
end
