#!/bin/sh
# Leaves out one collection in turn: trains a net over streams from nothing without the collection, and counts its false
# accepts there. Writes leave-one-out.md and leave-one-out.json to RUNS.
#   leave-one-out.sh [COLLECTION...]     of: speechocean librispeech orders arabic noise [those that are present]
# EPOCHS [60], C [64] and H [128] choose the budget and the width of the nets, SPLIT [validation] the words, CONDITIONS
# ["gated,echoed,clipped,8 kHz,digital silence"] what is measured besides clean sound. With KWSD_EMBEDDING (commands.sh),
# each net is measured alone, and with a second stage that was trained without the collection, too. If run again, it
# resumes.
. "$(dirname "$0")/common.sh"
: "${EPOCHS:=60}" "${C:=64}" "${H:=128}" "${SPLIT:=validation}" "${CONDITIONS=gated,echoed,clipped,8 kHz,digital silence}"
SPEECH=$KWSD_DATA/speech
collection() {  # NAME: the options that measure on it
  case $1 in
    librispeech) for part in librispeech librispeech_28; do optional --collection "$SPEECH/$part" "$part="; done ;;
    arabic) optional --collection "$ARABIC_FOLDER" arabic= ;;
    noise) optional --collection "$KWSD_DATA/noise" noise= ;;
    *) optional --collection "$SPEECH/$1" "$1=" ;;
  esac
}
without() {  # NAME: the options that train on all others
  for part in librispeech librispeech_28 orders false_activations speechocean; do
    case $part in "$1"*) ;; *) optional --speech "$SPEECH/$part" ;; esac
  done
  [ "$1" = noise ] || optional --noise "$KWSD_DATA/noise"
  [ "$1" = arabic ] || optional --other-words "$ARABIC_FOLDER"
  if [ -d "$KWSD_DATA/words_cut" ]; then  # soNNNN_* are of speechocean, lsNNNN_* of LibriSpeech
    cut="$RUNS/words-cut-without-$1"
    case $1 in speechocean) theirs='so*' ;; librispeech) theirs='ls*' ;; *) theirs= ;; esac
    for word in "$KWSD_DATA"/words_cut/*/; do
      mkdir -p "$cut/$(basename "$word")"
      find "$word" -type f ! -name "$theirs" -exec cp -n {} "$cut/$(basename "$word")" \;
    done
    echo "--cut-words $cut"
  fi
}
measured() {  # NET JSON: on the collection that it was trained without
  [ -f "$2" ] || kwsd-train measure $WORDS $(optional --noise "$KWSD_DATA/noise") $on --cache "$RUNS/cache" --keywords $TEN \
    --words "$SPLIT" ${CONDITIONS:+--conditions "$CONDITIONS"} --json "$2" "$1"
}
[ $# -gt 0 ] || set -- speechocean librispeech orders arabic noise
for left in "$@"; do
  on=$(collection "$left")
  [ -n "$on" ] || continue
  ARABIC_WORDS=
  others=$(without "$left")
  net="$RUNS/without-$left"
  streams $TEN $others --cache "$RUNS/cache" --memory-size "$C" --hidden-size "$H" --epochs "$EPOCHS" --stage-one 0.12 \
    --learning-rate 0.003 --out "$net.pt"
  measured "$net.pt" "$net.json"
  [ -z "${KWSD_EMBEDDING-}" ] || [ -f "$RUNS/two-stages-without-$left.json" ] || {
    kwsd-train export $WORDS $others --cache "$RUNS/cache" --keywords $TEN --checkpoint "$net.pt" --name "without-$left" \
      --out "$net-first.kwsm"
    second "without-$left" $TEN $others --cache "$RUNS/cache"
    with_second "two-stages-without-$left" "$net-first.kwsm" "without-$left" $TEN $others --cache "$RUNS/cache"
    measured "$RUNS/two-stages-without-$left.kwsm" "$RUNS/two-stages-without-$left.json"
  }
done
python3 "$(dirname "$0")/leave_one_out.py" "$RUNS" >"$RUNS/leave-one-out.md"
cat "$RUNS/leave-one-out.md"
