#!/usr/bin/env bash
# Runs each fuzzer for SECONDS on its corpus under build/fuzz-corpus.
#   tests/run-fuzz.sh SECONDS PROGRAM...
set -u
seconds=$1
shift
status=0
for program in "$@"; do
    name=$(basename "$program")
    corpus=build/fuzz-corpus/$name
    mkdir -p "$corpus" build/fuzz-crashes
    seeds=()
    [ -d "tests/fuzz/seeds/$name" ] && seeds=("tests/fuzz/seeds/$name")
    echo "== $name, $seconds s"
    "$program" -max_total_time="$seconds" -max_len=8192 -timeout=10 -print_final_stats=0 -verbosity=0 \
        -artifact_prefix=build/fuzz-crashes/"$name"- "$corpus" "${seeds[@]}" || status=1
done
exit $status
