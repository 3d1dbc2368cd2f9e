-- Kernels for LuaJIT: kernels.lua NAME SIZE.
local kernels = {}

function kernels.recursion(size)
  local function fibonacci(n)
    if n < 2 then return n end
    return fibonacci(n - 1) + fibonacci(n - 2)
  end
  local sum = 0
  for _ = 1, size do sum = sum + fibonacci(24) end
  return sum
end

local seed = 42
local function random(n)
  seed = (seed * 16807) % 2147483647
  return seed % n
end

function kernels.maps(size)
  local counts, sum = {}, 0
  for i = 1, size * 10000 do
    local key = "key " .. random(5000)
    counts[key] = (counts[key] or 0) + i
  end
  for _, value in pairs(counts) do sum = sum + value end
  return sum
end

function kernels.sorting(size)
  local sum = 0
  for _ = 1, size do
    local list = {}
    for i = 1, 5000 do list[i] = random(1000000) end
    table.sort(list, function(a, b) return a < b end)
    sum = sum + list[1] + list[5000]
  end
  return sum
end

function kernels.strings(size)
  local sum = 0
  for round = 1, size do
    local parts = {}
    for i = 1, 500 do parts[i] = "item " .. i * round .. ";" end
    local text = table.concat(parts)
    for word in text:gmatch("%d+") do sum = sum + #word end
    sum = sum + #text:gsub("item", "thing"):upper()
  end
  return sum
end

function kernels.allocation(size)
  local function tree(depth)
    if depth == 0 then return {} end
    return {tree(depth - 1), tree(depth - 1)}
  end
  local function count(node)
    if not node[1] then return 1 end
    return 1 + count(node[1]) + count(node[2])
  end
  local sum = 0
  for _ = 1, size do sum = sum + count(tree(12)) end
  return sum
end

print(kernels[arg[1]](tonumber(arg[2])))
