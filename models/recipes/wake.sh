#!/bin/sh
# computer and jarvis: one wake word each over streams, from the net of commands.sh:   wake.sh WORD
. "$(dirname "$0")/common.sh"
WORD=${1:?usage: wake.sh WORD}
HEARD="$COLLECTIONS $(optional --speech "$RUNS/learners_heard")"
for word in athena amelia hey_chatterbox hey_floyd hey_k9 hey_scout hey_ziggy; do
  WORDS="$WORDS $(optional --own-word "$KWSD_DATA/wake_words/$word" "$word=")"
done
streams "$WORD" $HEARD --memory-size 128 --hidden-size 256 --init "$RUNS/commands.pt" --epochs "${EPOCHS:-12}" --stage-one 0 \
  --learning-rate 0.002 --keyword-streams 0.5 --speech-streams 0.3 --seed 6 --out "$RUNS/$WORD.pt"
kwsd-train export $WORDS $HEARD --keywords "$WORD" --checkpoint "$RUNS/$WORD.pt" --name "$WORD" --out "$RUNS/$WORD.kwsm"
kwsd-train golden --model "$RUNS/$WORD.kwsm" --out "$RUNS/$WORD.txt"
