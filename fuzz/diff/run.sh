#!/bin/sh
# run.sh WEFT FUZZ_DIFF [options of fuzz_diff]: runs the same sequences natively and under weft, and
# shows the first one that differs: its code, and what of its final state is not the same.
# WEFT_OPTIONS holds options for `weft run`.
set -u
weft=$1
fuzz=$2
shift 2
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT

# Each run prints one digest a group; a run that dies still leaves those before.
"$fuzz" "$@" --digest-every 16 > "$dir/native" || { echo "run.sh: the native run failed"; exit 2; }
# shellcheck disable=SC2086
"$weft" run ${WEFT_OPTIONS:-} -- "$fuzz" "$@" --digest-every 16 > "$dir/weft"
status=$?
if [ $status -eq 0 ] && cmp -s "$dir/native" "$dir/weft"; then
  echo "identical: $(wc -l < "$dir/native") groups of 16 sequences"
  exit 0
fi

echo "run.sh: the run under weft differs (its status: $status)"
first=$(awk 'NR == FNR { seen[FNR] = $0; next } $0 != seen[FNR] { print $1; exit }' "$dir/weft" "$dir/native")
[ -n "$first" ] || exit 1
# One at a time, so that a sequence that kills the process is found as well.
index=$first
while [ "$index" -lt $((first + 16)) ]; do
  # Of options given twice the later one counts.
  "$fuzz" "$@" --first "$index" --count 1 --patience 20 --show > "$dir/native"
  # shellcheck disable=SC2086
  "$weft" run ${WEFT_OPTIONS:-} -- "$fuzz" "$@" --first "$index" --count 1 --patience 20 --show > "$dir/weft"
  status=$?
  if [ $status -ne 0 ] || ! cmp -s "$dir/native" "$dir/weft"; then
    echo "sequence $index (status $status):  $fuzz $* --first $index --count 1"
    "$fuzz" "$@" --first "$index" --count 1 --dump
    diff "$dir/native" "$dir/weft" | head -n 60
    exit 1
  fi
  index=$((index + 1))
done
echo "sequences $first..$((first + 15)) differ only when run together"
exit 1
