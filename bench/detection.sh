#!/bin/sh
# Detection measured on everything there is: made series, and labelled data where DATA (a directory with
# mscloud/ and nab/) is; nab_score.py from TOOLS scores NAB. Figures stand beside what they are to reach,
# and beside Skyline's nine algorithms where `ensemble` is an option.
set -u
BUILD=${RIDGELINE_BUILD:-build}
DATA=${DATA:-../shared/data}
TOOLS=${TOOLS:-../shared/tools}
RIDGELINE=$BUILD/ridgeline
OUT=$(mktemp -d) || exit 1
trap 'rm -rf "$OUT"' EXIT INT TERM

# Runs backtest with the arguments given; prints its labelled result with a title.
labelled() {
    echo "$1"; shift
    "$RIDGELINE" backtest "$@" | sed 's/^/  /'
}

# $1, then NAB's three profiles at the best threshold and the standard one at the shipped, of the results in $2.
nab() {
    echo "$1"
    python3 "$TOOLS/nab_score.py" --data "$DATA/nab/data" --windows "$DATA/nab/labels/combined_windows.json" \
        --results "$OUT/$2" | sed 's/^/  best:    /'
    python3 "$TOOLS/nab_score.py" --data "$DATA/nab/data" --windows "$DATA/nab/labels/combined_windows.json" \
        --results "$OUT/$2" --threshold 0.5 --profile standard | sed 's/^/  shipped: /'
}

# False incidents a series-week, as opened at the score $1: the labelled set $3 with the labels $2.
false_rate() {
    "$RIDGELINE" backtest --set score_to_open="$1" --out "$OUT/rates" --labels "$2" "$3" |
        awk '/^as opened/ { for (i = 1; i < NF; i++) if ($i == "false/series-week") printf " %.2f", $(i + 1) }'
}

# The same on noise, where every incident is false: the mean of the five kinds, at 10, 60 and 300 s.
noise_rates() {
    "$BUILD/bench/bench_synthetic" --set score_to_open="$1" --noise |
        sed -n 's/.* noise at \([0-9]*\) s, anomalies in 10,000 *\([0-9.]*\) .*/\1 \2/p' |
        awk '{ sum[$1] += $2; n[$1]++ }
            END { for (step = 10; step <= 300; step *= step == 10 ? 6 : 5)
                printf " %.2f", sum[step] / n[step] / (10000 * step / 604800) }'
}

calibration() {
    echo "false incidents a series-week by score to open: noise at 10, 60, 300 s; mscloud; NAB"
    for score in 50 60 75 90; do
        printf '  %s:' "$score"
        noise_rates "$score"
        [ -d "$DATA/mscloud" ] && false_rate "$score" "$DATA/mscloud" "$DATA/mscloud"
        [ -d "$DATA/nab/data" ] && false_rate "$score" "$DATA/nab/labels/combined_windows.json" "$DATA/nab/data"
        echo
    done
}

has_skyline() {
    "$RIDGELINE" check --reference 2>/dev/null | grep -q '^| `ensemble` '
}

echo "made series, 200 or 100 seeds each"
"$BUILD/bench/bench_synthetic"
if has_skyline; then
    echo "made series, Skyline's nine algorithms"
    "$BUILD/bench/bench_synthetic" --set ensemble=skyline --few
fi

if [ -d "$DATA/mscloud" ]; then
    labelled "mscloud by strength: best F1 >= 0.58, recall >= 0.70 at 1/series-week, F1 >= 0.52 as opened" \
        --labels "$DATA/mscloud" "$DATA/mscloud"
    labelled "mscloud by rarity" --score rarity --labels "$DATA/mscloud" "$DATA/mscloud"
    has_skyline && labelled "mscloud by Skyline's nine algorithms" --set ensemble=skyline \
        --labels "$DATA/mscloud" "$DATA/mscloud"
else
    echo "no $DATA/mscloud: not measured (DATA= says where)"
fi

if [ -d "$DATA/nab/data" ]; then
    for score in rarity strength; do
        labelled "NAB by incident, by $score" --score $score --out "$OUT/$score" \
            --labels "$DATA/nab/labels/combined_windows.json" "$DATA/nab/data"
    done
    if [ -f "$TOOLS/nab_score.py" ]; then
        nab "NAB by rarity: standard >= 80 at the best threshold, >= 78 at the shipped one" rarity
        nab "NAB by strength" strength
    else
        echo "no $TOOLS/nab_score.py: NAB's own score is not measured (TOOLS= says where)"
    fi
else
    echo "no $DATA/nab: not measured (DATA= says where)"
fi
calibration
exit 0
