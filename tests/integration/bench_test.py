#!/usr/bin/env python3
"""kwsd bench, briefly: its table, its JSON and its picture.   bench_test.py SOURCE_DIR COMMAND..."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom

from environment import environment

SOURCE, COMMAND = os.path.abspath(sys.argv[1]), sys.argv[2:]
BRANCHES = ["full", "half", "quarter"]
STAGES = ["mfcc", "front_end", "memory", "expand", "project", "classifier"]


def bench(*options):
    return subprocess.run(COMMAND + ["bench", "--seconds", "0", "--kernels", "auto"] + list(options),
                          env=environment(SOURCE),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class Bench(unittest.TestCase):
    def test_json_and_picture(self):
        with tempfile.TemporaryDirectory() as folder:
            picture = os.path.join(folder, "split.svg")
            done = bench("--json", "--svg", picture)
            self.assertEqual(done.returncode, 0, done.stderr)
            xml.dom.minidom.parse(picture)
        report = json.loads(done.stdout)
        self.assertEqual(list(report["sets"]), [report["auto"]])
        for branch in BRANCHES:
            figures = report["sets"][report["auto"]][branch]
            self.assertEqual(list(figures["stages"]), STAGES)
            for timing in [figures["whole_window"], figures["in_stream"]] + list(figures["stages"].values()):
                self.assertGreater(timing["median"], 0)
                self.assertLessEqual(timing["low"], timing["median"])
                self.assertLessEqual(timing["median"], timing["high"])
            self.assertEqual("faster_than_float32" in figures, report["float32"] is not None)

    def test_the_new_steps_of_a_window_are_those_of_the_model(self):
        self.assertIn("96.0 ms later: 1 of the steps is new", bench("-m", "commands-window").stdout)
        self.assertIn("96.0 ms later: 2 of the steps are new", bench("-m", "commands").stdout)

    def test_bad_usage(self):
        for options, code, words in (["--kernels", "abacus"], 2, "abacus"), (["-m", "nosuch"], 66, "nosuch"), \
                (["--svg", SOURCE], 74, SOURCE):
            done = bench(*options)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(words, done.stderr)
            self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
