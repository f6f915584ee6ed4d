#!/bin/sh
# A wake word of anybody's, without a teacher: own-word.sh WORD [FOLDER]. FOLDER holds recordings of the word, any
# number; without it, the word is looked for among the recordings of KWSD_DATA, and where it is not there, synthetic
# voices alone say it. All other recordings are its negatives. It starts from base.pt; the words of KWSD_DATA do not: so
# those that ship were made. Leaves RUNS/WORD.kwsm.
. "$(dirname "$0")/common.sh"
word=${1:?a word} folder=${2:-}
synthetic
voices="$RUNS/voices-$word" speakers=60 lowest=0.75 epochs=30
start="--init $(dirname "$0")/../base.pt --stage-one 0.3"
heard="--train-data $voices $ARABIC_WORDS"
SHARES="$NOISY $EDGES_MANY --unknown-share 12 --speech-share 0.35 --hard-share 0.15"
if [ -n "$folder" ]; then
  rm -f "$RUNS/own-$word"
  ln -s "$(cd "$folder" && pwd)" "$RUNS/own-$word"  # the lists of options hold no path with a space
  WORDS="$WORDS --own-word $word=$RUNS/own-$word"
elif [ ! -d "$COMMANDS/$word" ] && [ ! -d "$KWSD_DATA/wake_words/$word" ]; then
  # No recorded words beside synthetic ones, and no synthetic speech to choose thresholds by: the net would tell the
  # word by its being synthetic. People score lower than the voices that thresholds are chosen by.
  WORDS="--data $voices" heard= speakers=240 lowest=0.6 epochs=24 SOUND="$SOUND $(optional --noise "$COMMANDS/_background_noise_")"
  [ ! -d "$KWSD_DATA/speech" ] || UNHEARD=
  SHARES="$NOISY $EDGES_MANY --unknown-share 8 --speech-share 0.1 --hard-share 0.12"
else
  start="--memory-size 64 --hidden-size 128 $KINDS --stage-one 0.4"
fi
kwsd-train synth --words "$word" -o "$voices" --speakers "$speakers" --per-speaker 2 --seed 11
kwsd-train train $WORDS $SOUND --threads 1 --data-threads 1 $SYNTHETIC $heard --keywords "$word" $SHARES --fragment-share 0.1 $start \
  --hed 0 --silence-share 2 --keyword-balance 1 --label-smoothing 0.02 --dropout 0.05 --branch-weights 1,1,1.2 \
  --epochs "${EPOCHS:-$epochs}" --batch-size 64 --learning-rate 0.003 --resume --out "$RUNS/$word.pt"
make_model "$word" "$word" --per-hour 1 --lowest-threshold "$lowest" --highest-threshold 0.9
