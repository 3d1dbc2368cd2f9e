# needs: gzip
# A round trip through gzip -nk: the compressed bytes and the result are the same.
i=0; while [ $i -lt 20 ]; do seq $i 3000; i=$((i + 1)); done > data
gzip -nk data && sha256sum data.gz; gzip -nk -t data.gz > /dev/null 2>&1; mv data original; gzip -d  data.gz && cmp data original && ls -l data | cut -d' ' -f5
printf 'not compressed' > bad.gz; gzip -d bad.gz; echo $?
