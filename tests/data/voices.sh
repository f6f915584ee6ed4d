#!/usr/bin/env bash
# How often the voices of demo.wav are found when nobody chooses: each of the six says each of the ten words at three
# paces (180 words).   tests/data/voices.sh path/to/kwsd-train path/to/kwsd
set -euo pipefail
train=$(realpath "${1:?usage: tests/data/voices.sh path/to/kwsd-train path/to/kwsd}") kwsd=$(realpath "$2")
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
{
  echo "noise -62"
  for word in yes no up down left right on off stop go; do
    for voice in $(awk -F'\t' '!/^#/ && NF > 3 && $2 ~ /@/ { sub(/@.*/, "", $2); print $2 }' "$here/demo.scene" | sort -u); do
      for pace in 0.9 1.0 1.1; do printf '1.0\t%s@%s\t%s\t%s\n' "$voice" "$pace" "$word" "$word"; done
    done
  done
} >"$folder/voices.scene"
"$train" synth --scene "$folder/voices.scene" --output "$folder/voices.wav" --labels "$folder/voices.tsv"
KWSD_MODEL_DIR="$here/../../models" "$kwsd" eval --stream "$folder/voices.wav" --labels "$folder/voices.tsv"
