#!/usr/bin/env bash
# Runs unit test programs and closes with one line of totals: one after the other, under valgrind
# as many at a time as there are cores.
#   tests/run-unit.sh [--valgrind] PROGRAM...
set -u
here=$(cd "$(dirname "$0")" && pwd)
options=(--timeout 120)
export LSAN_OPTIONS="suppressions=$here/lsan.supp:print_suppressions=0${LSAN_OPTIONS:+:$LSAN_OPTIONS}"
jobs=1
if [ "${1:-}" = --valgrind ]; then
    shift
    export RUN_UNIT_VALGRIND=1 # of many rounds only some are made (unit/rounds.h)
    jobs=$(nproc)
    options=(--timeout 600)
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Criterion runs each test in a child of its own, which valgrind follows, and takes no notice of what
# exit code valgrind gives it: so what valgrind says is collected, and any word of it is a failure.
under_valgrind() {
    local said="$work/$(basename "$1")"
    valgrind -q --leak-check=full --show-leak-kinds=definite --trace-children=yes \
        --trace-children-skip='/bin/*,/usr/bin/*' --suppressions="$here/valgrind.supp" --log-file="$said.%p" \
        "$1" --jobs 1 "${options[@]}" || return 1
    cat "$said".* >"$said"
    [ ! -s "$said" ] || { cat "$said" >&2; return 1; }
}

run() {
    local result=passed
    if [ -n "${RUN_UNIT_VALGRIND:-}" ]; then
        under_valgrind "$1" || result=failed
    else
        "$1" "${options[@]}" || result=failed
    fi
    echo "$result" >"$work/$(basename "$1").result"
    [ $result = passed ] || echo "FAILED: $1" >&2
}

for program in "$@"; do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
    run "$program" &
done
wait
passed=$(cat "$work"/*.result 2>/dev/null | grep -c passed)
failed=$(($# - passed))
echo "unit test programs:"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
