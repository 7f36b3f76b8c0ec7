#!lua flags=allow-oom
-- Claims ready units for a worker elsewhere, each with a token and a lease of its own, and at most one item in each.
-- Asked again with the same request it answers the same claims.
-- KEYS[1] tm
-- KEYS[2] rq:<request>
-- KEYS[3] wc:<worker>
-- ARGV[1] prefix
-- ARGV[2] worker
-- ARGV[3] want
-- ARGV[4] leaseMs
-- ARGV[5] retentionMs
-- ARGV[6] how long the request may be asked again, in ms
-- ARGV[7..] lanes to serve
-- Returns: now in ms, then one list per claim (include/claim.lua)
-- Events: WORKFLOW_STARTED TASK_STARTED
local prefix, retentionMs = ARGV[1], tonumber(ARGV[5])
--- @include base
--- @include lanes
--- @include workflow
--- @include items when used
--- @include rare when used
--- @include queues when used
--- @include limits when used
--- @include claim
--- @include takeApart
local worker, want, leaseMs, leaseKey = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), prefix .. 'lease'
local reply, tokens = { now }, {}

local first = call('GET', KEYS[2])
if first then
  for token in string.gmatch(first, '%d+') do reply[#reply + 1] = F.repeatClaim(token, leaseKey) end
  return reply
end

local function claim(entry)
  local token = F.mintToken(leaseKey)
  local described = { token }
  local unit = F.claimUnit(entry, token, worker, described)
  if not unit then return end
  call('HSET', leaseKey, token, worker .. '\n' .. unit)
  call('ZADD', prefix .. 'tm', now + leaseMs, 'L ' .. token)
  tokens[#tokens + 1] = token
  reply[#reply + 1] = described
end

for i = 7, #ARGV do
  while #tokens < want do
    local entry = call('LPOP', ARGV[i])
    if not entry then break end
    local entries, left = F.takeApart(entry) or { entry }, 1
    while left <= #entries and #tokens < want do
      claim(entries[left])
      left = left + 1
    end
    for back = #entries, left, -1 do call('LPUSH', ARGV[i], entries[back]) end
  end
end

if #tokens > 0 then
  call('PSETEX', KEYS[2], ARGV[6], table.concat(tokens, ' '))
  -- What the worker holds, to be counted by readers; of those that ended, at least as many go as come.
  for _, token in ipairs(call('SRANDMEMBER', KEYS[3], #tokens * 2)) do
    if call('HEXISTS', leaseKey, token) == 0 then call('SREM', KEYS[3], token) end
  end
  for _, token in ipairs(tokens) do call('SADD', KEYS[3], token) end
  call('PEXPIRE', KEYS[3], leaseMs * 4)
end
F.flushWorkflows()
return reply
