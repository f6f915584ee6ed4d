#!/usr/bin/env python3
"""recipes/paper.sh from end to end, on a made-up data set of 35 words in the public layout: with the official balanced
test folder and without, interrupted and resumed.

usage: paper_test.py SOURCE_DIR KWSD_TRAIN
"""
import array
import json
import math
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import unittest
import wave

from environment import LIMIT, environment

SOURCE = pathlib.Path(sys.argv[1]).resolve()
KWSD_TRAIN = pathlib.Path(sys.argv[2])
RATE = 16000
TEN = "yes no up down left right on off stop go".split()
OTHERS = ("backward bed bird cat dog eight five follow forward four happy house learn marvin nine one seven sheila six three "
          "tree two visual wow zero").split()
ONLY_V2 = {"backward", "forward", "follow", "learn", "visual"}
SPEAKERS = 4
# Nets so small that an epoch takes less than a second.
TINY = ["--epochs", "1", "--seeds", "1", "--batch-size", "16", "--widths", "fsmn-2015=8,vgg19=2,bc-resnet=4,audiomer=1",
        "--shape", "--no-spectrum --convs 16x5/2x2,16x5/2x2 --memory-size 16 --hidden-size 16 --blocks 4",
        "--train", "--no-augment --room-chance 0"]


def write_wav(path, hz, seed):
    noise = random.Random(f"{hz} {seed}")
    samples = array.array("h", (int(5000 * math.sin(2 * math.pi * hz * i / RATE) * (4000 < i < 11000) + noise.randrange(-9, 9))
                                for i in range(RATE)))
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


def make_version(root, words):
    """Speaker 0 validates, speaker 1 tests."""
    for number, word in enumerate(words):
        for speaker in range(SPEAKERS):
            write_wav(root / word / f"{speaker:08x}_nohash_0.wav", 200 + 60 * number, speaker)
    for name, speaker in (("validation_list.txt", 0), ("testing_list.txt", 1)):
        (root / name).write_text("".join(f"{word}/{speaker:08x}_nohash_0.wav\n" for word in words))
    write_wav(root / "_background_noise_/white_noise.wav", 0, 1)
    (root / "_background_noise_/README.md").write_text("noise\n")
    (root / "LICENSE").write_text("made up\n")


