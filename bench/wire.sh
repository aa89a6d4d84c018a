#!/usr/bin/env bash
# CPU nanoseconds that horizon spends on a line, by protocol, from the system call that reads it to the acknowledged
# APPEND, but without Redis: horizon_null is horizon with a link that acknowledges at once.
#   bench/wire.sh [BUILD]
# LINES, NAMES in the environment change the size.
set -euo pipefail
build=${1:-build}
lines=${LINES:-2000000}
names=${NAMES:-250000}

dir=$(mktemp -d)
horizon=
finish() {
    [ -z "$horizon" ] || kill "$horizon" 2>/dev/null || true
    wait
    rm -rf "$dir"
}
trap finish EXIT

mkfifo "$dir/ready"
start() {
    "$build/bench/horizon_null" --state-dir "$dir" --set "redis=unix:$dir/none" --set horizon.carbon_line=127.0.0.1:0 \
        --set horizon.carbon_pickle=127.0.0.1:0 --set horizon.carbon_udp=127.0.0.1:0 \
        --set horizon.skyline_udp=127.0.0.1:0 --set statsd.listen=127.0.0.1:0 --set statsd.flush_interval=1h \
        --set horizon.self_metrics=false --ready-fd 3 3>"$dir/ready" >"$dir/accepted" 2>"$dir/log" &
    horizon=$!
    read -r ready <"$dir/ready"
}
start
# The port that the kernel chose for StatsD over UDP may be taken over TCP.
while [[ $ready == *failed* ]]; do
    kill "$horizon"
    wait "$horizon"
    start
done
address() { tr ' ' '\n' <<<"$ready" | sed -n "s/^$1=//p"; }

# Names are sent once before anything is measured: then they are new.
measure() { # protocol listener limit
    "$build/bench/bench_wire" "$1" "$(address "$2")" "$names" "$names" "$horizon" >/dev/null
    "$build/bench/bench_wire" "$1" "$(address "$2")" "$lines" "$names" "$horizon" | sed "s/\$/${3:+ (limit $3)}/"
}
measure line_tcp line 250
measure line_udp udp 250
measure line_udp_single udp
measure pickle_tcp pickle 250
measure skyline_udp_single skyline
measure statsd_tcp statsd 200
measure statsd_udp statsd 200
measure statsd_udp_single statsd

# Nothing was lost on the way, or the figures would mean nothing.
kill "$horizon"
wait "$horizon"
awk -v sent=$((lines / names * names + names)) '
$1 == "line_tcp" || $1 == "pickle_tcp" || $1 == "skyline_udp" || $1 == "statsd_tcp" { wanted[$1] = sent }
$1 == "line_udp" || $1 == "statsd_udp" { wanted[$1] = 2 * sent }
$1 in wanted && $2 != wanted[$1] { print "lost: " $1 " accepted " $2 " of " wanted[$1]; failed = 1 }
END { exit failed }' "$dir/accepted"
