#!/bin/sh
# commands-small: the ten words with BiFSMN_S (C = 32, H = 64), distilled from the same teacher.
. "$(dirname "$0")/first.sh"
synthetic; teacher; stage_one
kwsd-train train $REAL $THREADS $SYNTHETIC --validation-fraction 0 --test-fraction 0 --keywords $TEN $MILD \
  --teacher "$RUNS/teacher.pt" --init "$RUNS/stage1.pt" --hed 0 --memory-size 32 --hidden-size 64 --pointwise bit1 \
  --memory int8 --conv2 int8 --linear int8 --stage-one 0.25 --epochs 64 --batch-size 64 --learning-rate 0.003 \
  --resume --out "$RUNS/commands-small.pt"
make_model commands-small $TEN --highest-threshold 0.7
