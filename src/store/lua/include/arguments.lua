-- Reads ARGV from front to back; the script sets `at` to where it starts.
local at = 2
local function take() at = at + 1; return ARGV[at - 1] end
local function takeList()
  local list, size = {}, tonumber(take())
  for i = 1, size do list[i] = take() end
  return list
end
