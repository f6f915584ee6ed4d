#!/bin/sh
# The 40 Arabic words as a task of their own, a check of the recipe: full-precision net, then the 1-bit one. The data
# set's validation list is the test; validation is cut from the training speakers. EPOCHS: of the 1-bit net (45).
. "$(dirname "$0")/common.sh"
FOLDER=$ARABIC_FOLDER
[ -d "$FOLDER" ] || { echo "$0: $FOLDER: no such folder: this task is Arabic Speech Commands" >&2; exit 66; }
FORTY=$(cd "$FOLDER" && ls -d */ | tr -d / | paste -sd ,)
ARABIC="--data $FOLDER --validation-list-is-test $(optional --noise "$KWSD_DATA/noise") --cache $RUNS/cache"
SHARES="--unknown-share 0 --silence-share 1"
kwsd-train train $ARABIC --threads 1 --data-threads 1 --keywords "$FORTY" $MILD $SHARES --neighbour-chance 0 --one-branch \
  --mixup 0.2 --epochs 60 --batch-size 64 --resume --out "$RUNS/arabic-teacher.pt"
kwsd-train train $ARABIC --threads 1 --data-threads 1 --keywords "$FORTY" $MILD $SHARES --neighbour-chance 0 \
  --teacher "$RUNS/arabic-teacher.pt" $KINDS --hed 0 --distill 0.8 --label-smoothing 0.05 --dropout 0.05 \
  --stage-one 0.2 --branch-weights 1,0.8,0.8 --epochs "${EPOCHS:-45}" --batch-size 64 --resume --out "$RUNS/arabic.pt"
kwsd-train export $ARABIC --keywords "$FORTY" --checkpoint "$RUNS/arabic.pt" --name arabic --out "$RUNS/arabic.kwsm"
kwsd-train test $ARABIC --keywords "$FORTY" --checkpoint "$RUNS/arabic-teacher.pt"
kwsd-train test $ARABIC --keywords "$FORTY" --model "$RUNS/arabic.kwsm"
