#!lua flags=allow-oom
-- Claims ready units for a worker. Asked again with the same request it answers the same claims.
-- KEYS[1] tm
-- ARGV[1] prefix
-- ARGV[2] worker
-- ARGV[3] request
-- ARGV[4] want
-- ARGV[5] leaseMs
-- ARGV[6] retentionMs
-- ARGV[7..] lanes to serve: key, items per slot
-- Returns: claims (include/claim.lua)
-- Events: WORKFLOW_STARTED TASK_STARTED
local prefix, retentionMs = ARGV[1], tonumber(ARGV[6])
--- @include base
--- @include lanes
--- @include workflow
--- @include items when used
--- @include rare when used
--- @include queues when used
--- @include limits when used
--- @include claim
local serve = {}
for i = 7, #ARGV do serve[#serve + 1] = ARGV[i] end
local reply = F.claimUnits(ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), serve)
F.flushWorkflows()
return reply
