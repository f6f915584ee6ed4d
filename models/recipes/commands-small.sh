#!/bin/sh
# commands-small: the ten words with BiFSMN_S (C = 32, H = 64), from the same teachers.
. "$(dirname "$0")/common.sh"
synthetic; teacher; conv_teacher; mel_teacher
small() {
  kwsd-train train $REAL $SYNTHETIC --keywords $TEN $STREAMS --dropout 0 --init "$RUNS/mel.pt" --teacher "$RUNS/conv.pt" \
    --teacher "$RUNS/mel.pt" --distill 0.6 --stage-one 0.25 --learning-rate 0.004 --memory-size 32 --hidden-size 64 --steps 15 \
    --convs 16x5/1x2,24x3/2x2,24x3/1x1,24x3/1x2 --out "$RUNS/commands-small.pt" "$@"
}
small --epochs 45 --stop-after 17
small --epochs 34
make_model commands-small $TEN --lowest-threshold 0.5 --highest-threshold 0.8
