#!/bin/sh
# The tables of the article on BiFSMN, from a Speech Commands folder as it is downloaded: paper.py has the options.
#   paper.sh DATA [--epochs N] [--seeds K] [--out FOLDER]
# DATA: speech_commands_v0.01 or _v0.02 itself; a folder that contains one or both, and speech_commands_test_set_v0.0x;
# or one that contains speech_commands. kwsd-train is taken from PATH. If run again, it resumes where it stopped.
exec python3 "$(dirname "$0")/paper.py" "$@"
