#!/bin/sh
# computer and jarvis: one wake word each over streams, from the net of commands.sh:   wake.sh WORD
. "$(dirname "$0")/common.sh"
WORD=${1:?usage: wake.sh WORD}
HEARD="--cache $RUNS/cache $(optional --noise "$KWSD_DATA/noise") $(optional --speech "$RUNS/learners_heard")"
for speech in librispeech librispeech_28 orders false_activations; do
  HEARD="$HEARD $(optional --speech "$KWSD_DATA/speech/$speech")"
done
for word in athena amelia hey_chatterbox hey_floyd hey_k9 hey_scout hey_ziggy; do
  WORDS="$WORDS $(optional --own-word "$KWSD_DATA/wake_words/$word" "$word=")"
done
kwsd-train train-streams $WORDS $ARABIC_WORDS $HEARD --keywords "$WORD" $KINDS --snr-low 0 --snr-high 30 --room-chance 0.25 \
  --noise-chance 0.7 --gain-low -20 --microphone-chance 0.35 --clip-chance 0.05 --babble-chance 0.15 --spec-chance 0.4 --keyword-balance 0.9 \
  --stretch-chance 0.1 --memory-size 128 --hidden-size 256 --blocks 8 --init "$RUNS/commands.pt" --epochs "${EPOCHS:-12}" --epoch-steps 200 \
  --stage-one 0 --learning-rate 0.002 --keyword-streams 0.5 --speech-streams 0.3 --seed 6 --resume --out "$RUNS/$WORD.pt"
kwsd-train export $WORDS $HEARD --keywords "$WORD" --checkpoint "$RUNS/$WORD.pt" --name "$WORD" --out "$RUNS/$WORD.kwsm"
kwsd-train golden --model "$RUNS/$WORD.kwsm" --out "$RUNS/$WORD.txt"
