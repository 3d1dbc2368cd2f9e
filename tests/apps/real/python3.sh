# needs: python3
# The Debian python3: arithmetic, strings, json, threads, subprocesses, exceptions, signals.
P=/usr/bin/python3
$P -c 'print(sum(i * i for i in range(200000)), 2 ** 1000 % 10 ** 20, "%.15g" % sum(1 / n for n in range(1, 5000)))'
$P -c 'import json, re, hashlib; d = {str(i): [i, i / 7] for i in range(2000)}; s = json.dumps(d); print(hashlib.sha1(s.encode()).hexdigest(), json.loads(s) == d, len(re.findall(r"\d+\.\d+", s)))'
$P -c 'import threading; n = []; ts = [threading.Thread(target=lambda i=i: n.append(i)) for i in range(50)]; [t.start() for t in ts]; [t.join() for t in ts]; print(sorted(n) == list(range(50)))'
$P -c 'import subprocess; print(subprocess.run(["sh", "-c", "echo out; exit 3"], capture_output=True)); print(subprocess.run(["true"]).returncode)
try: subprocess.run(["/nonexistent"])
except FileNotFoundError as e: print(e)'
$P -c 'import os, signal; signal.signal(signal.SIGUSR1, lambda *a: print("usr1")); os.kill(os.getpid(), signal.SIGUSR1); p = os.fork(); os._exit(5) if p == 0 else print(os.waitpid(p, 0)[1])'
$P -c 'raise SystemExit(7)'; echo $?; $P -c '1/0' 2>&1 | tail -1; echo 'print(input()[::-1])' > r.py; echo hello | $P r.py
$P -c 'import sys; sys.setrecursionlimit(20000); f = lambda n: 0 if n == 0 else 1 + f(n - 1); print(f(5000)); import sqlite3, zlib, decimal; print(zlib.crc32(b"x" * 100000), decimal.Decimal(2).sqrt())'
$P -c 'import ctypes; CB = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int)); a = (ctypes.c_int * 9)(5, 3, 9, 1, 7, 2, 8, 6, 4); ctypes.CDLL(None).qsort(a, 9, 4, CB(lambda x, y: x[0] - y[0])); print(list(a))'
