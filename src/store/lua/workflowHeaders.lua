#!lua flags=allow-oom
-- Fields of many workflows' hashes in one text: a reply of its own for each field would cost the reader more than the fields do.
-- KEYS[1] timers
-- ARGV[1] prefix
-- ARGV[2] number of fields
-- ARGV[3..] the fields, then the workflows' ids
-- Returns: a JSON list per workflow, in order: values of the fields, false where there is none
-- Events: none
local call = redis.call
local headers, fields = {}, {}
local count = tonumber(ARGV[2])
for i = 1, count do fields[i] = ARGV[2 + i] end
for i = 3 + count, #ARGV do headers[#headers + 1] = call('HMGET', ARGV[1] .. 'w:' .. ARGV[i], unpack(fields)) end
return cjson.encode(headers)
