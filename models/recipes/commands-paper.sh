#!/bin/sh
# commands-paper: every layer but the first conv and the classifier 1-bit, as the paper has it; and as its authors'
# code does, the first conv sees mel bands.
. "$(dirname "$0")/common.sh"
synthetic; teacher; conv_teacher
PAPER="--convs 16x5/2x2,32x5/2x2"
from_nothing shape-paper-mel $PAPER
kwsd-train train $REAL $SYNTHETIC --keywords $TEN $MILD --neighbour-chance 0.3 $MIX --pointwise bit1 --memory bit1 --conv2 bit1 --linear bit1 \
  $PAPER --init "$RUNS/shape-paper-mel.pt" --teacher "$RUNS/conv.pt" --hed 0 --distill 0.7 --label-smoothing 0 \
  --dropout 0 --stage-one 0.3 --branch-weights 1,1,1 --epochs 32 --batch-size 64 --learning-rate 0.003 --resume --out "$RUNS/commands-paper.pt"
make_model commands-paper $TEN --per-hour 0.5 --lowest-threshold 0.5 --highest-threshold 0.86
