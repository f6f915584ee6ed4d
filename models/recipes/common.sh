# Shared by all recipes. Set KWSD_DATA to the recordings and RUNS to a folder for checkpoints; kwsd-train is taken from
# PATH. One thread computes and one makes batches: several trainings can run in parallel. KWSD_DATA contains
# speech_commands/, or is Speech Commands as downloaded; of the other recordings (models/*.md), those present are used:
# arabic_speech_commands/, wake_words/, speech/, noise/.
set -eu
: "${KWSD_DATA:?folder of the recordings}" "${RUNS:=runs}"
export OMP_WAIT_POLICY=PASSIVE OPENBLAS_NUM_THREADS=1
export MALLOC_TRIM_THRESHOLD_=4000000000 MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TOP_PAD_=67108864
mkdir -p "$RUNS"
TEN=yes,no,up,down,left,right,on,off,stop,go
COMMANDS=$KWSD_DATA/speech_commands
[ -d "$COMMANDS" ] || COMMANDS=$KWSD_DATA
[ -d "$COMMANDS/yes" ] || { echo "$0: $KWSD_DATA: no speech_commands/ in it, and no folder yes, expected Speech Commands" >&2; exit 66; }
optional() {  # OPTION FOLDER [WORD=]: the option, where the folder is there
  [ ! -d "$2" ] || echo "$1 ${3:-}$2"
}
ARABIC_FOLDER=$KWSD_DATA/arabic_speech_commands
ARABIC_WORDS=$(optional --other-words "$ARABIC_FOLDER")
WORDS="--data $COMMANDS $(optional --own-word "$KWSD_DATA/wake_words/computer" computer=)
  $(optional --own-word "$KWSD_DATA/wake_words/jarvis" jarvis=)"
SOUND="$(optional --speech "$KWSD_DATA/speech") $(optional --noise "$KWSD_DATA/noise") --cache $RUNS/cache"
REAL="$WORDS $SOUND $ARABIC_WORDS --threads 1 --data-threads 1"
SYNTHETIC="--train-data $RUNS/synth --train-data $RUNS/synth2"
MILD="--room-chance 0.3 --snr-low 5 --noise-chance 0.7 --spec-chance 0.5 --gain-low -20 --microphone-chance 0.4
  --clip-chance 0.03 --babble-chance 0.15"
noisy() {  # HIGHEST SNR, dB
  echo "--room-chance 0.3 --snr-low 0 --snr-high $1 --noise-chance 0.7 --spec-chance 0.5 --gain-low -20 --microphone-chance 0.4" \
    "--clip-chance 0.03 --babble-chance 0.15"
}
NOISY=$(noisy 30)
EDGES_FEW="--neighbour-chance 0.15"
EDGES_MANY="--neighbour-chance 0.5"
MIX="--unknown-share 6 --speech-share 0.25 --fragment-share 0.1"
NEGATIVES="--unknown-share 8 --speech-share 0.3 --fragment-share 0.1"

. "$(dirname "$0")/held-out.sh"

# Synthetic voices: the ten words; words that sound like them, and everyday ones.
synthetic() {
  [ -f "$RUNS/synth.done" ] && return
  kwsd-train synth --words $TEN -o "$RUNS/synth" --speakers 70 --per-speaker 2 --seed 7
  kwsd-train synth --words note,stock,ride,lift,light,town,dawn,cup,yet,goat,gold,oven,top,low,open,want,bed,cat,house,seven,please,hello,morning,apple \
    -o "$RUNS/synth" --speakers 50 --per-speaker 1 --seed 8
  kwsd-train synth --words toe,row,snow,show,goal,ghost,own,nope,yeah,guess,less,best,cop,done,noun,brown,laughed,theft,let,loft,fight,night,bite,ring,rice,arm,on_it=onion,awful,often,cough,step,top_up=topic,stuff,dock,store,god,ago,girl,good,play,wait,what,sure,maybe,thanks,okay,music,volume,weather,number,people,water,after,because,under,alarm,timer,window,kitchen,sunday \
    -o "$RUNS/synth2" --speakers 40 --per-speaker 1 --seed 9
  touch "$RUNS/synth.done"
}

