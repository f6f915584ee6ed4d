#!/bin/sh
# commands: the ten words over streams, a causal BiFSMN with a step every 48 ms, in four rounds: two with half the
# width, one with the full width, and one that is also trained on learners' English; and a second stage, which starts
# from the speech embedding in the folder KWSD_EMBEDDING (.npy files as in models/trainer/second/embedding.h) and hears
# no learner. Every second speaker of that collection (speechocean762), and the words cut out of their speech, are left
# out of everything: false accepts are counted on them.
. "$(dirname "$0")/common.sh"
: "${KWSD_EMBEDDING:?folder of the speech embedding}"
if [ ! -f "$RUNS/parts.done" ]; then
  if [ -d "$KWSD_DATA/words_cut" ]; then  # names of learners: soNNNN_nohash_N
    for word in "$KWSD_DATA"/words_cut/*/; do
      for part in words_cut words_cut_more; do mkdir -p "$RUNS/$part/$(basename "$word")"; done
      find "$word" -type f ! -name 'so*' -exec cp {} "$RUNS/words_cut/$(basename "$word")" \;
      find "$word" -type f ! -name 'so???[13579]_*' -exec cp {} "$RUNS/words_cut_more/$(basename "$word")" \;
    done
  fi
  if [ -d "$KWSD_DATA/speech/speechocean" ]; then  # NNNNNnnnn: five digits for the speaker
    mkdir -p "$RUNS/learners_heard" "$RUNS/learners_left_out"
    find "$KWSD_DATA/speech/speechocean" -type f -name '????[02468]????.*' -exec cp {} "$RUNS/learners_heard" \;
    find "$KWSD_DATA/speech/speechocean" -type f -name '????[13579]????.*' -exec cp {} "$RUNS/learners_left_out" \;
    for part in heard left_out; do cp "$KWSD_DATA"/speech/speechocean/*.trans.txt "$RUNS/learners_$part"; done
  fi
  touch "$RUNS/parts.done"
fi
ALL_HEARD="$COLLECTIONS $(optional --speech "$RUNS/learners_heard")"
LEFT_OUT=$(optional --collection "$RUNS/learners_left_out" speechocean=)
narrow() { streams $TEN $COLLECTIONS $(optional --cut-words "$RUNS/words_cut") --memory-size 64 --hidden-size 128 "$@"; }
wide() { streams $TEN --memory-size 128 --hidden-size 256 "$@"; }
# Schedules of the first two were changed while they ran: 24 epochs were planned at first, then 38; 60, then 48.
narrow --init "$(dirname "$0")/../base.pt" --epochs "${FIRST:-38}" --stage-one 0.063 --learning-rate 0.003 --out "$RUNS/commands1.pt"
narrow --init "$RUNS/commands1.pt" --epochs "${SECOND:-48}" --stage-one 0 --learning-rate 0.002 --seed 2 --out "$RUNS/commands2.pt"
wide $COLLECTIONS $(optional --cut-words "$RUNS/words_cut") --init "$RUNS/commands2.pt" --epochs "${THIRD:-70}" --stage-one 0.12 \
  --learning-rate 0.002 --seed 3 --out "$RUNS/commands3.pt"
wide $ALL_HEARD $(optional --cut-words "$RUNS/words_cut_more") --init "$RUNS/commands3.pt" --epochs "${FOURTH:-36}" --stage-one 0 \
  --learning-rate 0.0015 --negative-weight 3 --keyword-streams 0.56 --speech-streams 0.28 --seed 5 --out "$RUNS/commands.pt"
kwsd-train export $WORDS $ALL_HEARD --keywords $TEN --checkpoint "$RUNS/commands.pt" --name commands \
  --out "$RUNS/commands-first.kwsm"
second commands "$RUNS/commands-first.kwsm" $TEN $COLLECTIONS $(optional --cut-words "$RUNS/words_cut")
kwsd-train calibrate $WORDS $ALL_HEARD $LEFT_OUT --per-hour 2 --highest no=0.7 "$RUNS/commands.kwsm"
[ -z "$LEFT_OUT" ] || kwsd-train measure $WORDS $ALL_HEARD $LEFT_OUT --words test --keywords $TEN --conditions "gated,echoed" \
  --json "$RUNS/commands.measured.json" "$RUNS/commands.kwsm"
kwsd-train golden --model "$RUNS/commands.kwsm" --out "$RUNS/commands.txt"
