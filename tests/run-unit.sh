#!/usr/bin/env bash
# Runs unit test programs one after the other and closes with one line of totals.
#   tests/run-unit.sh [--valgrind] PROGRAM...
set -u
wrap=()
options=(--timeout 120)
if [ "${1:-}" = --valgrind ]; then
    shift
    export RUN_UNIT_VALGRIND=1 # tests that take seconds without it do less
    # Criterion runs each test in a child of its own, which valgrind follows, and takes no notice of what
    # exit code valgrind gives it: so what valgrind says is collected, and any word of it is a failure.
    reports=$(mktemp)
    wrap=(valgrind -q --leak-check=full --show-leak-kinds=definite --trace-children=yes
        --trace-children-skip='/bin/*,/usr/bin/*' --suppressions="$(realpath "$0" | xargs dirname)/valgrind.supp"
        --log-file="$reports.%p")
    trap 'rm -f "$reports" "$reports".*' EXIT
    options=(--jobs 1)
fi

# Whether valgrind had nothing to say about the last program.
quiet() {
    [ -n "${reports:-}" ] || return 0
    cat "$reports".* >"$reports"
    rm -f "$reports".*
    [ ! -s "$reports" ] || { cat "$reports" >&2; return 1; }
}

passed=0
failed=0
for program in "$@"; do
    if "${wrap[@]}" "$program" "${options[@]}" && quiet; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $program" >&2
    fi
done
echo "unit test programs:"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
