# Everyday commands and their statuses.
seq 1 1000 > numbers; wc numbers; sort -rn numbers | head -5; sort -R --random-source=/dev/zero numbers | sort -n | tail -3
ls -1 | sort; cat numbers | tail -n 3 | tac; cut -c1-2 numbers | uniq -c | sort -k1,1nr -k2,2n | head -5; tr 0-9 a-j < numbers | md5sum
sha256sum numbers; sha512sum numbers | cut -c1-20; cksum numbers; base64 numbers | tail -2; od -An -tx1 numbers | head -2
cp numbers copy; cmp numbers copy; echo $?; echo x >> copy; cmp numbers copy; echo $?; diff numbers copy; echo $?
mkdir -p a/b/c; touch a/b/c/file; find a | sort; rm -r a; test -d a; echo $?; ln -s numbers link; readlink link; stat -c '%s %F' link numbers
date -u -d @0; expr 6 '*' 7; factor 1234567890123; printf '%05.2f|%-5s|%x\n' 3.14159 ab 255; basename /a/b/c.txt .txt; dirname /a/b/c
join numbers numbers | tail -1; paste -sd+ numbers | cut -c1-30; comm -12 numbers copy 2>/dev/null | wc -l; split -n 3 numbers part.; ls part.*
env -i A=1 env; echo hello | tee t1 > t2; cat t1 t2; nl t1; fold -w 10 numbers | head -2 >/dev/null; shuf -i 1-10 | sort -n | tr '\n' ' '; echo
true; echo $?; false; echo $?; timeout 1 sleep 5; echo $?; nice -n 5 nice; uname -s; id -u; dd if=/dev/zero bs=1000 count=10 2>/dev/null | wc -c
truncate -s 12345 sparse; du -b sparse; chmod 640 sparse; stat -c %a sparse; xargs -n 3 echo < t1; yes | head -3; numfmt --to=iec 123456789; csplit -s numbers 500; wc -l xx*
