#!/usr/bin/env python3
"""The recipes run with Speech Commands alone, as it is downloaded, and with all recordings: every folder and file that
they give kwsd-train is there. kwsd-train itself is a stand-in that trains nothing.

usage: recipes_test.py SOURCE_DIR
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(sys.argv[1])
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
    --own-word) require "${2#*=}" ;;
    --out | --weights) : >"$2" && printf 'epoch\tloss\ttraining\tvalidation\tseconds\n1\t1\t1\t1\t1\n' >"${2%.*}.log" ;;
    -o) [ "$command" != synth ] || mkdir -p "$2/word" ;;
  esac
  shift
done
[ "$command" != calibrate ] || require "$last"
"""


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
                       "RUNS": str(runs), "CALLS": str(calls)}
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

    def test_what_is_no_speech_commands_is_named(self):
        (self.root / "nothing").mkdir()
        result, _ = self.run_recipe("commands", data=self.root / "nothing", code=66)
        self.assertIn("expected Speech Commands", result.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
