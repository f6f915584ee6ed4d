#!/usr/bin/env bash
# Makes the pictures of README.md and FIGURES.md.   .github/pictures/make.sh KWSD [RECORDINGS]
# RECORDINGS: a folder with speech_commands/, speech/ and noise/; without it the curve stays as it is.
set -euo pipefail
kwsd=$(realpath "${1:?usage: .github/pictures/make.sh KWSD [RECORDINGS]}")
cd "$(dirname "$0")/../.."

"$kwsd" live -i tests/data/demo.wav --screenshot .github/pictures/live.svg --at 17.4
! command -v chromium >/dev/null || python3 tests/integration/web_page_test.py --picture .github/pictures/web.png . "$kwsd"
[ $# -gt 1 ] || exit 0

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$kwsd" mix --words "$2/speech_commands" --list "$2/speech_commands/validation_list.txt" \
  --only yes,no,up,down,left,right,on,off,stop,go,bed,cat --count 30 --speech "$2/speech" --noise "$2/noise" \
  --snr 10 --floor-db off -o "$scratch/stream.wav"
"$kwsd" eval --stream "$scratch/stream.wav" --labels "$scratch/stream.tsv" --plot .github/pictures/curve.svg
