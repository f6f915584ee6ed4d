#!/bin/sh
# The effect of distillation, HED and TBA: the same data, epochs and start for every row; last epoch's accuracy on the
# validation list per branch, as a table. EPOCHS (default 12), SEEDS (default "1 2 3"), SIZE (network options).
. "$(dirname "$0")/common.sh"
synthetic; teacher
: "${EPOCHS:=12}" "${SEEDS:=1 2 3}" "${SIZE:=}"
row() {
  name=$1
  shift
  for seed in $SEEDS; do
    out="$RUNS/ablation-$name-$seed"
    kwsd-train train $REAL --keywords $TEN $MILD $EDGES_MANY $MIX $KINDS $(paper_convs 16) $SIZE --binarizer straight-through \
      --stage-one 0.25 --batch-size 64 --epochs "$EPOCHS" --init "$RUNS/teacher.pt" "$@" --seed "$seed" --resume \
      --out "$out.pt"
    tail -n 1 "$out.log" | awk -v name="$name" -v seed="$seed" -F '\t' '{
      printf "| %s | %s | %s |", name, seed, $1
      for (c = 4; c < NF; ++c) printf " %s |", $c
      print "" }' >>"$RUNS/ablation.md"
  done
}
T="--teacher $RUNS/teacher.pt"
[ -f "$RUNS/ablation.md" ] || printf '| variant | seed | epochs | 8 | 4 | 2 blocks |\n|---|---|---|---|---|---|\n' >"$RUNS/ablation.md"
for variant in ${VARIANTS:-vanilla distill hed tba hed-tba all}; do
  case $variant in
    vanilla) row vanilla --one-branch ;;
    distill) row distill --one-branch $T --hed 0 ;;
    hed) row hed --one-branch $T --hed 0.01 --distill 0 ;;
    tba) row tba ;;
    hed-tba) row hed-tba $T --hed 0.01 --distill 0 ;;
    all) row all $T --hed 0.01 --distill 0.8 ;;
  esac
done
