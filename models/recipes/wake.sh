#!/bin/sh
# computer and jarvis: one wake word each over streams, both stages from those of commands.sh:   wake.sh WORD
. "$(dirname "$0")/common.sh"
WORD=${1:?usage: wake.sh WORD}
: "${KWSD_EMBEDDING:?folder of the speech embedding}"
learners
for word in athena amelia hey_chatterbox hey_floyd hey_k9 hey_scout hey_ziggy; do
  WORDS="$WORDS $(optional --own-word "$KWSD_DATA/wake_words/$word" "$word=")"
done
streams "$WORD" $ALL_HEARD --memory-size 128 --hidden-size 256 --init "$RUNS/commands.pt" --epochs "${EPOCHS:-12}" --stage-one 0 \
  --learning-rate 0.002 --keyword-streams 0.5 --speech-streams 0.3 --seed 6 --out "$RUNS/$WORD.pt"
kwsd-train export $WORDS $ALL_HEARD --keywords "$WORD" --checkpoint "$RUNS/$WORD.pt" --name "$WORD" --out "$RUNS/$WORD-first.kwsm"
# The second stages that ship started from commands-second1.pt, before the second round.
train_second $COLLECTIONS $CUT --keywords "$WORD" --keyword-streams 0.5 --speech-streams 0.3 --init "$RUNS/commands-second.pt" \
  --stem-steps 0 --frozen-convs 10 --learning-rate 0.002 --epochs "${SECOND_STAGE:-8}" --seed 6 --out "$RUNS/$WORD-second.pt"
with_second "$WORD" "$RUNS/$WORD-first.kwsm" "$WORD" "$WORD" $COLLECTIONS
kwsd-train calibrate $WORDS $ALL_HEARD $LEFT_OUT --per-hour 0.3 --lowest-threshold 0.7 --highest-threshold 0.8 "$RUNS/$WORD.kwsm"
figures "$WORD" "$WORD"
kwsd-train golden --model "$RUNS/$WORD.kwsm" --out "$RUNS/$WORD.txt"
