#!lua flags=allow-oom
-- Fields of many workflows' hashes in one text: a reply of its own for each field would cost the reader more than the fields do.
-- KEYS[1] timers
-- ARGV[1] prefix
-- ARGV[2] number of fields
-- ARGV[3..] the fields, then pairs: a workflow's id, and the version of its header that the reader has, or nothing
-- Returns: a JSON list with an entry per workflow, in order: 1 where that version (status, seq and end) still holds, or a list of the values of
--   the fields, false where there is none
-- Events: none
local call = redis.call
local headers, fields = {}, {}
local count = tonumber(ARGV[2])
for i = 1, count do fields[i] = ARGV[2 + i] end
for i = 3 + count, #ARGV, 2 do
  local key, known, answer = ARGV[1] .. 'w:' .. ARGV[i], ARGV[i + 1], nil
  if known ~= '' then
    local h = call('HMGET', key, 'st', 'seq', 'fin')
    if h[3] and h[1] .. ' ' .. h[2] .. ' ' .. h[3] == known then answer = 1 end
  end
  headers[#headers + 1] = answer or call('HMGET', key, unpack(fields))
end
return cjson.encode(headers)
