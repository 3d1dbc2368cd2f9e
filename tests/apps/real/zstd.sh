# needs: zstd
# A round trip through zstd -qk: the compressed bytes and the result are the same.
i=0; while [ $i -lt 20 ]; do seq $i 3000; i=$((i + 1)); done > data
zstd -qk data && sha256sum data.zst; zstd -qk -t data.zst > /dev/null 2>&1; mv data original; zstd -d -q data.zst && cmp data original && ls -l data | cut -d' ' -f5
printf 'not compressed' > bad.zst; zstd -d bad.zst; echo $?