# The full-precision net, teacher of all others, in three rounds, each from where the last one ended.
teacher() {
  [ -f "$RUNS/teacher.done" ] && return
  kwsd-train train $REAL --keywords $TEN $MILD $EDGES_FEW $(paper_convs 32) --one-branch --mixup 0.2 --epochs 70 --batch-size 64 --resume \
    --out "$RUNS/teacher1.pt"
  kwsd-train train $REAL --keywords $TEN $MILD $EDGES_FEW $MIX $(paper_convs 32) --one-branch --init "$RUNS/teacher1.pt" --epochs 40 --batch-size 64 \
    --resume --out "$RUNS/teacher2.pt"
  kwsd-train train $REAL --keywords $TEN $MILD $EDGES_FEW $MIX $(paper_convs 32) --one-branch --init "$RUNS/teacher2.pt" --epochs 45 --batch-size 64 \
    --learning-rate 0.0025 --label-smoothing 0.05 --resume --out "$RUNS/teacher.pt"
  touch "$RUNS/teacher.done"
}

# A second teacher, of another architecture: a conv net, which is more accurate on unknown speakers.
conv_teacher() {
  [ -f "$RUNS/conv.done" ] && return
  kwsd-train train $REAL $SYNTHETIC --keywords $TEN $MILD --neighbour-chance 0.4 $MIX --architecture conv --init "$RUNS/teacher.pt" \
    --mixup 0.2 --epochs 45 --batch-size 64 --learning-rate 0.003 --label-smoothing 0.05 --resume --out "$RUNS/conv.pt"
  touch "$RUNS/conv.done"
}

# Three wide conv nets, of 1.6 to 6.2 million parameters, which are even more accurate on unknown speakers: wide NAME
# CHANNELS [OPTIONS]. Made for a GPU: on an H100 all three together took six minutes, on a core the smallest takes six
# hours (112 s an epoch).
wide() {
  [ -f "$RUNS/$1.done" ] && return
  out=$1 channels=$2
  shift 2
  kwsd-train train $REAL $SYNTHETIC --keywords $TEN --architecture conv --convs "${channels}x5/1x2,32x3/2x2,32x3/1x1,32x3/2x2" \
    --init "$RUNS/conv.pt" --batch-size 128 --learning-rate 0.002 --label-smoothing 0.02 --resume --out "$RUNS/$out.pt" "$@"
  touch "$RUNS/$out.done"
}
wide_teachers() {
  wide wide48 48 $NOISY $EDGES_MANY $MIX --mixup 0.2 --dropout 0.2 --weight-decay 0.03 --epochs 199 --seed 13
  wide wide64 64 $NOISY $EDGES_MANY $NEGATIVES --hard-share 0.15 --mixup 0.3 --dropout 0.2 --weight-decay 0.03 --epochs 99 --seed 11
  wide wide96 96 $MILD --neighbour-chance 0.4 $MIX --mixup 0.4 --dropout 0.3 --weight-decay 0.05 --epochs 155 --seed 12
}
WIDE="--teacher $RUNS/wide64.pt --teacher $RUNS/wide96.pt --teacher $RUNS/wide48.pt"

# The paper's front-end, whose convs slide over coefficients; and one whose convs slide over mel bands:
# CHANNELS of the inner convs, TIME STRIDE of the last.
paper_convs() { echo "--no-spectrum --convs 16x5/2x2,$1x5/2x2"; }
mel_convs() { echo "--convs 24x5/1x2,$1x3/2x2,$1x3/1x1,32x3/$2x2 --blocks 12"; }

