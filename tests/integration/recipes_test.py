#!/usr/bin/env python3
"""The recipes run with Speech Commands alone, as it is downloaded, and with all recordings: every folder and file that
they give kwsd-train is there. kwsd-train itself is a stand-in that trains nothing.

usage: recipes_test.py SOURCE_DIR
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(sys.argv[1]).resolve()
RECIPES = SOURCE / "models/recipes"
TEN = "yes no up down left right on off stop go".split()

# Wants every input, makes every output.
STAND_IN = r"""#!/bin/sh
echo "$*" >>"$CALLS"
command=$1
require() { [ -e "$1" ] || { echo "kwsd-train $command: $1: no such file" >&2; exit 66; }; }
for last; do :; done
while [ $# -gt 1 ]; do
  case $1 in
    --data | --train-data | --test-data | --other-words | --speech | --held-out-speech | --noise | --teacher | --init | \
      --checkpoint | --model | --thresholds | --sentences) require "$2" ;;
    --own-word | --collection) require "${2#*=}" ;;
    --json) echo "$MEASURED" >"$2" ;;
    --out | --weights) : >"$2" && printf 'epoch\tloss\ttraining\tvalidation\tseconds\n1\t1\t1\t1\t1\n' >"${2%.*}.log" ;;
    -o) [ "$command" != synth ] || mkdir -p "$2/word" ;;
  esac
  shift
