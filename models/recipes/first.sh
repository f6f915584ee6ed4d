# What commands-small.sh and wake-word.sh share: the first recipe, which made the files that ship. Its synthetic voices
# included festival's, and other speech was heard at one edge of a window only. Set KWSD_DATA to the recordings and
# RUNS to a folder for checkpoints, not that of the other recipes; kwsd-train is taken from PATH.
set -eu
: "${KWSD_DATA:?folder of the recordings}" "${RUNS:=runs-first}"
export OMP_WAIT_POLICY=PASSIVE OPENBLAS_NUM_THREADS=1
mkdir -p "$RUNS"
TEN=yes,no,up,down,left,right,on,off,stop,go
REAL="--data $KWSD_DATA/speech_commands --own-word computer=$KWSD_DATA/wake_words/computer
  --own-word jarvis=$KWSD_DATA/wake_words/jarvis --speech $KWSD_DATA/speech --noise $KWSD_DATA/noise
  --cache $RUNS/cache"
THREADS="--threads 1 --data-threads 1"
SYNTHETIC="--data $RUNS/synth"
MILD="--room-chance 0.3 --snr-low 5 --noise-chance 0.7 --neighbour-chance 0.15 --spec-chance 0.5 --gain-low -20
  --microphone-chance 0.4 --clip-chance 0.03 --babble-chance 0.15"

# Synthetic voices: the ten words, and words that sound like them.
synthetic() {
  [ -d "$RUNS/synth" ] && return
  kwsd-train synth --words $TEN -o "$RUNS/synth" --speakers 70 --per-speaker 2 --seed 7
  kwsd-train synth --words note,of,stock,ride,lift,light,town,dawn,cup,yet,goat,gold,oven,top,low,open,want,write,bed,cat,house,seven,please,hello,morning,apple \
    -o "$RUNS/synth" --speakers 50 --per-speaker 1 --seed 8
}

. "$(dirname "$0")/held-out.sh"

# The full-precision net that everything is distilled from: hard augmentation first, then milder.
teacher() {
  [ -f "$RUNS/teacher.done" ] && return
  kwsd-train train $REAL $THREADS --keywords $TEN --one-branch --epochs 50 --mixup 0.3 --resume --out "$RUNS/teacher1.pt"
  kwsd-train train $REAL $THREADS --keywords $TEN $MILD --one-branch --init "$RUNS/teacher1.pt" --epochs 64 --batch-size 64 \
    --resume --out "$RUNS/teacher.pt"
  touch "$RUNS/teacher.done"
}

# Binary activations with real weights: where the ten-word students start.
stage_one() {
  [ -f "$RUNS/stage1.done" ] && return
  kwsd-train train $REAL $THREADS --keywords $TEN --pointwise bit1 --memory int8 --conv2 int8 --linear bits4 --stage-one 1 \
    --epochs 18 --resume --out "$RUNS/stage1a.pt"
  kwsd-train train $REAL $THREADS --keywords $TEN $MILD --init "$RUNS/stage1a.pt" --pointwise bit1 --memory int8 --conv2 int8 \
    --linear bits4 --stage-one 1 --epochs 24 --batch-size 64 --resume --out "$RUNS/stage1.pt"
  touch "$RUNS/stage1.done"
}

# Model file from a checkpoint, with thresholds and golden tensors: make_model NAME KEYWORDS [OPTIONS OF CALIBRATE]
make_model() {
  name=$1 keywords=$2
  shift 2
  kwsd-train export $REAL --keywords "$keywords" --checkpoint "$RUNS/$name.pt" --name "$name" --out "$RUNS/$name.kwsm"
  held_out
  kwsd-train calibrate $REAL --held-out-speech "$RUNS/speech-a" --held-out-speech "$RUNS/speech-b" \
    --per-hour 1 "$@" "$RUNS/$name.kwsm"
  kwsd-train golden --model "$RUNS/$name.kwsm" --out "$RUNS/$name.txt"
}
