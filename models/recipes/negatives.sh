#!/bin/sh
# The negatives shipped with kwsd: models/negatives.kwsn (negatives.md). KWSD_DATA holds the recordings, MODEL is the
# base network. speech/speechocean/ is left out, so that false accepts can be counted on a collection that the file does
# not contain; noise/music is left out because its licence requires more than attribution.
set -eu
: "${KWSD_DATA:?folder of the recordings}" "${RUNS:=runs}" "${MODEL:=$(dirname "$0")/../base.kwsm}"
mkdir -p "$RUNS"
kwsd-train negatives -m "$MODEL" -o "$RUNS/negatives.kwsn" --bytes 6000000 --most 1200 \
  --speech librispeech="$KWSD_DATA/speech/librispeech" --licence "librispeech=CC BY 4.0, LibriSpeech, Panayotov et al. 2015" \
  --speech librispeech_28="$KWSD_DATA/speech/librispeech_28" --licence "librispeech_28=CC BY 4.0, LibriSpeech, Panayotov et al. 2015" \
  --speech orders="$KWSD_DATA/speech/orders" --licence "orders=Apache-2.0, Picovoice speech-to-intent-benchmark" \
  --speech false_activations="$KWSD_DATA/speech/false_activations" --licence "false_activations=copyright waived, OVOS-WW-community" \
  --words speech_commands="$KWSD_DATA/speech_commands" --licence "speech_commands=CC BY 4.0, Google Speech Commands, Warden 2018" \
  --words arabic="$KWSD_DATA/arabic_speech_commands" --licence "arabic=CC BY 4.0, Arabic Speech Commands, Ghandoura et al. 2021" \
  --noise esc10="$KWSD_DATA/noise/esc10" --licence "esc10=CC BY, ESC-10, Piczak 2015" \
  --noise rooms="$KWSD_DATA/noise/bg_noise" --licence "rooms=copyright waived, OVOS-WW-community" \
  --noise knocks="$KWSD_DATA/noise/double_mic_tap" --licence "knocks=copyright waived, OVOS-WW-community"
