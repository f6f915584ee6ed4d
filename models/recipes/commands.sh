#!/bin/sh
# commands: ten words, BiFSMN with int8 front-end (16 channels) and memory filters.
. "$(dirname "$0")/common.sh"
synthetic; teacher
train_commands() {
  kwsd-train train $REAL $SYNTHETIC --keywords $TEN $STUDENT --stage-one 0.2 --teacher "$RUNS/teacher.pt" $KINDS --channels2 16 --resume \
    --out "$RUNS/commands.pt" "$@"
}
train_commands $EDGES_FEW --distill 0.8 --epochs 100 --stop-after 37
train_commands $EDGES_FEW --distill 0.8 --epochs 85 --stop-after 42
train_commands $EDGES_FEW --distill 0.8 --epochs 85 --stop-after 67 --branch-weights 1,0.8,0.8  # thin branches lagged
train_commands $EDGES_MANY --distill 0.5 --epochs 88 --branch-weights 1,0.8,0.8                 # for streams
# For streams: more running speech among the unknown, from commands.pt on.
STREAMS="$MILD $EDGES_MANY --unknown-share 9 --speech-share 0.5 --fragment-share 0.1 --hed 0 --distill 0.3 --label-smoothing 0.05
  --dropout 0.05 --stage-one 0 --branch-weights 1,0.8,0.8 --epochs 8 --batch-size 64 --learning-rate 0.0007"
train_streams() {
  kwsd-train train $REAL $SYNTHETIC --keywords $TEN $STREAMS --teacher "$RUNS/teacher.pt" $KINDS --channels2 16 --resume "$@"
}
train_streams --init "$RUNS/commands.pt" --out "$RUNS/commands-streams.pt"
make_model commands-streams $TEN --lowest-threshold 0.6 --highest-threshold 0.7 --highest go=0.6
# What ships: some more epochs on everything, the same way, with the thresholds and the figures from before.
kwsd-train train $REAL $SYNTHETIC --everything-trains --keywords $TEN $STUDENT $EDGES_MANY --distill 0.5 --stage-one 0 \
  --branch-weights 1,0.8,0.8 --teacher "$RUNS/teacher.pt" --init "$RUNS/commands.pt" $KINDS --channels2 16 --epochs 15 \
  --learning-rate 0.0006 --resume --out "$RUNS/commands-all.pt"
train_streams --everything-trains --init "$RUNS/commands-all.pt" --out "$RUNS/commands-all-streams.pt"
kwsd-train export $WORDS $SOUND --keywords $TEN --checkpoint "$RUNS/commands-all-streams.pt" --name commands \
  --thresholds "$RUNS/commands-streams.kwsm" --out "$RUNS/commands-all.kwsm"
kwsd-train golden --model "$RUNS/commands-all.kwsm" --out "$RUNS/commands-all.txt"
