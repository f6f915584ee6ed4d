#!/bin/sh
# The starting net for users' own words (--init models/base.pt): it distinguishes 57 words, trained on more than 800
# speakers; ten English commands and seven more words are also spoken by synthetic voices. Leaves RUNS/base-weights.pt:
# models/base.pt.
. "$(dirname "$0")/common.sh"
synthetic
ENGLISH=$TEN,zero,one,five,eight,bed,cat,happy
[ -d "$RUNS/synth3" ] || kwsd-train synth --words $ENGLISH -o "$RUNS/synth3" --speakers 150 --per-speaker 1 --seed 21
arabic=
for folder in "$ARABIC_FOLDER"/*/; do  # names that are English words, too
  [ -d "$folder" ] || continue
  word=ar_$(basename "$folder")
  [ -d "$RUNS/arabic-words/$word" ] || { mkdir -p "$RUNS/arabic-words" && cp -r "$folder" "$RUNS/arabic-words/$word"; }
  arabic=$arabic,$word
done
HEARD="--data $COMMANDS $(optional --data "$RUNS/arabic-words") $SOUND $SYNTHETIC --train-data $RUNS/synth3 --keywords $ENGLISH$arabic"
kwsd-train train $HEARD --threads 1 --data-threads 1 --room-chance 0.4 --snr-low 0 --snr-high 30 --noise-chance 0.7 --spec-chance 0.5 \
  --gain-low -20 --microphone-chance 0.5 --clip-chance 0.03 --babble-chance 0.2 --neighbour-chance 0.3 --unknown-share 0.6 --speech-share 0.3 \
  --fragment-share 0.1 --silence-share 0.1 --memory-size 64 --hidden-size 128 $KINDS --hed 0 --stage-one 0.4 --label-smoothing 0.05 \
  --branch-weights 1,1,1 --epochs 36 --batch-size 128 --learning-rate 0.004 --seed 2 --resume --out "$RUNS/base.pt"
kwsd-train export $HEARD --checkpoint "$RUNS/base.pt" --name base --out "$RUNS/base.kwsm" --weights "$RUNS/base-weights.pt"
# The vectors of the second stage of commands (commands.sh), for a second stage of words of one's own.
kwsd-train export-vectors --second "${COMMANDS_MODEL:-$(dirname "$0")/../commands.kwsm}" --base "$RUNS/base.kwsm" --out "$RUNS/base.kwsm"
