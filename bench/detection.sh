#!/bin/sh
# Detection measured on everything there is: made series, and labelled data where DATA (a directory with
# mscloud/ and nab/) is; nab_score.py from TOOLS scores NAB. Figures stand beside what they are to reach,
# and beside Skyline's nine algorithms.
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
    "$RIDGELINE" backtest "$@" 2>/dev/null | sed 's/^/  /'
}

# $1, then NAB's three profiles at the best threshold and the standard one at the shipped, $3, of the results in $2.
nab() {
    echo "$1"
    python3 "$TOOLS/nab_score.py" --data "$DATA/nab/data" --windows "$DATA/nab/labels/combined_windows.json" \
        --results "$OUT/$2" | sed 's/^/  best:    /'
    python3 "$TOOLS/nab_score.py" --data "$DATA/nab/data" --windows "$DATA/nab/labels/combined_windows.json" \
        --results "$OUT/$2" --threshold "$3" --profile standard | sed 's/^/  shipped: /'
}

# False incidents a series-week, as opened at the score $1: the labelled set $3 with the labels $2.
false_rate() {
    "$RIDGELINE" backtest --set score_to_open="$1" --out "$OUT/rates" --labels "$2" "$3" 2>/dev/null |
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

echo "made series, 200 or 100 seeds each"
"$BUILD/bench/bench_synthetic"
echo "made series by Skyline's nine algorithms, a tenth of the seeds"
"$BUILD/bench/bench_synthetic" --set ensemble=skyline --few | sed -n -e '/^  cost\|^  a metric/d' -e 's/ *[<>]= .*//p'
"$BUILD/bench/bench_skyline" | sed 's/^/  /'

if [ -d "$DATA/mscloud" ]; then
    labelled "mscloud by strength: best F1 >= 0.58, recall >= 0.70 at 1/series-week, F1 >= 0.52 as opened" \
        --labels "$DATA/mscloud" "$DATA/mscloud"
    labelled "mscloud by rarity" --score rarity --labels "$DATA/mscloud" "$DATA/mscloud"
    labelled "mscloud by Skyline's nine algorithms" --set ensemble=skyline \
        --labels "$DATA/mscloud" "$DATA/mscloud"
else
    echo "no $DATA/mscloud: not measured (DATA= says where)"
fi

if [ -d "$DATA/nab/data" ]; then
    for score in rarity strength; do
        labelled "NAB by incident, by $score" --score $score --out "$OUT/$score" \
            --labels "$DATA/nab/labels/combined_windows.json" "$DATA/nab/data"
    done
    labelled "NAB by incident, by Skyline's nine algorithms" --set ensemble=skyline --out "$OUT/skyline" \
        --labels "$DATA/nab/labels/combined_windows.json" "$DATA/nab/data"
    if [ -f "$TOOLS/nab_score.py" ]; then
        nab "NAB by rarity: standard >= 80 at the best threshold, >= 78 at the shipped one" rarity 0.5
        nab "NAB by strength" strength 0.5
        nab "NAB by Skyline's nine algorithms, shipped at 6 of 9" skyline 0.66
    else
        echo "no $TOOLS/nab_score.py: NAB's own score is not measured (TOOLS= says where)"
    fi
else
    echo "no $DATA/nab: not measured (DATA= says where)"
fi
calibration
exit 0
