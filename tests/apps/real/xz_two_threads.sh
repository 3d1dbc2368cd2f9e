# needs: xz
# A round trip through xz -k -T2: the compressed bytes and the result are the same.
i=0; while [ $i -lt 20 ]; do seq $i 3000; i=$((i + 1)); done > data
xz -k -T2 data && sha256sum data.xz; xz -k -T2 -t data.xz > /dev/null 2>&1; mv data original; xz -d  data.xz && cmp data original && ls -l data | cut -d' ' -f5
printf 'not compressed' > bad.xz; xz -d bad.xz; echo $?
