#!/usr/bin/env bash
# Appends a second through horizon, as a ratio to what redis-benchmark reaches with the same
# appends to the same keys on the same Redis, in turns; and CPU seconds for a million points.
#   bench/ingest.sh [BUILD]
# POINTS, NAMES, ROUNDS in the environment change the size.
set -euo pipefail
build=${1:-build}
points=${POINTS:-3000000}
names=${NAMES:-250000}
rounds=${ROUNDS:-3}

dir=$(mktemp -d)
children=()
finish() {
    for pid in "${children[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$dir"
}
trap finish EXIT

redis-server --port 0 --unixsocket "$dir/redis.sock" --save "" --appendonly no --dir "$dir" >"$dir/redis.log" &
redis=$!
children+=("$redis")
until redis-cli -s "$dir/redis.sock" ping >/dev/null 2>&1; do sleep 0.05; done

mkfifo "$dir/ready"
"$build/horizon" --state-dir "$dir" --set "redis=unix:$dir/redis.sock" --set horizon.carbon_line=127.0.0.1:0 \
    --set horizon.carbon_pickle= --set horizon.carbon_udp= --set horizon.skyline_udp= --set statsd.listen= \
    --set horizon.self_metrics=false --ready-fd 3 \
    3>"$dir/ready" 2>"$dir/horizon.log" &
horizon=$!
children+=("$horizon")
read -r ready <"$dir/ready"
line=${ready#line=}
line=${line%% *}

through_horizon() { "$build/bench/bench_ingest" "$line" "unix:$dir/redis.sock" "$@" "$horizon" "$redis"; }
through_benchmark() {
    redis-benchmark -s "$dir/redis.sock" -P 128 -c 4 -n "$points" -r "$names" --csv \
        APPEND metrics.__rand_int__ 123456789012345 | awk -F'"' 'NR == 2 { print $4 }'
}

# Every key exists before anything is measured.
through_horizon "$names" "$names" sequential >/dev/null

for ((round = 1; round <= rounds; round++)); do
    echo "benchmark $(through_benchmark)" >>"$dir/results"
    through_horizon "$points" "$names" | sed "s/ $horizon / horizon /; s/ $redis / redis /; s/ self / sender /" \
        >>"$dir/results"
done

awk -v points="$points" '
function median(list, n,    i, j, t) {
    for (i = 2; i <= n; i++)
        for (j = i; j > 1 && list[j] < list[j - 1]; j--) { t = list[j]; list[j] = list[j - 1]; list[j - 1] = t }
    return list[int((n + 1) / 2)]
}
$1 == "benchmark" { peer[++n_peer] = $2 }
$1 == "appends_per_s" { own[++n_own] = $2 }
$1 == "cpu_s" { cpu[$2] += $3 }
END {
    a = median(own, n_own); b = median(peer, n_peer)
    printf "ingest.appends_per_s %.0f\n", a
    printf "ingest.redis_benchmark_per_s %.0f\n", b
    printf "ingest.ratio %.2f (aim 0.70)\n", a / b
    millions = points * n_own / 1e6
    printf "ingest.cpu_s_per_million_points horizon %.3f redis %.3f sender %.3f\n", \
        cpu["horizon"] / millions, cpu["redis"] / millions, cpu["sender"] / millions
}' "$dir/results"
