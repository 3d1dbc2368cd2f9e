-- Recursion, table sort with a comparison function, string building and matching.
local rounds = tonumber(arg[1])

local function fibonacci(n)
  if n < 2 then return n end
  return fibonacci(n - 1) + fibonacci(n - 2)
end

local seed = 42
local function random(n)
  seed = (seed * 16807) % 2147483647
  return seed % n
end

local sum, bytes = 0, 0
for round = 1, rounds do
  sum = sum + fibonacci(22)
  local values = {}
  for i = 1, 8000 do values[i] = random(1000000) end
  table.sort(values, function(a, b) return a > b end)
  sum = sum + values[1] + values[4000]
  local parts = {}
  for i = 1, 2000 do parts[#parts + 1] = string.format("%d-%s", values[i], i % 2 == 0 and "even" or "odd") end
  local text = table.concat(parts, ",")
  for number, kind in text:gmatch("(%d+)-(%a+)") do
    if kind == "even" then bytes = bytes + #number end
  end
end
print(sum, bytes)