# Ten epochs of a full-precision D-FSMN from nothing, taught by the conv net: from_nothing NAME [OPTIONS]
from_nothing() {
  out=$1
  shift
  kwsd-train train $REAL $SYNTHETIC --keywords $TEN $MILD --neighbour-chance 0.4 $MIX --one-branch --teacher "$RUNS/conv.pt" --hed 0 \
    --distill 0.7 --label-smoothing 0.05 --batch-size 64 --learning-rate 0.003 --epochs "${SHAPE_EPOCHS:-10}" --resume \
    --out "$RUNS/$out.pt" "$@"
}

# The full-precision D-FSMN over mel bands, taught by the conv net: the first of two teachers of the shipped net.
mel_teacher() {
  [ -f "$RUNS/mel.done" ] && return
  from_nothing mel1 --steps 15 --convs 24x5/1x2,48x3/2x2,48x3/1x1,48x3/1x2
  kwsd-train train $REAL $SYNTHETIC --keywords $TEN $(noisy 35) --neighbour-chance 0.45 $MIX --one-branch \
    --init "$RUNS/mel1.pt" --teacher "$RUNS/conv.pt" --hed 0 --distill 0.6 --label-smoothing 0.05 --batch-size 64 --learning-rate 0.003 \
    --steps 15 $(mel_convs 40 1) --epochs 32 --resume --out "$RUNS/mel.pt"
  touch "$RUNS/mel.done"
}

# Every layer as the daemon runs it: pointwise convs 1-bit, the others int8.
KINDS="--pointwise bit1 --memory int8 --conv2 int8 --linear int8"
STREAMS="$NOISY $EDGES_MANY $NEGATIVES --hard-share 0.18 $KINDS --hed 0 --label-smoothing 0 --resume"
STUDENT="$MILD $MIX --hed 0 --label-smoothing 0.05 --dropout 0.05 --batch-size 64"

# Nets over streams: the collections of speech and noise that all of them are trained on, and streams KEYWORDS [OPTIONS].
COLLECTIONS="$(optional --noise "$KWSD_DATA/noise") --cache $RUNS/cache"
for speech in librispeech librispeech_28 orders false_activations; do
  COLLECTIONS="$COLLECTIONS $(optional --speech "$KWSD_DATA/speech/$speech")"
done
OF_STREAMS="--snr-low 0 --snr-high 30 --room-chance 0.25 --noise-chance 0.7 --gain-low -20 --microphone-chance 0.35 --clip-chance 0.05
  --babble-chance 0.15 --spec-chance 0.4 --keyword-balance 0.9 --stretch-chance 0.1 --epoch-steps 200 --resume"
streams() {
  words=$1
  shift
  kwsd-train train-streams $WORDS $ARABIC_WORDS --keywords "$words" $KINDS $OF_STREAMS --blocks 8 "$@"
}

# Every second speaker of speechocean762, and the words cut out of their speech, are left out of the nets over streams:
# false accepts are counted on them. Sets ALL_HEARD and CUT_HEARD, what the others of them are part of, CUT, the cut words
# of no learner, and LEFT_OUT.
learners() {
  [ -f "$RUNS/parts.done" ] || {
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
  }
  ALL_HEARD="$COLLECTIONS $(optional --speech "$RUNS/learners_heard")"
  CUT=$(optional --cut-words "$RUNS/words_cut")
  CUT_HEARD=$(optional --cut-words "$RUNS/words_cut_more")
  LEFT_OUT=$(optional --collection "$RUNS/learners_left_out" speechocean=)
}

# The options of all trainings of a second stage.
train_second() {
  kwsd-train train-second $WORDS $ARABIC_WORDS $OF_STREAMS --embedding "$KWSD_EMBEDDING" --int8 --steps 10 --threads 2 "$@"
}

