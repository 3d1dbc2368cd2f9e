#!/bin/sh
# Checks the model of deletion, and that it fails without any one of its precautions.
# Usage: run.sh [work directory]. Exit status 77: spin is not installed.
set -eu

model=$(cd "$(dirname "$0")" && pwd)
work=${1:-$(mktemp -d)}
mkdir -p "$work"
cd "$work"

if ! command -v spin >/dev/null; then
  echo "skipped: spin is not installed"
  exit 77
fi

# check NAME MODEL OPTIMIZATION SPIN_FLAGS...: prints "holds", or "fails" if a claim does; anything else is a mistake
# in the model.
check() {
  name=$1
  file=$2
  optimize=$3
  shift 3
  mkdir -p "$name"
  (
    cd "$name"
    spin "$@" -a "$model/$file" >spin.log 2>&1
    # REVERSE: what a mutation breaks is met much sooner.
    cc -w $optimize -DSAFETY -DCOLLAPSE -DREVERSE -o pan pan.c
    ./pan -m100000 >pan.log
    if grep -q "errors: 0" pan.log && ! grep -q "max search depth too small" pan.log; then
      echo holds
    elif grep -q "assertion violated" pan.log; then
      echo fails
    else
      echo unfinished or stuck
    fi
  )
}

bad=0
expect() {
  wanted=$1
  shift
  got=$(check "$@")
  echo "$1: $got"
  if [ "$got" != "$wanted" ]; then
    echo "  expected: $wanted (see $work/$1)"
    bad=1
  fi
}

expect holds epochs epochs.pml -O1
for mutation in NO_LIMIT NO_SCAN ANNOUNCE_AFTER_READ ADVANCE_BEFORE_UNLINK; do
  expect fails "epochs_$mutation" epochs.pml -O0 "-DMUTATE_$mutation"
done

expect holds two_deletions_of_a_block deletion.pml -O1 -DOTHER_TAG=0
expect holds deletions_of_block_and_head deletion.pml -O1 -DOTHER_TAG=1
for mutation in NO_GENERATION_CHECK NO_GENERATION_BUMP NO_HEAD_CHECK BYTES_FIRST NO_REGISTER \
  REGISTER_LATE LIVE_WITHOUT_CAS KILL_WITHOUT_CAS NO_HELP MEMBERS_TAKEN NO_UNLINK NO_RETRACT \
  NO_WAITING ATTACH_UNCHECKED NO_DETACH RETIRE_EARLY NO_EPOCHS ANNOUNCE_LATE \
  NEVER_QUIESCENT TWO_LOCKS; do
  expect fails "$mutation" deletion.pml -O0 -DOTHER_TAG=0 "-DMUTATE_$mutation"
done
expect fails OPEN_UNCHECKED deletion.pml -O0 -DOTHER_TAG=1 -DMUTATE_OPEN_UNCHECKED
exit $bad
