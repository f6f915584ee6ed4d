#!/usr/bin/env python3
"""The README's pipelines into `kwsd run -i -`, with a recording in place of the microphone: pipelines_test.py SOURCE KWSD...

Each is run as the README has it, but for the name of what it records from, and into `cat` where the README has another
program. Programs that are not installed skip their tests.
"""
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

from environment import LIMIT, environment

source = pathlib.Path(sys.argv[1]).resolve()
command = sys.argv[2:]
demo = source / "tests/data/demo.wav"


def recipe(start):
    """The command of the README that begins with `start`."""
    text = (source / "README.md").read_text()
    found = re.search(r"^    (" + re.escape(start) + r"(?:.*\\\n)*.*)$", text, re.M)
    if found is None:
        raise AssertionError(f"README.md has no recipe that begins with {start}")
    return re.sub(r"\\\n\s*", "", found[1])


class Pipelines(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        (self.folder / "kwsd").write_text(f"#!/bin/sh\nexec {shlex.join(command)} \"$@\"\n")
        (self.folder / "kwsd").chmod(0o755)
        shutil.copy(demo, self.folder / "demo.wav")
        (self.folder / "demo.raw").write_bytes(demo.read_bytes()[44:])
        (self.folder / ".asoundrc").write_text(
            f'pcm.demo {{ type file slave.pcm "null" file /dev/null infile "{self.folder}/demo.raw" format "raw" }}\n')

    def run_pipeline(self, line):
        for program in {part.split()[0] for part in re.split(r"\||>\(", line)} - {"kwsd"}:
            if shutil.which(program) is None:
                self.skipTest(f"{program} is not installed")
        run = environment(source, HOME=self.folder, PATH=f"{self.folder}:{os.environ['PATH']}")
        return subprocess.run(["bash", "-o", "pipefail", "-c", line], cwd=self.folder, env=run, check=True,
                              capture_output=True, timeout=LIMIT).stdout

    def expected(self):
        out = subprocess.run([*command, "run", "-i", demo, "--no-wall-clock"], check=True, capture_output=True,
                             env=environment(source), timeout=LIMIT).stdout
        return self.words(out)

    def words(self, out):
        events = [json.loads(line) for line in out.splitlines()]
        return [(event["keyword"], event["end"]) for event in events if event["event"] == "detection"]

    def check(self, line):
        expected = self.expected()
        self.assertEqual(len(expected), 8)
        self.assertEqual(self.words(self.run_pipeline(line)), expected)

    def test_alsa(self):
        self.check(recipe("arecord -q -D plughw:1").replace("plughw:1", "demo -d 20"))

    def test_tee(self):
        line = recipe("arecord -q -t raw").replace("arecord -q", "arecord -q -D demo -d 20")
        sound = self.run_pipeline(line.replace("your-recognizer", "cat"))
        self.assertEqual(sound, demo.read_bytes()[44:44 + 20 * 32000])
        for _ in range(LIMIT):
            text = (self.folder / "words").read_text().split()
            if len(text) >= 8:
                break
            subprocess.run(["sleep", "1"], check=True)
        self.assertEqual(text, [word for word, _ in self.expected()])

    def test_sox(self):
        line = recipe("sox -q talk.mp3").replace("talk.mp3", "demo.wav").replace(" --format text", "")
        self.check(line)

    def test_gstreamer(self):
        self.check(recipe("gst-launch-1.0 -q alsasrc").replace("alsasrc", "filesrc location=demo.wav ! wavparse"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
