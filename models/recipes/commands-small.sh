#!/bin/sh
# commands-small: the ten words with BiFSMN_S (C = 32, H = 64), distilled from the same teacher.
. "$(dirname "$0")/common.sh"
synthetic; teacher
kwsd-train train $REAL $SYNTHETIC --keywords $TEN $STUDENT --stage-one 0.2 $EDGES_MANY --distill 0.5 --teacher "$RUNS/teacher.pt" $KINDS --channels2 16 \
  --memory-size 32 --hidden-size 64 --branch-weights 1,0.8,0.8 --epochs 50 --learning-rate 0.003 --resume \
  --out "$RUNS/commands-small.pt"
make_model commands-small $TEN
