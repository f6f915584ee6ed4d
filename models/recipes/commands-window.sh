#!/bin/sh
# commands-window: ten words over windows, BiFSMN over mel bands; int8 front-end and memory filters. Several teachers; running speech, noise
# and hard negatives throughout.
. "$(dirname "$0")/common.sh"
synthetic; teacher; conv_teacher; mel_teacher; wide_teachers
student() { kwsd-train train $REAL $SYNTHETIC --keywords $TEN $STREAMS --dropout 0.05 "$@"; }
# Binary activations first, then binary weights, too; in steps of 48 ms.
first() {
  student --teacher "$RUNS/conv.pt" --branch-weights 1,1,1.2 --batch-size 64 --init "$RUNS/mel1.pt" --distill 0.6 --steps 15 \
    $(mel_convs 40 1) --stage-one 0.25 --learning-rate 0.003 --out "$RUNS/commands-window1.pt" "$@"
}
first --teacher "$RUNS/teacher.pt" --epochs 70 --stop-after 17
first --teacher "$RUNS/mel.pt" --epochs 70 --stop-after 20
first --teacher "$RUNS/mel.pt" --epochs 58 --stop-after 21
# From there in steps of 96 ms: half the products.
halved() { student $(mel_convs 48 2) --stage-one 0 "$@"; }
second() { halved --teacher "$RUNS/conv.pt" --teacher "$RUNS/mel.pt" --branch-weights 1,1,1.2 --batch-size 64 "$@"; }
second --init "$RUNS/commands-window1.pt" --distill 0.6 --learning-rate 0.0025 --epochs 55 --out "$RUNS/commands-window2.pt"
second --init "$RUNS/commands-window2.pt" --distill 0.5 --learning-rate 0.0015 --epochs 40 --out "$RUNS/commands-window3.pt"
second --init "$RUNS/commands-window3.pt" --distill 0.5 --learning-rate 0.0015 --epochs 30 --out "$RUNS/commands-window4.pt"
# The wide teachers, in addition to the D-FSMN.
halved $WIDE --teacher "$RUNS/mel.pt" --init "$RUNS/commands-window4.pt" --distill 0.5 --branch-weights 1,1,1.3 --batch-size 128 --learning-rate 0.0025 \
  --epochs 57 --seed 21 --out "$RUNS/commands-window-lists.pt"
make_model commands-window-lists $TEN --per-hour 0.5 --lowest-threshold 0.5 --highest-threshold 0.86 --highest go=0.82
# The shipped net: some more epochs on everything, with the thresholds and the figures from before.
halved --everything-trains --teacher "$RUNS/wide48.pt" --teacher "$RUNS/mel.pt" --init "$RUNS/commands-window-lists.pt" --distill 0.5 \
  --branch-weights 1,1,1.3 --batch-size 64 --epochs 8 --learning-rate 0.0006 --out "$RUNS/commands-window-all.pt"
ship commands-window
