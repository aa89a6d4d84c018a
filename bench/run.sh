#!/usr/bin/env bash
# `make bench`: every figure in one run, on a machine described above it. Figures
# that depend on the machine stand beside a peer measured in the same minute.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${RIDGELINE_BUILD:-build}

echo "date      $(date -u +%FT%TZ)"
model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
echo "machine   $(nproc) x $model, $(free -g | awk '/^Mem/ {print $2}') GiB"
echo "kernel    $(uname -sr)"
echo "redis     $(redis-server --version | cut -d' ' -f3)"
echo "compiler  $(gcc --version | head -n 1)"

echo
echo "== parsers (one thread, nanoseconds)"
"$build/bench/bench_parse"
echo
echo "== engine (one thread)"
"$build/bench/bench_engine"
echo
echo "== Skyline's nine algorithms (one thread)"
"$build/bench/bench_skyline"
echo
echo "== names and their states, 250,000 of them in the webapp (one thread, milliseconds)"
"$build/bench/bench_names"
echo
echo "== ingest: CPU nanoseconds of horizon a line, by protocol, 250,000 metrics, without Redis"
bench/wire.sh "$build"
echo
echo "== ingest: the same with 20,000 metrics: what more of them cost are misses in the cache"
NAMES=20000 bench/wire.sh "$build"
echo
echo "== ingest: carbon lines over TCP to Redis, 250,000 metrics"
bench/ingest.sh "$build"
echo
echo "== memory, after 23 hours of history at 10 s"
RIDGELINE_BUILD="$build" /usr/bin/python3 bench/memory.py
echo
echo "== long memory: what a fold and its trim cost, at 10 s"
RIDGELINE_BUILD="$build" /usr/bin/python3 bench/fold.py
