#!/bin/sh
# usage: hangs.sh COMMAND...: sends it SIGTERM when it has come to hang, and says how it ended.
output=$(mktemp)
trap 'cat "$output"; rm -f "$output"' EXIT
"$@" >"$output" 2>&1 &
child=$!
until grep -q started "$output" || ! kill -0 "$child"; do sleep 0.1; done
sleep 1
kill -TERM "$child"
wait "$child"
echo "ended $?" >>"$output"