class Paper(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name)
        cls.data = cls.root / "data"
        make_version(cls.data / "speech_commands_v0.02", TEN + OTHERS)
        make_version(cls.data / "speech_commands_v0.01", TEN + [word for word in OTHERS if word not in ONLY_V2])
        official = cls.data / "speech_commands_test_set_v0.02"
        for number, word in enumerate(TEN):
            for speaker in (1, 5):
                write_wav(official / word / f"{speaker:08x}_nohash_0.wav", 200 + 60 * number, speaker)
        for speaker in range(3):
            write_wav(official / "_unknown_" / f"{speaker:08x}_nohash_0.wav", 1500, speaker)
            write_wav(official / "_silence_" / f"{speaker}.wav", 0, speaker)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def paper(self, data, out, *arguments, code=0, **extra):
        variables = environment(PATH=f"{KWSD_TRAIN.resolve().parent}:{os.environ['PATH']}")
        result = subprocess.run(["sh", SOURCE / "models/recipes/paper.sh", data, "--out", self.root / out, *TINY, *arguments],
                                env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=LIMIT, **extra)
        self.assertEqual(result.returncode, code, result.stderr[-3000:])
        return result.stderr

    def test_all_tables_with_the_official_test_set_and_without_and_again(self):
        data = self.data / "speech_commands_v0.02"
        told = self.paper(data, "v2")
        self.assertIn("epochs left, about", told)
        tables = json.loads((self.root / "v2/paper.json").read_text())
        entry = tables["data_sets"]["V2-12"]
        self.assertEqual(entry["clips"], 10 * 2 + 3 + 3)
        self.assertIn("speech_commands_test_set_v0.02", entry["protocol"])
        self.assertEqual(list(entry["tables"]["1"]),
                         ["full precision", "vanilla", "distillation", "HED", "TBA", "HED and TBA"])
        self.assertEqual(set(entry["tables"]["2"]) - set(entry["tables"]["1"]),
                         {"BNN", "DoReFa", "XNOR", "Bi-Real", "IR-Net", "RAD", "BiFSMN_S"})
        self.assertEqual(len(entry["tables"]["3"]), 1 + 4 * 3)
        for name, row in {**entry["tables"]["1"], **entry["tables"]["2"], **entry["tables"]["3"]}.items():
            self.assertTrue(all(0 <= value <= 100 for seed in row["accuracy"] for value in seed), name)
            self.assertGreater(row["parameters"], 100, name)
        self.assertEqual(len(entry["tables"]["1"]["HED and TBA"]["accuracy"]), 1)     # seeds
        self.assertEqual(len(entry["tables"]["1"]["HED and TBA"]["accuracy"][0]), 3)  # branches
        full, vanilla = (entry["tables"]["1"][name]["branches"][0] for name in ("full precision", "vanilla"))
        self.assertEqual(full["binary"], 0)
        self.assertAlmostEqual(full["real"], vanilla["real"] + vanilla["binary"])
        text = (self.root / "v2/paper.md").read_text()
        for row in ("| HED and TBA |", "| BiFSMN_S |", "| Audiomer IR-Net |", "standard error"):
            self.assertIn(row, text)
        self.assertEqual(text.count("\n### Table"), 3)

        # Again: nothing is left to do. After an interruption, the rest.
        self.assertNotIn("epochs left", self.paper(data, "v2"))
        base = self.root / "v2" / "V2-12-1-xnor-1"
        before = json.loads((base.with_suffix(".json")).read_text())
        base.with_suffix(".json").unlink()
        base.with_suffix(".pt").unlink()
        told = self.paper(data, "v2")
        self.assertEqual(re.findall(r"^paper.sh: (\d+ of .*)$", told, re.M)[0].partition(": ")[2],
                         "V2-12, XNOR, seed 1; 1 epochs left")
        self.assertEqual(len(re.findall(r"^paper.sh: \d+ of ", told, re.M)), 1)
        self.assertEqual(json.loads((base.with_suffix(".json")).read_text()), before)

        # Both versions: of the second, nothing is left to do.
        told = self.paper(self.data, "v2", "--tables", "1")
        self.assertEqual(len(re.findall(r"^paper.sh: \d+ of ", told, re.M)), 6)
        tables = json.loads((self.root / "v2/paper.json").read_text())["data_sets"]
        self.assertEqual(list(tables), ["V1-12", "V2-12"])
        self.assertEqual(tables["V1-12"]["clips"], 10 + 1 + 1)  # keywords, unknown, silence
        self.assertIn("testing list", tables["V1-12"]["protocol"])
        self.assertIn("official", tables["V2-12"]["protocol"])
        # Another seed, of one version alone: the first is not trained again.
        told = self.paper(self.data / "speech_commands_v0.01", "v2", "--tables", "1", "--seeds", "2")
        self.assertEqual(len(re.findall(r"^paper.sh: \d+ of ", told, re.M)), 5)
        rows = json.loads((self.root / "v2/paper.json").read_text())["data_sets"]["V1-12"]["tables"]["1"]
        self.assertEqual(len(rows["HED"]["accuracy"]), 2)
        self.assertIn(" ± ", (self.root / "v2/paper.md").read_text())

    def test_what_is_no_speech_commands_is_named(self):
        (self.root / "nothing").mkdir()
        told = self.paper(self.root / "nothing", "none", code=1)
        self.assertIn("nothing: no folder with one folder for each of yes,no", told)
        told = self.paper(self.data, "none", "--widths", "vgg=2", code=2)
        self.assertIn("expected NAME=N", told)
        told = self.paper(self.data, "none", "--architectures", "vgg", code=2)
        self.assertIn("found vgg, expected some of fsmn-2015", told)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
