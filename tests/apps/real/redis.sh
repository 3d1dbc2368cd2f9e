# needs: redis-server redis-cli redis-benchmark
# A server with background saves (fork) and its clients; every command of its benchmark.
redis-server --port 0 --unixsocket "$PWD/socket" --save "" --dir "$PWD" --io-threads 2 >log 2>&1 &
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  redis-cli -s socket ping 2>/dev/null && break
  sleep 0.2
done
redis-cli -s socket set key value
redis-cli -s socket eval 'local n = 0 for i = 1, 1000 do n = n + i end return n' 0
redis-cli -s socket debug sleep 0.01
redis-benchmark -s socket -n 50 -c 5 --csv 2>/dev/null | cut -d, -f1
redis-cli -s socket save
redis-cli -s socket bgsave
sleep 0.3
redis-cli -s socket dbsize
redis-cli -s socket shutdown nosave
wait $!
echo "server: $?"
