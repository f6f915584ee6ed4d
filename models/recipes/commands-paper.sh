#!/bin/sh
# commands-paper: every layer but the first conv and the classifier 1-bit, as the paper has it.
. "$(dirname "$0")/common.sh"
synthetic; teacher
kwsd-train train $REAL $SYNTHETIC --keywords $TEN $MILD --teacher "$RUNS/teacher.pt" \
  --pointwise bit1 --memory bit1 --conv2 bit1 --linear bit1 --stage-one 0.3 --epochs 40 --batch-size 64 \
  --distill 0.7 --hed 0.01 --dropout 0.1 --resume --out "$RUNS/commands-paper.pt"
kwsd-train export $REAL --keywords $TEN --checkpoint "$RUNS/commands-paper.pt" --name commands-paper --out "$RUNS/commands-paper.kwsm"
