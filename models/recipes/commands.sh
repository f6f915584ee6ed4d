#!/bin/sh
# commands: ten words, BiFSMN with int8 front-end and memory filters.
. "$(dirname "$0")/common.sh"
synthetic; teacher; stage_one
kwsd-train train $REAL $SYNTHETIC --keywords $TEN $MILD --init "$RUNS/stage1.pt" --teacher "$RUNS/teacher.pt" \
  --pointwise bit1 --memory int8 --conv2 int8 --linear bits4 --stage-one 0 --epochs 52 --batch-size 64 \
  --distill 0.7 --hed 0.01 --dropout 0.1 --resume --out "$RUNS/commands.pt"
kwsd-train export $REAL --keywords $TEN --checkpoint "$RUNS/commands.pt" --name commands --out "$RUNS/commands.kwsm"
