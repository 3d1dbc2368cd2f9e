# needs: bzip2
# A round trip through bzip2 -k: the compressed bytes and the result are the same.
i=0; while [ $i -lt 20 ]; do seq $i 3000; i=$((i + 1)); done > data
bzip2 -k data && sha256sum data.bz2; bzip2 -k -t data.bz2 > /dev/null 2>&1; mv data original; bzip2 -d  data.bz2 && cmp data original && ls -l data | cut -d' ' -f5
printf 'not compressed' > bad.bz2; bzip2 -d bad.bz2; echo $?
