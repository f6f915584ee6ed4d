#!/bin/sh
# commands-small: the ten words with BiFSMN_S (C = 32, H = 64), from the same teachers.
. "$(dirname "$0")/common.sh"
synthetic; teacher; conv_teacher; mel_teacher; wide_teachers
small() {
  kwsd-train train $REAL $SYNTHETIC --keywords $TEN $STREAMS --dropout 0 --branch-weights 1,1,1.2 --teacher "$RUNS/mel.pt" \
    --memory-size 32 --hidden-size 64 --steps 15 --convs 16x5/1x2,24x3/2x2,24x3/1x1,24x3/1x2 "$@"
}
first() {
  small --batch-size 64 --teacher "$RUNS/conv.pt" --init "$RUNS/mel.pt" --distill 0.6 --stage-one 0.25 --learning-rate 0.004 \
    --out "$RUNS/commands-small1.pt" "$@"
}
first --epochs 45 --stop-after 17
first --epochs 34
small --batch-size 64 --teacher "$RUNS/conv.pt" --init "$RUNS/commands-small1.pt" --distill 0.5 --stage-one 0 --learning-rate 0.0025 \
  --epochs 36 --out "$RUNS/commands-small2.pt"
small --batch-size 128 $WIDE --init "$RUNS/commands-small2.pt" --distill 0.5 --stage-one 0 --learning-rate 0.003 --epochs 74 --seed 22 \
  --out "$RUNS/commands-small-lists.pt"
make_model commands-small-lists $TEN --per-hour 0.5 --lowest-threshold 0.5 --highest-threshold 0.86
# The shipped net: some more epochs on everything, with the thresholds and the figures from before.
small --batch-size 64 --everything-trains --teacher "$RUNS/wide48.pt" --init "$RUNS/commands-small-lists.pt" --distill 0.5 --stage-one 0 \
  --learning-rate 0.0008 --epochs 8 --out "$RUNS/commands-small-all.pt"
ship commands-small
