#!/bin/sh
# commands-small: the ten words with BiFSMN_S (C = 32, H = 64), distilled from the same teacher.
. "$(dirname "$0")/common.sh"
synthetic; teacher; stage_one
kwsd-train train $REAL $SYNTHETIC --validation-fraction 0 --test-fraction 0 --keywords $TEN $MILD \
  --teacher "$RUNS/teacher.pt" --init "$RUNS/stage1.pt" --hed 0 --memory-size 32 --hidden-size 64 --pointwise bit1 \
  --memory int8 --conv2 int8 --linear int8 --stage-one 0.25 --epochs 64 --batch-size 64 --learning-rate 0.003 \
  --resume --out "$RUNS/commands-small.pt"
kwsd-train export $REAL --keywords $TEN --checkpoint "$RUNS/commands-small.pt" --name commands-small \
  --out "$RUNS/commands-small.kwsm"
