#!/bin/sh
# Accuracy of the kinds that the front-end and the memory filters can have; validation list, as a table.
# EPOCHS (default 12). Kinds: conv2/linear/memory.
. "$(dirname "$0")/common.sh"
synthetic; teacher; stage_one
: "${EPOCHS:=12}"
echo "| conv2 | linear | memory | epochs | 8 | 4 | 2 blocks |"
echo "|---|---|---|---|---|---|---|"
for kinds in ${KINDS:-int8/int8/int8 int8/bits4/int8 bits4/bits4/int8 bits2/bits2/int8 bit1/bit1/int8 bit1/bit1/bit1}; do
  IFS=/ read -r conv2 linear memory <<EOF
$kinds
EOF
  out="$RUNS/front-end-$conv2-$linear-$memory"
  kwsd-train train $REAL --keywords $TEN $MILD --init "$RUNS/stage1.pt" --teacher "$RUNS/teacher.pt" --pointwise bit1 \
    --conv2 "$conv2" --linear "$linear" --memory "$memory" --stage-one 0.25 --epochs "$EPOCHS" --batch-size 64 --resume \
    --out "$out.pt" >&2
  tail -n 1 "$out.log" | awk -v kinds="$conv2 | $linear | $memory" -F '\t' '{
    printf "| %s | %s |", kinds, $1
    for (c = 4; c < NF; ++c) printf " %s |", $c
    print "" }'
done
