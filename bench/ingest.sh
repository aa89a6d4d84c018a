#!/usr/bin/env bash
# Points a second through horizon, as a ratio to the appends that redis-benchmark reaches, one point each, with the
# same keys on the same Redis, in turns; and CPU seconds for a million points. Once with one point of a metric at a
# time, so that none can share an APPEND, and once with two.
#   bench/ingest.sh [BUILD]
# POINTS, NAMES, ROUNDS in the environment change the size.
set -euo pipefail
build=${1:-build}
points=${POINTS:-2000000}
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

# through_horizon POINTS TOGETHER
through_horizon() {
    "$build/bench/bench_ingest" "$line" "unix:$dir/redis.sock" "$1" "$names" "$2" "$horizon" "$redis" |
        sed "s/ $horizon / horizon /; s/ $redis / redis /; s/ self / sender /"
}
through_benchmark() {
    redis-benchmark -s "$dir/redis.sock" -P 128 -c 4 -n "$points" -r "$names" --csv \
        APPEND metrics.__rand_int__ 123456789012345 | awk -F'"' 'NR == 2 { print $4 }'
}

# CPU seconds of Redis so far.
redis_cpu() {
    redis-cli -s "$dir/redis.sock" info cpu | tr -d '\r' |
        awk -F: '/^used_cpu_(sys|user):/ { n += $2 } END { print n }'
}

# Every key exists before anything is measured.
through_horizon "$names" 1 >/dev/null

for ((round = 1; round <= rounds; round++)); do
    before=$(redis_cpu)
    echo "peer points_per_s $(through_benchmark)" >>"$dir/results"
    echo "peer cpu_s redis $(redis_cpu) $before" >>"$dir/results"
    through_horizon "$points" 1 | sed 's/^/distinct /' >>"$dir/results"
    through_horizon "$points" 2 | sed 's/^/shared /' >>"$dir/results"
done

awk -v points="$points" -v rounds="$rounds" '
function median(kind,    i, j, t) {
    for (i = 2; i <= rounds; i++)
        for (j = i; j > 1 && rate[kind, j] < rate[kind, j - 1]; j--) {
            t = rate[kind, j]; rate[kind, j] = rate[kind, j - 1]; rate[kind, j - 1] = t
        }
    return rate[kind, int((rounds + 1) / 2)]
}
function report(kind, limit) {
    printf "ingest.%s_points_per_s %.0f (%s an APPEND)\n", kind, median(kind), together[kind]
    printf "ingest.%s_ratio %.2f (limit %s)\n", kind, median(kind) / median("peer"), limit
    printf "ingest.%s_cpu_s_per_million_points horizon %.3f redis %.3f sender %.3f\n", kind, \
        cpu[kind, "horizon"] / millions, cpu[kind, "redis"] / millions, cpu[kind, "sender"] / millions
}
$2 == "points_per_s" { rate[$1, ++n[$1]] = $3 }
$2 == "points_per_append" { together[$1] = $3 }
$2 == "cpu_s" { cpu[$1, $3] += $4 - $5 }
END {
    millions = points * rounds / 1e6
    printf "ingest.redis_benchmark_per_s %.0f\n", median("peer")
    printf "ingest.redis_benchmark_cpu_s_per_million_points redis %.3f\n", cpu["peer", "redis"] / millions
    report("distinct", "0.80")
    report("shared", "0.95")
}' "$dir/results"
