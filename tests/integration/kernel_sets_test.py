#!/usr/bin/env python3
"""Every kernel set of kwsd recognises the same words in recorded clips.   kernel_sets_test.py SOURCE_DIR COMMAND...

Wants $KWSD_DATA/speech_commands; skips without."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

SOURCE, COMMAND = sys.argv[1], sys.argv[2:]
DATA = os.path.join(os.environ.get("KWSD_DATA", "/nowhere"), "speech_commands")
CLIPS = 60


def kwsd(*options):
    return subprocess.run(COMMAND + list(options), env=dict(os.environ, KWSD_MODEL_DIR=os.path.join(SOURCE, "models")),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True).stdout


def kernel_sets():
    return [k["name"] for k in json.loads(kwsd("info", "--json"))["kernels"] if k["supported"]]


@unittest.skipUnless(os.path.isdir(DATA), "no $KWSD_DATA/speech_commands")
class KernelSets(unittest.TestCase):
    def test_same_words(self):
        with open(os.path.join(DATA, "testing_list.txt")) as lines:
            clips = lines.read().split()
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as chosen:
            chosen.write("\n".join(clips[:: max(1, len(clips) // CLIPS)]) + "\n")
            chosen.flush()
            results = {name: json.loads(kwsd("eval", "--json", "--data", DATA, "--list", chosen.name, "--kernels", name))
                       for name in kernel_sets()}
        reference = results.pop("reference")
        self.assertGreater(reference["clips"], CLIPS / 2)
        for name, found in results.items():
            self.assertEqual(found["branches"], reference["branches"], name)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
