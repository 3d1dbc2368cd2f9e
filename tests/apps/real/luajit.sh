# needs: luajit
# The interpreter alone and the JIT compiler: the same sums.
cat > f.lua <<'LUA'
local t, s = {}, 0
for i = 1, 200000 do t[i % 1000] = (t[i % 1000] or 0) + i % 7; s = s + (i * i) % 11 end
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print(s, fib(22), #t, ("x"):rep(5), string.format("%.10g", math.sin(1)), pcall(error, "e"))
local co = coroutine.wrap(function() for i = 1, 1000 do coroutine.yield(i) end end)
local c = 0 for i = 1, 1000 do c = c + co() end print(c)
LUA
luajit -joff f.lua; luajit f.lua; luajit -e 'error("bad")' 2>&1 | head -1; luajit -e 'os.exit(6)'; echo $?
