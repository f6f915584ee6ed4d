#!/usr/bin/env python3
"""Every kernel set hears in each clip what the reference hears: the same label, the same posterior, in each branch.

usage: kernel_sets_test.py SOURCE_DIR COMMAND...     COMMAND is kwsd, behind an emulator where there is one

Clips are the words of tests/data/demo.wav, as they are and under noise; and recordings of people where
$KWSD_DATA/speech_commands has them."""
import json
import os
import pathlib
import random
import sys
import tempfile
import unittest

from run_test import DATA, SOURCE, kwsd, labels, read_wav, write_wav

RECORDED = pathlib.Path(os.environ.get("KWSD_DATA", "/nowhere")) / "speech_commands"
RECORDED_CLIPS = 60
MODELS = sorted(path.stem for path in (SOURCE / "models").glob("*.kwsm"))


def kernel_sets():
    return [k["name"] for k in json.loads(kwsd("info", "--json").stdout)["kernels"] if k["supported"]]


def made_up_clips(folder):
    """A folder per word; each word of the demo clean, quiet and under noise."""
    demo, noise = read_wav(DATA / "demo.wav"), random.Random(1)
    for start, end, word in labels("demo.tsv"):
        (folder / word).mkdir()
        clip = demo[int(start * 16000) - 2000:int(end * 16000) + 2000]
        for number, (gain, level) in enumerate(((1, 0), (0.02, 0), (1, 400), (0.5, 4000))):
            noisy = [max(-32768, min(32767, round(gain * s + noise.gauss(0, level)))) for s in clip]
            write_wav(folder / word / f"{number}.wav", noisy)
    (folder / "_silence_").mkdir()
    write_wav(folder / "_silence_" / "0.wav", [0] * 16000)


class KernelSets(unittest.TestCase):
    def heard(self, folder, model, kernels, *arguments):
        """Lines of clip, said, and label and posterior of each branch."""
        with tempfile.TemporaryDirectory() as out:
            lines = pathlib.Path(out) / "clips.tsv"
            result = kwsd("eval", "-m", model, "--kernels", kernels, "--data", folder, "--clips", lines, *arguments)
            self.assertEqual(result.returncode, 0, result.stderr)
            return lines.read_text().splitlines()

    def compare(self, clips, folder, *arguments):
        for model in MODELS:
            reference = self.heard(folder, model, "reference", *arguments)
            self.assertEqual(len(reference), 1 + clips)
            for kernels in kernel_sets()[1:]:
                with self.subTest(model=model, kernels=kernels):
                    self.assertEqual(self.heard(folder, model, kernels, *arguments), reference)

    def test_made_up_clips(self):
        with tempfile.TemporaryDirectory() as folder:
            made_up_clips(pathlib.Path(folder))
            self.compare(8 * 4 + 1, folder)

    @unittest.skipUnless(RECORDED.is_dir(), "no $KWSD_DATA/speech_commands")
    def test_recorded_clips(self):
        clips = (RECORDED / "testing_list.txt").read_text().split()
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as chosen:
            few = clips[::len(clips) // RECORDED_CLIPS]
            chosen.write("\n".join(few) + "\n")
            chosen.flush()
            self.compare(len(few), RECORDED, "--list", chosen.name)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
