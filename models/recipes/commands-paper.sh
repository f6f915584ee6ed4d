#!/bin/sh
# commands-paper: every layer but the first conv and the classifier 1-bit, as the paper has it; and as its authors'
# code does, the first conv sees mel bands.
. "$(dirname "$0")/common.sh"
synthetic; teacher; conv_teacher; wide_teachers
PAPER="--convs 16x5/2x2,32x5/2x2"
from_nothing shape-paper-mel $PAPER
paper() {
  kwsd-train train $REAL $SYNTHETIC --keywords $TEN $MILD --neighbour-chance 0.3 $MIX --pointwise bit1 --memory bit1 --conv2 bit1 \
    --linear bit1 $PAPER --hed 0 --distill 0.7 --label-smoothing 0 --dropout 0 --branch-weights 1,1,1 --learning-rate 0.003 --resume "$@"
}
paper --init "$RUNS/shape-paper-mel.pt" --teacher "$RUNS/conv.pt" --stage-one 0.3 --epochs 32 --batch-size 64 --out "$RUNS/commands-paper1.pt"
paper --init "$RUNS/commands-paper1.pt" $WIDE --stage-one 0 --epochs 126 --batch-size 128 --seed 23 --out "$RUNS/commands-paper.pt"
make_model commands-paper $TEN --per-hour 0.5 --lowest-threshold 0.5 --highest-threshold 0.86
