# needs: mawk
# grep, sed, awk in their usual ways.
seq 1 2000 | grep -c 7; seq 1 2000 | grep -E '^(1|2)[0-9]{2}$' | tail -2; echo "The quick brown fox" | sed -E 's/(\w+) (\w+)/\2 \1/; y/abc/xyz/'
seq 1 20 | sed -n '5,7p;$p'; mawk 'BEGIN { for (i = 0; i < 200000; ++i) s += i % 7; print s; printf "%s %d\n", toupper("abc"), length("hello") }'
seq 1 1000 | mawk '{ a[$1 % 10] += $1 } END { for (i = 0; i < 10; ++i) print i, a[i] }'; echo "a,b;c" | mawk -F'[,;]' '{ print $3, $1 }'; seq 3 | grep 9; echo $?
