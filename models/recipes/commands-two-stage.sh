#!/bin/sh
# commands-two-stage: the net of commands.sh, whose checkpoints lie in RUNS, and a second stage that starts from the speech
# embedding in the folder KWSD_EMBEDDING (.npy files as in models/trainer/second/embedding.h) and has heard no learner.
. "$(dirname "$0")/common.sh"
: "${KWSD_EMBEDDING:?folder of the speech embedding}"
second commands-two-stage "${FIRST_STAGE:-$(dirname "$0")/../commands.kwsm}" $TEN $COLLECTIONS $(optional --cut-words "$RUNS/words_cut")
LEFT_OUT=$(optional --collection "$RUNS/learners_left_out" speechocean=)
HEARD="$COLLECTIONS $(optional --speech "$RUNS/learners_heard")"
kwsd-train calibrate $WORDS $HEARD $LEFT_OUT --per-hour 2 "$RUNS/commands-two-stage.kwsm"
[ -z "$LEFT_OUT" ] || kwsd-train measure $WORDS $HEARD $LEFT_OUT --words test --keywords $TEN --conditions "gated,echoed" \
  --json "$RUNS/commands-two-stage.measured.json" "$RUNS/commands-two-stage.kwsm"
kwsd-train golden --model "$RUNS/commands-two-stage.kwsm" --out "$RUNS/commands-two-stage.txt"
