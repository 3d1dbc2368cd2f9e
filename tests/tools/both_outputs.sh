#!/bin/sh
# usage: both_outputs.sh COMMAND...: what it says on standard error, then its standard output, on one line.
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
output=$("$@" 2>"$errors") || exit 1
echo "$(cat "$errors") $output"
