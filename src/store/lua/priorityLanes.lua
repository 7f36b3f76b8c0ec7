#!lua flags=allow-oom
-- The lanes with a priority or a flow that hold something; others that are found empty are struck off. Looks at a bounded number of lanes.
-- KEYS[1] lanes
-- ARGV[1] prefix
-- ARGV[2] lanes to look at
-- Returns: their names, without the prefix of lanes
-- Events: none
local call = redis.call
local names = {}
for _, lane in ipairs(call('SRANDMEMBER', KEYS[1], ARGV[2])) do
  if string.find(lane, '[#!%%]') then
    if call('LLEN', lane) == 0 then call('SREM', KEYS[1], lane) else names[#names + 1] = string.sub(lane, #ARGV[1] + 3) end
  end
end
return names
