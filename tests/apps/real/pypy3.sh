# needs: pypy3
# The interpreter alone and the JIT compiler: the same sums.
cat > f.py <<'PY'
import sys, threading
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
counts, state = {}, 0
for i in range(int(sys.argv[1])):
    counts[i % 1013] = counts.get(i % 1013, 0) + i % 7
    state = (state * 31 + i) & 0xFFFFFFFF
class Counter:
    def __init__(self, start):
        self.value = start
    def next(self):
        return self.value + 1
results = [0] * 4
def work(number):
    results[number] = sum(Counter(i).next() for i in range(2000 * number))
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(fib(15), sum(counts.values()), state, results)
try:
    None.missing
except AttributeError as error:
    print(type(error).__name__)
PY
pypy3 --jit off f.py 20000; pypy3 f.py 100000; pypy3 -c 'raise SystemExit(6)'; echo $?
