#!/bin/sh
# Accuracy of the kinds that the front-end and the memory filters can have; validation list, as a table.
# EPOCHS (default 12). Kinds: conv2/linear/memory/channels of conv2.
. "$(dirname "$0")/common.sh"
synthetic; teacher
: "${EPOCHS:=12}"
echo "| conv2 | linear | memory | channels | epochs | 8 | 4 | 2 blocks |"
echo "|---|---|---|---|---|---|---|---|"
for kinds in ${KINDS_TRIED:-int8/int8/int8/32 int8/int8/int8/16 int8/bits4/int8/32 bits4/bits4/int8/32 bits2/bits2/int8/32 bit1/bit1/int8/32 bit1/bit1/bit1/32}; do
  IFS=/ read -r conv2 linear memory channels <<EOF
$kinds
EOF
  out="$RUNS/front-end-$conv2-$linear-$memory-$channels"
  kwsd-train train $REAL --keywords $TEN $STUDENT --stage-one 0.2 $EDGES_MANY --distill 0.5 --teacher "$RUNS/teacher.pt" --pointwise bit1 --conv2 "$conv2" \
    --linear "$linear" --memory "$memory" --channels2 "$channels" --epochs "$EPOCHS" --resume --out "$out.pt" >&2
  tail -n 1 "$out.log" | awk -v kinds="$conv2 | $linear | $memory | $channels" -F '\t' '{
    printf "| %s | %s |", kinds, $1
    for (c = 4; c < NF; ++c) printf " %s |", $c
    print "" }'
done
