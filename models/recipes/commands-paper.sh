#!/bin/sh
# commands-paper: every layer but the first conv and the classifier 1-bit, as the paper has it.
. "$(dirname "$0")/common.sh"
synthetic; teacher
kwsd-train train $REAL $SYNTHETIC --keywords $TEN $STUDENT --stage-one 0.2 $EDGES_MANY --distill 0.5 --teacher "$RUNS/teacher.pt" \
  --pointwise bit1 --memory bit1 --conv2 bit1 --linear bit1 --branch-weights 1,0.8,0.8 --epochs 45 --resume --out "$RUNS/commands-paper.pt"
make_model commands-paper $TEN --lowest-threshold 0.5 --highest-threshold 0.85
