#!/usr/bin/env bash
# Makes the recordings in this folder from their scenes, with the voices of Debian 12's espeak-ng, flite and
# festival.   tests/data/make.sh path/to/kwsd-train
set -euo pipefail
train=$(realpath "${1:?usage: tests/data/make.sh path/to/kwsd-train}")
cd "$(dirname "$0")"
for scene in *.scene; do
  name=${scene%.scene}
  "$train" synth --scene "$scene" --output "$name.wav" --labels "$name.tsv"
done
