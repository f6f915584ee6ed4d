#!/bin/sh
# The ten words over streams: a causal BiFSMN with a step every 48 ms, from base.pt. Learners' English (speechocean) is
# left out of everything, the words cut out of running speech among it, so that false accepts can be counted on it.
. "$(dirname "$0")/common.sh"
if [ -d "$KWSD_DATA/words_cut" ] && [ ! -f "$RUNS/words_cut.done" ]; then
  for word in "$KWSD_DATA"/words_cut/*/; do  # those of speechocean begin with "so"
    mkdir -p "$RUNS/words_cut/$(basename "$word")"
    find "$word" -type f ! -name 'so*' -exec cp {} "$RUNS/words_cut/$(basename "$word")" \;
  done
  touch "$RUNS/words_cut.done"
fi
HEARD="--noise $KWSD_DATA/noise --cache $RUNS/cache"
for speech in librispeech librispeech_28 orders false_activations; do
  HEARD="$HEARD $(optional --speech "$KWSD_DATA/speech/$speech")"
done
LEFT_OUT="--collection speechocean=$KWSD_DATA/speech/speechocean"
DEVICES="--snr-low 0 --snr-high 30 --room-chance 0.25 --noise-chance 0.7 --gain-low -20 --microphone-chance 0.35 --clip-chance 0.05
  --babble-chance 0.15 --spec-chance 0.4 --keyword-balance 0.9 --stretch-chance 0.1"
streams() {
  kwsd-train train-streams $WORDS $HEARD $(optional --cut-words "$RUNS/words_cut") $ARABIC_WORDS --keywords $TEN --pointwise bit1 \
    --memory int8 --conv2 int8 --linear int8 $DEVICES --memory-size 64 --hidden-size 128 --blocks 8 --epoch-steps 200 --resume "$@"
}
# Schedules were changed while they ran: 24 epochs were planned at first, then 38; 60, then 48.
streams --init "$(dirname "$0")/../base.pt" --epochs "${FIRST:-38}" --stage-one 0.063 --learning-rate 0.003 --out "$RUNS/commands-stream1.pt"
streams --init "$RUNS/commands-stream1.pt" --epochs "${SECOND:-48}" --stage-one 0 --learning-rate 0.002 --seed 2 \
  --out "$RUNS/commands-stream.pt"
kwsd-train export $WORDS $HEARD --keywords $TEN --checkpoint "$RUNS/commands-stream.pt" --name commands-stream --out "$RUNS/commands-stream.kwsm"
# Thresholds by the first half of the learners' speakers, false accepts of the second.
kwsd-train calibrate $WORDS $HEARD $LEFT_OUT --part first --per-hour 10 "$RUNS/commands-stream.kwsm"
kwsd-train measure $WORDS $HEARD $LEFT_OUT --part second --words test --keywords $TEN --json "$RUNS/commands-stream.measured.json" \
  --conditions "gated,echoed,clipped,8 kHz,digital silence" --under-noise "$RUNS/commands-stream.kwsm"
kwsd-train golden --model "$RUNS/commands-stream.kwsm" --out "$RUNS/commands-stream.txt"
