#!/usr/bin/env bash
# Runs unit test programs one after the other and closes with one line of totals.
#   tests/run-unit.sh [--valgrind] PROGRAM...
set -u
wrap=()
options=(--timeout 120)
if [ "${1:-}" = --valgrind ]; then
    shift
    # Criterion runs each test in a child of its own: valgrind follows them, one at a time.
    wrap=(valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --trace-children=yes)
    options=(--jobs 1)
fi
passed=0
failed=0
for program in "$@"; do
    if "${wrap[@]}" "$program" "${options[@]}"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $program" >&2
    fi
done
echo "unit test programs:"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
