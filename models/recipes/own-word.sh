#!/bin/sh
# A model of one wake word or phrase, without a teacher: own-word.sh WORD [FOLDER]. FOLDER holds recordings of the word.
# Without FOLDER, the recipe takes the recordings of the word in KWSD_DATA; if there are none, synthetic voices alone say
# the word. All other recordings are negatives. Training starts from base.pt, except for words of KWSD_DATA: their models
# ship, and were trained from nothing. Leaves RUNS/WORD.kwsm; in file names, '_' stands for the spaces of a phrase.
. "$(dirname "$0")/common.sh"
word=${1:?a word} folder=${2:-}
name=$(printf %s "$word" | tr ' ' _)  # kwsd-train takes it for the same word; the lists of options hold no space
synthetic
voices="$RUNS/voices-$name" speakers=60 lowest=0.75 epochs=30
start="--init $(dirname "$0")/../base.pt --stage-one 0.3"
heard="--train-data $voices $ARABIC_WORDS"
SHARES="$NOISY $EDGES_MANY --unknown-share 12 --speech-share 0.35 --hard-share 0.15"
if [ -n "$folder" ]; then
  rm -f "$RUNS/own-$name"
  ln -s "$(cd "$folder" && pwd)" "$RUNS/own-$name"
  WORDS="$WORDS --own-word $name=$RUNS/own-$name"
elif [ ! -d "$COMMANDS/$word" ] && [ ! -d "$KWSD_DATA/wake_words/$word" ]; then
  # Synthetic voices alone: with recorded words among the negatives, the net would learn to detect synthetic speech. For
  # the same reason no synthetic speech chooses the thresholds; people score lower than synthetic voices, so the lowest
  # threshold is lower.
  WORDS="--data $voices" heard= speakers=240 lowest=0.6 epochs=24 SOUND="$SOUND $(optional --noise "$COMMANDS/_background_noise_")"
  [ ! -d "$KWSD_DATA/speech" ] || UNHEARD=
  SHARES="$NOISY $EDGES_MANY --unknown-share 8 --speech-share 0.1 --hard-share 0.12"
else
  start="--memory-size 64 --hidden-size 128 $KINDS --stage-one 0.4"
fi
kwsd-train synth --words "$word" -o "$voices" --speakers "$speakers" --per-speaker 2 --seed 11
kwsd-train train $WORDS $SOUND --threads 1 --data-threads 1 $SYNTHETIC $heard --keywords "$word" $SHARES --fragment-share 0.1 $start \
  --hed 0 --silence-share 2 --keyword-balance 1 --label-smoothing 0.02 --dropout 0.05 --branch-weights 1,1,1.2 \
  --epochs "${EPOCHS:-$epochs}" --batch-size 64 --learning-rate 0.003 --resume --out "$RUNS/$name.pt"
make_model "$name" "$word" --per-hour 1 --lowest-threshold "$lowest" --highest-threshold 0.9