done
[ "$command" != calibrate ] || require "$last"
"""


# What kwsd-train measure says, shortened.
MEASURED = json.dumps({
    "words": [{"condition": "clean"}, {"condition": "10 dB"}, {"condition": "gated"}],
    "collections": [{"collection": "there", "condition": condition, "hours": 2.0,
                     "branches": {branch: {"per_hour": 3.0} for branch in ("full", "half", "quarter")}}
                    for condition in ("none", "gated")],
    "one_threshold": [{"per_hour": rate, "branches": {
        branch: {"threshold": 0.7, "worst": "there", "worst_per_hour": rate, "missed": [0.1, 0.3], "worst_hours": 2.0,
                 "worst_false_accepts": 2 * rate, "worst_bounds_95_percent": [rate / 20, rate * 5.6]}
        for branch in ("full", "half", "quarter")}} for rate in (0.5, 1, 2)]})


def make_words(root):
    for word in TEN + ["zero", "one", "five", "eight", "bed", "cat", "happy"]:
        (root / word).mkdir(parents=True)
        (root / word / "s1_nohash_0.wav").write_text("")
    (root / "_background_noise_").mkdir()


class Recipes(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        program = self.root / "bin/kwsd-train"
        program.parent.mkdir()
        program.write_text(STAND_IN)
        program.chmod(0o755)

    def run_recipe(self, name, *arguments, data, code=0):
        runs = self.root / "runs" / f"{data.name}-{name}-{len(arguments)}-{'-'.join(arguments[:1]).replace(' ', '_')}"
        calls = self.root / "calls"
        calls.write_text("")
        environment = {**os.environ, "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}", "KWSD_DATA": str(data),
                       "RUNS": str(runs), "CALLS": str(calls), "MEASURED": MEASURED, "KWSD_EMBEDDING": str(self.root)}
        result = subprocess.run(["sh", RECIPES / f"{name}.sh", *arguments], env=environment, capture_output=True, text=True,
                                timeout=300)
        self.assertEqual(result.returncode, code, f"{name}: {result.stderr}")
        return result, calls.read_text()

    def each(self, data):
        for name in ("ablation", "base", "commands-paper", "commands-small", "commands-window", "commands", "front-ends"):
            with self.subTest(recipe=name):
                self.run_recipe(name, data=data)
        own = self.root / "my recordings"
        own.mkdir(exist_ok=True)
        for arguments in (["marmalade"], ["marmalade", str(own)], ["yes"], ["hey marmalade"], ["hey marmalade", str(own)]):
            with self.subTest(recipe="own-word", arguments=arguments):
                self.run_recipe("own-word", *arguments, data=data)

    def test_with_speech_commands_alone(self):
        data = self.root / "only"
        make_words(data / "speech_commands")
        self.each(data)
        result, _ = self.run_recipe("arabic", data=data, code=66)
        self.assertIn("arabic_speech_commands: no such folder", result.stderr)

    def test_with_speech_commands_itself(self):
        data = self.root / "speech_commands_v0.02"
        make_words(data)
        self.each(data)

    def test_a_phrase_stays_one_argument(self):
        data = self.root / "only"
        make_words(data / "speech_commands")
        own = self.root / "my recordings"
        own.mkdir()
        program = self.root / "bin/kwsd-train"
        program.write_text(STAND_IN.replace('echo "$*"', 'printf "<%s>" "$@" >>"$CALLS"; echo', 1))
        for arguments in (["hey marmalade"], ["hey marmalade", str(own)]):
            _, calls = self.run_recipe("own-word", *arguments, data=data)
            self.assertIn("<synth><--words><hey marmalade>", calls)
            self.assertEqual(calls.count("<--keywords><hey marmalade>"), 2)  # train, export
            self.assertIn("hey_marmalade.kwsm>", calls)
        self.assertIn("<--own-word><hey_marmalade=", calls)

    def test_with_all_recordings_all_are_used(self):
        data = self.root / "all"
        make_words(data / "speech_commands")
        for folder in ("arabic_speech_commands/yes", "wake_words/computer", "wake_words/jarvis", "speech", "noise"):
            (data / folder).mkdir(parents=True)
        self.each(data)
        self.run_recipe("arabic", data=data)
        _, calls = self.run_recipe("commands-window", data=data)
        for option in (f"--own-word computer={data}/wake_words/computer", f"--own-word jarvis={data}/wake_words/jarvis",
                       f"--speech {data}/speech", f"--noise {data}/noise", f"--other-words {data}/arabic_speech_commands"):
            self.assertIn(option, calls)

    def test_each_collection_is_left_out_in_turn(self):
        data = self.root / "all"
        make_words(data / "speech_commands")
        sound = ["arabic_speech_commands", "noise", "speech/speechocean", "speech/librispeech", "speech/librispeech_28", "speech/orders"]
        for folder in (*sound, "words_cut/yes"):
            (data / folder).mkdir(parents=True)
        for name in ("so0010", "ls10"):
            (data / f"words_cut/yes/{name}_nohash_0.opus").touch()
        result, calls = self.run_recipe("leave-one-out", data=data)
        nets = [line.split("--out ")[1] for line in calls.splitlines() if line.startswith("train-streams")]
        self.assertEqual([net.rsplit("without-")[-1] for net in nets],
                         ["speechocean.pt", "librispeech.pt", "orders.pt", "arabic.pt", "noise.pt"])
        for trained in (line for line in calls.splitlines() if line.startswith("train-streams")):
            left = trained.rsplit("without-")[-1].removesuffix(".pt")
            for folder in sound:
                own = folder.rpartition("/")[2].startswith(left)
                self.assertEqual(f"{data}/{folder} " in trained, not own, (left, folder))
            cut = {path.name[:2] for path in pathlib.Path(nets[0]).parent.glob(f"words-cut-without-{left}/yes/*")}
            self.assertEqual(cut, {"so", "ls"} - {{"speechocean": "so", "librispeech": "ls"}.get(left)})
        for line in result.stdout.splitlines():
            self.assertTrue(not line.startswith("|") or line.endswith("|"), line)
        one_row = "| orders | 2.00 | full | 0.70 | 0.5 (0.0..2.8) | 10.0 | 30.0 |"  # 1 in 2 h
        self.assertEqual(result.stdout.count(one_row), 2)  # alone, and with a second stage
        self.assertEqual(result.stdout.count("| there | gated | 2.00 | 3.0 | 3.0 | 3.0 |"), 2 * len(nets))
        second = [line for line in calls.splitlines() if line.startswith(("train-second", "export-second"))]
        self.assertEqual(len(second), 3 * len(nets))  # two rounds, export
        for trained in second:
            left = re.search("/(?:two-stages-)?without-([a-z]*)", trained)[1]
            for folder in sound:
                own = folder.rpartition("/")[2].startswith(left)
                self.assertEqual(f"{data}/{folder} " in trained, not own, (left, folder))
        again, calls = self.run_recipe("leave-one-out", data=data)
        self.assertNotIn("measure", calls)
        self.assertEqual(again.stdout, result.stdout)

    def test_a_wake_word_starts_from_the_net_of_the_commands(self):
        data = self.root / "only"
        make_words(data / "speech_commands")
        self.run_recipe("commands", data=data)
        runs = self.root / "runs/only-commands-0-"
        os.rename(runs, self.root / "runs/only-wake-1-computer")
        _, calls = self.run_recipe("wake", "computer", data=data)
        self.assertIn("/commands.pt --epochs", calls)
        self.assertIn("--keywords computer", calls)
        self.assertRegex(calls, "train-second .*--keywords computer .*/commands-second.pt --stem-steps 0 ")
        self.assertRegex(calls, "export-second .*--checkpoint .*/computer-second.pt --first .*/computer-first.kwsm ")
        self.assertRegex(calls, "calibrate .*/computer.kwsm")

    def test_the_small_net_has_the_second_stage_of_the_commands(self):
        data = self.root / "only"
        make_words(data / "speech_commands")
        second = [[line for line in self.run_recipe(name, data=data)[1].splitlines() if line.startswith("train-second")]
                  for name in ("commands", "commands-small")]
        names = [[re.sub("/[^ ]*/", "", line) for line in lines] for lines in second]
        self.assertEqual(len(names[0]), 2)
        self.assertEqual(*names)
        _, calls = self.run_recipe("commands-small", data=data)
        self.assertRegex(calls, "export-second .*--checkpoint .*/commands-second.pt --first .*/commands-small-first.kwsm ")

    def test_what_is_no_speech_commands_is_named(self):
        (self.root / "nothing").mkdir()
        result, _ = self.run_recipe("commands", data=self.root / "nothing", code=66)
        self.assertIn("expected Speech Commands", result.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
