#!/bin/sh
# One wake word: wake-word.sh computer (or jarvis). All other recordings are its negatives.
. "$(dirname "$0")/first.sh"
word=${1:?a word of the recordings}
synthetic; teacher
kwsd-train train $REAL $THREADS $SYNTHETIC --keywords "$word" $MILD --init "$RUNS/teacher.pt" --memory-size 64 --hidden-size 128 \
  --pointwise bit1 --memory int8 --conv2 int8 --linear int8 --stage-one 0.25 --unknown-share 12 --silence-share 2 \
  --keyword-balance 1 --epochs 30 --batch-size 64 --resume --out "$RUNS/$word.pt"
make_model "$word" "$word" --highest-threshold 0.8
