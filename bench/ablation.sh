#!/bin/sh
# What each part of detection adds: the product is built without it, and measured on the visible data.
#   strength: a detector's role becomes DETECTOR_VOTES, so that it votes and is not part of strength
#   rarity:   a residual's weight becomes 0
# mscloud: best F1, F1 as opened, recall at one false alarm a series-week. NAB: the standard score at the
# best and at the shipped threshold. DATA= and TOOLS= as for detection.sh.
set -eu
DATA=$(realpath "${DATA:-../shared/data}")
TOOLS=$(realpath "${TOOLS:-../shared/tools}")
TREE=$(mktemp -d)
trap 'rm -rf "$TREE"' EXIT INT TERM
cp -r Makefile analyzer cli include lib "$TREE"
FROM=$PWD
cd "$TREE"

build() {
    make -s BUILD=build build/ridgeline >build.log 2>&1 || { cat build.log; exit 1; }
}

strength() {
    build
    build/ridgeline backtest --labels "$DATA/mscloud" "$DATA/mscloud" |
        awk -v what="$1" '/^best F1/ { f1 = $10 } /^at most 1\// { recall = $9 } /^as opened/ { opened = $13 }
            END { printf "%-28s F1 %s, as opened %s, recall %s\n", what, f1, opened, recall }'
}

nab() {
    python3 "$TOOLS/nab_score.py" --data "$DATA/nab/data" --windows "$DATA/nab/labels/combined_windows.json" \
        --results out --profile standard "$@" | awk '{ print $3 }'
}

rarity() {
    build
    build/ridgeline backtest --score rarity --out out "$DATA/nab/data"
    f1=$(build/ridgeline backtest --score rarity --labels "$DATA/mscloud" "$DATA/mscloud" |
         awk '/^best F1/ { print $10 }')
    printf '%-28s NAB %s, shipped %s, mscloud F1 %s\n' "$1" "$(nab)" "$(nab --threshold 0.5)" "$f1"
}

strength everything
for file in $(grep -lE 'DETECTOR_(AGREES|SHIFTS)' analyzer/detectors/*.c); do
    sed -i -E 's/DETECTOR_(AGREES|SHIFTS)/DETECTOR_VOTES/' "$file"
    strength "without $(basename "$file" .c)"
    cp "$FROM/$file" "$file"
done
rarity everything
for residual in $(sed -n 's/^    \[RESIDUAL_\([A-Z_]*\)\] = .*/\1/p' analyzer/engine/rarity.c); do
    sed -i "s/\[RESIDUAL_$residual\] = .*/[RESIDUAL_$residual] = 0,/" analyzer/engine/rarity.c
    rarity "without $residual"
    cp "$FROM/analyzer/engine/rarity.c" analyzer/engine/rarity.c
done
