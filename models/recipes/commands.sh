#!/bin/sh
# commands: ten words, BiFSMN with int8 front-end (16 channels) and memory filters.
. "$(dirname "$0")/common.sh"
synthetic; teacher; conv_teacher
train_commands() {
  kwsd-train train $REAL $SYNTHETIC --keywords $TEN $STUDENT --stage-one 0.2 --teacher "$RUNS/teacher.pt" $KINDS --convs 16x5/2x2,16x5/2x2 --resume \
    --out "$RUNS/commands.pt" "$@"
}
train_commands $EDGES_FEW --distill 0.8 --epochs 100 --stop-after 37
train_commands $EDGES_FEW --distill 0.8 --epochs 85 --stop-after 42
train_commands $EDGES_FEW --distill 0.8 --epochs 85 --stop-after 67 --branch-weights 1,0.8,0.8  # thin branches lagged
train_commands $EDGES_MANY --distill 0.5 --epochs 88 --branch-weights 1,0.8,0.8                 # for streams
# More running speech among the unknown, from commands.pt on.
kwsd-train train $REAL $SYNTHETIC --keywords $TEN $MILD $EDGES_MANY --unknown-share 9 --speech-share 0.5 --fragment-share 0.1 --hed 0 \
  --distill 0.3 --label-smoothing 0.05 --dropout 0.05 --stage-one 0 --branch-weights 1,0.8,0.8 --epochs 8 --batch-size 64 \
  --learning-rate 0.0007 --teacher "$RUNS/teacher.pt" $KINDS --convs 16x5/2x2,16x5/2x2 --resume --init "$RUNS/commands.pt" \
  --out "$RUNS/commands-speech.pt"
# Both teachers, more noise, and the running speech that the net takes for a keyword: hard negatives.
streams() {
  kwsd-train train $REAL $SYNTHETIC --keywords $TEN $NOISY $EDGES_MANY --unknown-share 8 --speech-share 0.3 --fragment-share 0.1 \
    --hard-share 0.12 --teacher "$RUNS/conv.pt" --teacher "$RUNS/teacher.pt" $KINDS --convs 16x5/2x2,16x5/2x2 --hed 0 --distill 0.6 \
    --label-smoothing 0 --dropout 0.05 --stage-one 0 --branch-weights 1,1,1.2 --batch-size 64 --resume "$@"
}
streams --init "$RUNS/commands-speech.pt" --epochs 40 --learning-rate 0.0018 --out "$RUNS/commands-streams.pt"
make_model commands-streams $TEN --lowest-threshold 0.5 --highest-threshold 0.8
# What ships: some more epochs on everything, with the thresholds and the figures from before.
streams --everything-trains --init "$RUNS/commands-streams.pt" --epochs 10 --learning-rate 0.0006 --out "$RUNS/commands-all.pt"
kwsd-train export $WORDS $SOUND --keywords $TEN --checkpoint "$RUNS/commands-all.pt" --name commands \
  --thresholds "$RUNS/commands-streams.kwsm" --out "$RUNS/commands-all.kwsm"
kwsd-train golden --model "$RUNS/commands-all.kwsm" --out "$RUNS/commands-all.txt"
