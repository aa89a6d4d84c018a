#!/usr/bin/env bash
# Runs each fuzzer for SECONDS on its corpus under build/fuzz-corpus, as many at a time as there are cores.
#   tests/run-fuzz.sh SECONDS PROGRAM...
# An input that takes 100 s is a failure: by the clock, for libFuzzer knows no other time, and in CI what runs beside
# takes most of it.
set -u
seconds=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fuzz() {
    local name corpus seeds=()
    name=$(basename "$1")
    corpus=build/fuzz-corpus/$name
    mkdir -p "$corpus" build/fuzz-crashes
    [ -d "tests/fuzz/seeds/$name" ] && seeds=("tests/fuzz/seeds/$name")
    "$1" -max_total_time="$seconds" -max_len=8192 -timeout=100 -print_final_stats=0 -verbosity=0 \
        -artifact_prefix=build/fuzz-crashes/"$name"- "$corpus" "${seeds[@]}" >"$work/$name" 2>&1 || touch "$work/failed"
    printf '== %s, %s s\n%s\n' "$name" "$seconds" "$(<"$work/$name")"
}

for program in "$@"; do
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
    fuzz "$program" &
done
wait
[ ! -e "$work/failed" ]
