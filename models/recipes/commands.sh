#!/bin/sh
# commands: ten words, BiFSMN with int8 front-end (16 channels) and memory filters.
. "$(dirname "$0")/common.sh"
synthetic; teacher
train_commands() {
  kwsd-train train $REAL $SYNTHETIC --keywords $TEN $STUDENT --teacher "$RUNS/teacher.pt" $KINDS --channels2 16 \
    --learning-rate 0.002 --resume --out "$RUNS/commands.pt" "$@"
}
train_commands --epochs 100 --stop-after 37
train_commands --epochs 85 --stop-after 42
train_commands --epochs 85 --branch-weights 1,0.8,0.8  # thin branches caught up slowly
make_model commands $TEN
