#!/bin/sh
# One wake word: wake-word.sh computer (or jarvis). All other recordings are its negatives.
. "$(dirname "$0")/common.sh"
word=${1:?a word of the recordings}
synthetic; teacher
kwsd-train train $REAL $SYNTHETIC --keywords "$word" $MILD $EDGES_MANY --init "$RUNS/teacher.pt" --memory-size 64 --hidden-size 128 \
  $KINDS --channels2 16 --stage-one 0.25 --unknown-share 12 --silence-share 2 \
  --keyword-balance 1 --branch-weights 1,0.8,0.8 --epochs 30 --batch-size 64 --resume --out "$RUNS/$word.pt"
make_model "$word" "$word"
