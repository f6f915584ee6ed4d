#!/bin/sh
# commands-small: the ten words over streams, with half the width of commands and the same second stage (common.sh), in two
# rounds: without a learner, and with every second one.
. "$(dirname "$0")/common.sh"
: "${KWSD_EMBEDDING:?folder of the speech embedding}"
learners
small() { streams $TEN --memory-size 64 --hidden-size 128 "$@"; }
# 26 epochs were planned for the first, and 18 run.
small $COLLECTIONS $CUT --init "$(dirname "$0")/../base.pt" --epochs 26 --stop-after "${FIRST:-18}" --stage-one 0.12 \
  --learning-rate 0.003 --out "$RUNS/commands-small1.pt"
small $ALL_HEARD $CUT_HEARD --init "$RUNS/commands-small1.pt" --epochs "${SECOND:-40}" --stage-one 0 --learning-rate 0.0025 \
  --negative-weight 3 --keyword-streams 0.56 --speech-streams 0.28 --seed 6 --out "$RUNS/commands-small.pt"
two_stages commands-small
