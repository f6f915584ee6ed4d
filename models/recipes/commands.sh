#!/bin/sh
# commands: the ten words over streams, a causal BiFSMN with a step every 48 ms, in four rounds: two with half the
# width, one with the full width, and one that is also trained on learners' English; and a second stage, which starts
# from the speech embedding in the folder KWSD_EMBEDDING (.npy files as in models/trainer/second/embedding.h) and hears
# no learner (common.sh).
. "$(dirname "$0")/common.sh"
: "${KWSD_EMBEDDING:?folder of the speech embedding}"
learners
narrow() { streams $TEN $COLLECTIONS $CUT --memory-size 64 --hidden-size 128 "$@"; }
wide() { streams $TEN --memory-size 128 --hidden-size 256 "$@"; }
# Schedules of the first two were changed while they ran: 24 epochs were planned at first, then 38; 60, then 48.
narrow --init "$(dirname "$0")/../base.pt" --epochs "${FIRST:-38}" --stage-one 0.063 --learning-rate 0.003 --out "$RUNS/commands1.pt"
narrow --init "$RUNS/commands1.pt" --epochs "${SECOND:-48}" --stage-one 0 --learning-rate 0.002 --seed 2 --out "$RUNS/commands2.pt"
wide $COLLECTIONS $CUT --init "$RUNS/commands2.pt" --epochs "${THIRD:-70}" --stage-one 0.12 \
  --learning-rate 0.002 --seed 3 --out "$RUNS/commands3.pt"
wide $ALL_HEARD $CUT_HEARD --init "$RUNS/commands3.pt" --epochs "${FOURTH:-36}" --stage-one 0 \
  --learning-rate 0.0015 --negative-weight 3 --keyword-streams 0.56 --speech-streams 0.28 --seed 5 --out "$RUNS/commands.pt"
two_stages commands
