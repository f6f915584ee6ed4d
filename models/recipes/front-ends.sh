#!/bin/sh
# Accuracy of front-end variants, on the validation list, as two tables: the kinds of their layers and of the memory
# filters (1-bit pointwise convs; EPOCHS, default 12), and their shapes (full precision; SHAPE_EPOCHS, default 10).
. "$(dirname "$0")/common.sh"
synthetic; teacher; conv_teacher
row() {  # FIRST COLUMNS, LOG
  tail -n 1 "$2" | awk -v first="$1" -F '\t' '{
    printf "| %s | %s |", first, $1
    for (c = 4; c < NF; ++c) printf " %s |", $c
    print "" }'
}
: "${EPOCHS:=12}"
echo "| conv2 | linear | memory | channels | epochs | 8 | 4 | 2 blocks |"
echo "|---|---|---|---|---|---|---|---|"
for kinds in ${KINDS_TRIED-int8/int8/int8/32 int8/int8/int8/16 int8/bits4/int8/32 bits4/bits4/int8/32 bits2/bits2/int8/32 bit1/bit1/int8/32 bit1/bit1/bit1/32}; do
  IFS=/ read -r conv2 linear memory channels <<EOF
$kinds
EOF
  out="$RUNS/front-end-$conv2-$linear-$memory-$channels"
  kwsd-train train $REAL --keywords $TEN $STUDENT --stage-one 0.2 $EDGES_MANY --distill 0.5 --teacher "$RUNS/teacher.pt" --pointwise bit1 --conv2 "$conv2" \
    --linear "$linear" --memory "$memory" $(paper_convs "$channels") --epochs "$EPOCHS" --resume --out "$out.pt" >&2
  row "$conv2 | $linear | $memory | $channels" "$out.log"
done
echo "| slides over | convs | steps | epochs | 8 blocks |"
echo "|---|---|---|---|---|"
shape() {  # NAME, STEPS, CONVS [--no-spectrum]
  over="mel bands"
  [ $# -gt 3 ] && over=coefficients
  name=$1 steps=$2 convs=$3
  shift 3
  from_nothing "shape-$name" --steps "$steps" --convs "$convs" "$@" >&2
  row "$over | $convs | $steps" "$RUNS/shape-$name.log"
}
shape paper 8 16x5/2x2,32x5/2x2 --no-spectrum
shape paper-mel 8 16x5/2x2,32x5/2x2
shape four 8 16x5/1x2,32x3/2x2,32x3/1x1,32x3/2x2
shape four-fine 15 16x5/1x2,32x3/2x2,32x3/1x1,32x3/1x2
shape wide 8 24x5/1x2,48x3/2x2,48x3/1x1,48x3/2x2
shape wide-fine 15 24x5/1x2,48x3/2x2,48x3/1x1,48x3/1x2