# A second stage, RUNS/NAME-second.pt, which starts from the speech embedding in the folder KWSD_EMBEDDING and has heard the
# collections alone that follow: second NAME KEYWORDS [OPTIONS]. Two rounds: in the first, the first ten convs stay as they
# are after the stem's steps, in the other the first four.
second() {
  name=$1 words=$2
  shift 2
  train_second --keywords "$words" "$@" --stem-steps 600 --frozen-convs 10 --learning-rate 0.003 --epochs "${SECOND_STAGE:-26}" \
    --out "$RUNS/$name-second1.pt"
  train_second --keywords "$words" "$@" --init "$RUNS/$name-second1.pt" --stem-steps 0 --frozen-convs 4 --vector-weight 2 \
    --learning-rate 0.002 --seed 11 --epochs "${SECOND_STAGE_MORE:-20}" --out "$RUNS/$name-second.pt"
}

# RUNS/NAME.kwsm, the model FIRST with the second stage of that name: with_second NAME FIRST SECOND KEYWORDS [OPTIONS]
with_second() {
  name=$1 first=$2 second=$3 words=$4
  shift 4
  kwsd-train export-second $WORDS "$@" --keywords "$words" --checkpoint "$RUNS/$second-second.pt" --first "$first" --name "$name" \
    --out "$RUNS/$name.kwsm"
}

# The figures of the card of RUNS/NAME.kwsm: figures NAME KEYWORDS
figures() {
  [ -z "$LEFT_OUT" ] || kwsd-train measure $WORDS $ALL_HEARD $LEFT_OUT --words test --keywords "$2" --conditions "gated,echoed" \
    --json "$RUNS/$1.measured.json" "$RUNS/$1.kwsm"
}

# The ten words in two stages, RUNS/NAME.kwsm: the second stage of commands.sh for the net RUNS/NAME.pt, thresholds and
# figures from the learners that are left out, and golden tensors: two_stages NAME
two_stages() {
  kwsd-train export $WORDS $ALL_HEARD --keywords $TEN --checkpoint "$RUNS/$1.pt" --name "$1" --out "$RUNS/$1-first.kwsm"
  second commands $TEN $COLLECTIONS $CUT
  with_second "$1" "$RUNS/$1-first.kwsm" commands $TEN $COLLECTIONS $CUT
  kwsd-train calibrate $WORDS $ALL_HEARD $LEFT_OUT --per-hour 2 --highest no=0.7 "$RUNS/$1.kwsm"
  figures "$1" "$TEN"
  kwsd-train golden --model "$RUNS/$1.kwsm" --out "$RUNS/$1.txt"
}

# The shipped ten-word net: a checkpoint that was trained on everything, with the thresholds of the same net before that
# (NAME-lists), and golden tensors: ship NAME
ship() {
  kwsd-train export $WORDS $SOUND --keywords $TEN --checkpoint "$RUNS/$1-all.pt" --name "$1" --thresholds "$RUNS/$1-lists.kwsm" \
    --out "$RUNS/$1-all.kwsm"
  kwsd-train golden --model "$RUNS/$1-all.kwsm" --out "$RUNS/$1-all.txt"
}

# Synthetic running speech, on which thresholds are chosen in addition to the recorded speech.
UNHEARD="--held-out-speech $RUNS/speech-a --held-out-speech $RUNS/speech-b"

# Model file from a checkpoint, with thresholds and golden tensors: make_model NAME KEYWORDS [OPTIONS OF CALIBRATE]
make_model() {
  name=$1 keywords=$2
  shift 2
  kwsd-train export $WORDS $SOUND --keywords "$keywords" --checkpoint "$RUNS/$name.pt" --name "$name" --out "$RUNS/$name.kwsm"
  [ -z "$UNHEARD" ] || held_out
  kwsd-train calibrate $WORDS $SOUND $UNHEARD "$@" "$RUNS/$name.kwsm"
  kwsd-train golden --model "$RUNS/$name.kwsm" --out "$RUNS/$name.txt"
}
