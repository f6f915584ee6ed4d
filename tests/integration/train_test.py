#!/usr/bin/env python3
"""kwsd-train as its users run it: bad recordings, a killed run, a full disk, no libtorch.

usage: train_test.py SOURCE_DIR KWSD_TRAIN
"""
import array
import math
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import wave

from environment import LIMIT, environment

os.environ.update(environment())  # of all programs that are started here
SOURCE = pathlib.Path(sys.argv[1]).resolve()
KWSD_TRAIN = sys.argv[2]
RATE = 16000
TINY = "--memory-size 8 --hidden-size 8 --blocks 4 --convs 4x5/2x2,4x5/2x2 --one-branch --batch-size 8 --threads 1 " \
       "--data-threads 1 --room-chance 0".split()


def write_wav(path, samples):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(array.array("h", samples).tobytes())


def tone(hz, seconds=1.0, seed=0):
    noise = random.Random(seed)
    return [int(6000 * math.sin(2 * math.pi * hz * i / RATE) * (0.3 < i / RATE < 0.7) + noise.uniform(-9, 9))
            for i in range(int(seconds * RATE))]


class Training(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name)
        for word, hz in (("yes", 500), ("no", 900), ("tree", 1400)):
            for speaker in range(12):
                write_wav(cls.root / "data" / word / f"s{speaker}_nohash_0.wav", tone(hz + 5 * speaker, seed=speaker))
        cls.train("--epochs", "1", out="warm")  # the recordings are in the cache from here on

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def command(cls, *arguments, out, data="data", keywords="yes,no"):
        return [KWSD_TRAIN, "train", "--data", cls.root / data, "--keywords", keywords, "--cache", cls.root / "cache",
                *TINY, "--out", cls.root / f"{out}.pt", *arguments]

    @classmethod
    def train(cls, *arguments, out="net", data="data", keywords="yes,no", **options):
        return subprocess.run(cls.command(*arguments, out=out, data=data, keywords=keywords), capture_output=True,
                              text=True, timeout=LIMIT, **options)

    def log(self, name):
        """The log without the seconds."""
        return [line.rsplit("\t", 1)[0] for line in (self.root / f"{name}.log").read_text().splitlines()]

    def require_failure(self, result, code, *texts):
        self.assertEqual(result.returncode, code, result.stderr)
        last = result.stderr.strip().splitlines()[-1]
        for text in texts:
            self.assertIn(text, last)

    def test_a_killed_run_goes_on_where_it_was(self):
        whole = self.train("--epochs", "6", out="whole")
        self.assertEqual(whole.returncode, 0, whole.stderr)
        run = subprocess.Popen(self.command("--epochs", "6", out="cut"), stderr=subprocess.DEVNULL)
        until = time.monotonic() + 120
        while time.monotonic() < until and run.poll() is None and not (self.root / "cut.pt").exists():
            time.sleep(0.01)
        run.send_signal(signal.SIGKILL)
        run.wait()
        resumed = self.train("--epochs", "6", "--resume", out="cut")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.assertIn("after epoch", resumed.stderr)
        logged = {line.split("\t")[0]: line for line in self.log("cut")}  # an epoch may have been repeated
        self.assertEqual(list(logged.values()), self.log("whole"))

    def test_a_run_can_stop_early_and_go_on(self):
        self.train("--epochs", "3", out="straight")
        self.train("--epochs", "3", "--stop-after", "2", out="stopped")
        self.assertEqual(self.log("stopped"), self.log("straight")[:3])
        self.train("--epochs", "3", "--stop-after", "1", "--resume", out="stopped")  # a recipe from its start: is past that
        self.assertEqual(self.log("stopped"), self.log("straight")[:3])
        self.train("--epochs", "3", "--resume", out="stopped")
        self.assertEqual(self.log("stopped"), self.log("straight"))

    def test_a_full_disk_leaves_the_checkpoint_of_before(self):
        self.train("--epochs", "1", out="full")
        before = (self.root / "full.pt").read_bytes()

        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, len(before) // 2))

        result = self.train("--epochs", "2", "--resume", out="full", preexec_fn=small_files)
        self.require_failure(result, 74, "full.pt", "File too large")
        self.assertEqual((self.root / "full.pt").read_bytes(), before)
        self.assertEqual([p.name for p in self.root.glob("full.pt*")], ["full.pt"])
        self.assertEqual(self.train("--epochs", "2", "--resume", out="full").returncode, 0)

    def test_a_damaged_checkpoint_is_named(self):
        (self.root / "damaged.pt").write_bytes(b"no checkpoint" * 9)
        self.require_failure(self.train("--epochs", "1", "--resume", out="damaged"), 65, "damaged.pt", "damaged")

    def test_bad_recordings_are_named_skipped_and_counted(self):
        yes = self.root / "bad" / "yes"
        for speaker in range(4):
            write_wav(yes / f"s{speaker}_nohash_0.wav", tone(500, seed=speaker))
        write_wav(yes / "short.wav", tone(500, 0.01))
        write_wav(yes / "long.wav", tone(500, 60))
        (yes / "noise.wav").write_bytes(random.Random(1).randbytes(3000))
        (yes / "empty.wav").write_bytes(b"")
        result = self.train("--epochs", "1", out="bad", data="bad", keywords="yes")
        self.assertEqual(result.returncode, 0, result.stderr)
        for name in ("short.wav: 0.010 s", "long.wav: 60.0 s", "noise.wav", "empty.wav"):
            self.assertIn(name, result.stderr)
        self.assertIn("2 damaged, 1 too short, 1 too long", result.stderr)

    def test_an_empty_keyword_is_an_error_that_names_it(self):
        (self.root / "empty" / "yes").mkdir(parents=True)
        write_wav(self.root / "empty" / "no" / "s1_nohash_0.wav", tone(500))
        result = self.train("--epochs", "1", data="empty", keywords="yes,no")
        self.require_failure(result, 65, "'yes'", "no usable recording")

    def test_one_recording_is_enough(self):
        write_wav(self.root / "one" / "yes" / "s1_nohash_0.wav", tone(500))
        result = self.train("--epochs", "1", out="one", data="one", keywords="yes")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("1 recording, all used for training", result.stderr)

    def other(self, command, *arguments, data="data", keywords="yes,no"):
        """export or test."""
        return subprocess.run([KWSD_TRAIN, command, "--data", self.root / data, "--keywords", keywords, "--cache",
                               self.root / "cache", *arguments], capture_output=True, text=True, timeout=LIMIT)

    def binary(self, *arguments, **options):
        """A net that a model file can hold, of one epoch."""
        kinds = "--pointwise bit1 --memory int8 --conv2 int8 --linear int8".split()
        command = self.command("--epochs", "1", *kinds, *arguments, **options)
        return subprocess.run([word for word in command if word != "--one-branch"], capture_output=True, text=True, timeout=LIMIT)

    def test_labels_in_another_order_or_other_recordings_are_refused(self):
        self.assertEqual(self.binary(out="order").returncode, 0)
        checkpoint = self.root / "order.pt"
        model = ["--checkpoint", checkpoint, "--name", "order", "--out", self.root / "order.kwsm"]
        expected = (2, "order", "its labels are yes,no,unknown,silence", "no,yes,unknown,silence")
        self.assertEqual(self.other("export", *model).returncode, 0)
        self.require_failure(self.other("export", *model, keywords="no,yes"), *expected)
        self.require_failure(self.other("test", "--checkpoint", checkpoint, keywords="no,yes"), *expected)
        self.require_failure(self.other("test", "--model", self.root / "order.kwsm", keywords="no,yes"), *expected)
        self.require_failure(self.binary("--resume", out="order", keywords="no,yes"), *expected)
        write_wav(self.root / "more" / "new" / "s1_nohash_0.wav", tone(700))
        self.require_failure(self.binary("--resume", "--data", self.root / "more", out="order"), 2, "3 words, found 4")
        done = self.binary("--resume", "--steps", "7", out="order")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("the network options are ignored", done.stderr)
        self.assertIn("1 of 1 epochs already", done.stderr)

    def test_a_split_without_recordings_is_no_crash(self):
        write_wav(self.root / "alone" / "yes" / "s1_nohash_0.wav", tone(500))
        self.assertEqual(self.binary(out="alone", data="alone", keywords="yes").returncode, 0)
        checkpoint = ["--checkpoint", self.root / "alone.pt"]
        exported = self.other("export", *checkpoint, "--name", "alone", "--out", self.root / "alone.kwsm", data="alone",
                              keywords="yes")
        self.assertEqual(exported.returncode, 0, exported.stderr)
        self.assertIn("checking the export on training data", exported.stderr)
        self.require_failure(self.other("test", *checkpoint, data="alone", keywords="yes"), 65, "test split has no recording")

    def test_what_would_fail_after_the_training_fails_before(self):
        odd = ["6x5/2x2,6x5/2x2" if word == TINY[7] else word for word in self.command("--epochs", "1", out="odd")]
        odd = [word for word in odd if word != "--one-branch"] + "--pointwise bit1 --memory int8 --conv2 bit1 --linear bit1".split()
        self.require_failure(subprocess.run(odd, capture_output=True, text=True, timeout=LIMIT), 2, "no model file can hold",
                             "found 6, expected a multiple of 16")
        (self.root / "folder.pt").mkdir()
        self.require_failure(self.train("--epochs", "1", out="folder"), 74, "folder.pt", "Is a directory")
        self.assertFalse((self.root / "folder.log").exists())  # no epoch was trained
        self.assertEqual(self.train("--epochs", "1", out="new/folder/net").returncode, 0)
        log = subprocess.run([*self.command("--epochs", "1", out="x")[:-4], "--out", self.root / "x.log"], capture_output=True,
                             text=True, timeout=LIMIT)
        self.require_failure(log, 2, "x.log", "another ending")
        self.require_failure(self.other("export", "--checkpoint", self.root / "warm.pt", "--name", "my word", "--out",
                                        self.root / "x.kwsm"), 2, "--name", "'my word'")
        for option, value in (("--learning-rate", "-1"), ("--learning-rate", "nan"), ("--temperature", "0"), ("--mixup", "nan")):
            wrong = self.train("--epochs", "1", option, value, out="wrong")
            self.assertEqual(wrong.returncode, 2, wrong.stderr)
            self.assertIn(f"{option}: found '{value}'", wrong.stderr)

    def test_a_new_processor_multiplies_with_avx2(self):
        """Also where OpenBLAS is too old to know it; what the user asks for stays. OpenBLAS names its kernels when it is loaded."""
        def kernels(**variables):
            result = subprocess.run([KWSD_TRAIN, "--version"], capture_output=True, text=True, timeout=LIMIT,
                                    env=environment(OPENBLAS_VERBOSE=2, **variables))
            self.assertEqual(result.returncode, 0, result.stderr)
            return re.findall(r"^Core: (\w+)", result.stderr, re.MULTILINE)

        asked = kernels(OPENBLAS_CORETYPE="Prescott")
        if not asked or not {"avx2", "fma"} <= set(pathlib.Path("/proc/cpuinfo").read_text().split()):
            self.skipTest("another BLAS, or no AVX2")
        self.assertEqual(asked, ["Prescott"])
        self.assertNotEqual(kernels(OPENBLAS_CORETYPE=None)[-1], "Prescott")

    def test_hed_wants_a_teacher_of_as_many_blocks(self):
        more = [word if word != "4" else "8" for word in self.command("--epochs", "1", "--teacher", self.root / "warm.pt", out="h")]
        self.require_failure(subprocess.run(more, capture_output=True, text=True, timeout=LIMIT), 2, "warm.pt", "found 4 of 8",
                             "expected 8 of 8", "--hed 0")

    def test_a_recipe_holds_a_path_that_is_not_utf8(self):
        folder = os.fsencode(self.root) + b"/l\xfct"
        shutil.copytree(os.fsencode(self.root / "data"), folder)
        result = self.train("--epochs", "1", "--train-data", folder, out="latin")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_a_conv_net_and_another_teach_together_but_a_conv_net_is_no_model(self):
        conv = ["--architecture", "conv", "--init", self.root / "warm.pt"]
        self.assertEqual(self.train("--epochs", "1", *conv, out="conv").returncode, 0)
        teachers = ["--teacher", self.root / "conv.pt", "--teacher", self.root / "warm.pt"]
        taught = self.train("--epochs", "1", *teachers, "--init", self.root / "warm.pt", "--hed", "0", out="taught")
        self.assertEqual(taught.returncode, 0, taught.stderr)
        self.require_failure(self.train("--epochs", "1", *teachers, out="hed"), 2, "conv.pt", "HED", "--hed 0")
        words = ["--data", self.root / "data", "--keywords", "yes,no", "--cache", self.root / "cache"]
        exported = subprocess.run([KWSD_TRAIN, "export", *words, "--checkpoint", self.root / "conv.pt", "--name", "conv",
                                   "--out", self.root / "conv.kwsm"], capture_output=True, text=True, timeout=LIMIT)
        self.require_failure(exported, 2, "conv net", "expected an fsmn")

    def test_what_starts_from_a_net_and_says_no_other_is_of_its_shape(self):
        def run(command, *arguments):
            words = ["--data", self.root / "data", "--keywords", "no,yes", "--cache", self.root / "cache"]
            return subprocess.run([KWSD_TRAIN, command, *words, *map(str, arguments)], capture_output=True, text=True, timeout=LIMIT)

        first = self.binary(out="first", keywords="no,yes")
        self.assertEqual(first.returncode, 0, first.stderr)
        exported = run("export", "--checkpoint", self.root / "first.pt", "--name", "first", "--out", self.root / "first.kwsm",
                       "--weights", self.root / "base.pt")
        self.assertEqual(exported.returncode, 0, exported.stderr)
        self.assertNotIn(os.fsencode(self.root), (self.root / "base.pt").read_bytes())
        self.assertLess((self.root / "base.pt").stat().st_size, (self.root / "first.pt").stat().st_size / 2)
        like = run("train", "--init", self.root / "base.pt", "--epochs", "1", "--out", self.root / "like.pt")
        self.assertEqual(like.returncode, 0, like.stderr)
        self.assertAlmostEqual((self.root / "like.pt").stat().st_size, (self.root / "first.pt").stat().st_size, delta=1000)
        shutil.copy(self.root / "base.pt", self.root / "on.pt")
        self.require_failure(run("train", "--epochs", "2", "--resume", "--out", self.root / "on.pt"), 65, "on.pt", "no optimizer state",
                             "--init")

    def test_a_second_stage_is_trained_and_added_to_a_streaming_model(self):
        def run(command, *arguments):
            return subprocess.run([KWSD_TRAIN, command, "--data", self.root / "data", "--keywords", "yes,no", "--cache",
                                   self.root / "cache", *arguments], capture_output=True, text=True, timeout=LIMIT)
        few = ["--epochs", "1", "--epoch-steps", "3", "--batch-size", "4", "--replayed", "0", "--threads", "1"]
        first = run("train-streams", *few, "--memory-size", "8", "--hidden-size", "8", "--blocks", "4", "--convs",
                    "4x5/1x2,4x3/2x2", "--pointwise", "bit1", "--memory", "int8", "--conv2", "int8", "--linear", "int8",
                    "--out", self.root / "stream.pt")
        self.assertEqual(first.returncode, 0, first.stderr)
        first = run("export", "--checkpoint", self.root / "stream.pt", "--name", "stream", "--out", self.root / "stream.kwsm")
        self.assertEqual(first.returncode, 0, first.stderr)
        small = [*few, "--widths", "2,3,4,5,6", "--steps", "3"]
        second = run("train-second", *small, "--int8", "--out", self.root / "second.pt")
        self.assertEqual(second.returncode, 0, second.stderr)
        pair = ["--first", self.root / "stream.kwsm", "--gate", "0.25", "--out", self.root / "pair.kwsm"]
        added = run("export-second", "--checkpoint", self.root / "second.pt", *pair)
        self.assertEqual(added.returncode, 0, added.stderr)
        self.assertIn("bit for bit", added.stderr)
        self.assertGreater((self.root / "pair.kwsm").stat().st_size, (self.root / "stream.kwsm").stat().st_size + 500)
        self.require_failure(run("export-second", "--checkpoint", self.root / "stream.pt", *pair), 2, "train-second")
        self.require_failure(run("train-second", *small, "--embedding", self.root / "data", "--out", self.root / "e.pt"), 66,
                             "window.npy")

    def test_a_front_end_that_cannot_be_is_refused(self):
        for convs, expected in (("16x4/1x1", "an odd number"), ("16x3/9x1", "strides up to 8"),
                                (",".join(31 * ["4x1/1x1"]), "found 31 convs, expected 1 to 30")):
            result = subprocess.run([KWSD_TRAIN, "train", "--convs", convs, "--out", self.root / "wrong.pt"],
                                    capture_output=True, text=True, timeout=LIMIT)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn("--convs: found", result.stderr)
            self.assertIn(expected, result.stderr)

    def test_a_teacher_of_other_words_is_refused(self):
        result = self.train("--epochs", "1", "--teacher", self.root / "warm.pt", out="other", keywords="yes")
        self.require_failure(result, 2, "warm.pt", "labels")

    def test_negatives_need_their_share_and_the_same_features(self):
        negatives = SOURCE / "models/negatives.kwsn"
        alone = self.train("--epochs", "1", "--negative-share", "0.5", out="alone")
        self.require_failure(alone, 2, "--negative-share", "found no --negatives")
        self.require_failure(self.train("--epochs", "1", "--negatives", negatives, out="alone"), 2, "--negatives", "a share of them")
        both = ("--negatives", negatives, "--negative-share", "0.5", "--epochs", "1")
        self.require_failure(self.train(*both, out="other"), 2, "other features than the net")

    def test_a_teacher_of_another_window_is_refused(self):
        shorter = self.train("--epochs", "1", "--teacher", self.root / "warm.pt", "--hed", "0", "--steps", "7", out="short")
        self.require_failure(shorter, 2, "warm.pt", "its window has 41 frames, expected the 37")

    def test_the_tables_of_the_cards_are_what_measure_wrote(self):
        found = 0
        for card in sorted((SOURCE / "models").glob("*.md")):
            for command, tables in re.findall(r"<!-- (kwsd-train measure --report \S+) -->\n(.*?)\n<!-- end -->", card.read_text(), re.S):
                printed = subprocess.run([KWSD_TRAIN, *command.split()[1:]], cwd=SOURCE, capture_output=True, text=True, check=True,
                                         timeout=LIMIT).stdout
                self.assertEqual(printed.strip(), tables, card.name)
                found += 1
        self.assertGreaterEqual(found, 3)

    def test_the_recipe_of_a_word_takes_a_folder_with_spaces_and_ends_what_was_interrupted(self):
        spoken = self.root / "my own" / "recordings"
        write_wav(spoken / "a.wav", tone(500))
        called = self.root / "bin" / "kwsd-train"
        called.parent.mkdir()
        called.write_text('#!/bin/sh\nfor word; do printf "%s\\t" "$word"; done >>"$CALLS"\necho >>"$CALLS"\n')
        called.chmod(0o755)
        runs = self.root / "runs"
        (runs / "voices-tea").mkdir(parents=True)  # a synth that did not come to its end
        for done in ("synth", "held-out"):
            (runs / f"{done}.done").touch()
        variables = {**os.environ, "PATH": f"{called.parent}:{os.environ['PATH']}", "RUNS": str(runs),
                       "CALLS": str(self.root / "calls"), "KWSD_DATA": str(self.root / "public")}
        (self.root / "public" / "speech_commands" / "yes").mkdir(parents=True)
        subprocess.run(["sh", SOURCE.absolute() / "models/recipes/own-word.sh", "tea", spoken], env=variables, check=True,
                       timeout=LIMIT)
        calls = [line.split("\t") for line in (self.root / "calls").read_text().splitlines()]
        self.assertEqual([call[0] for call in calls], ["synth", "train", "export", "calibrate", "golden"])
        for call in calls[1:4]:
            folder = next(word for word in call if word.startswith("tea=")).removeprefix("tea=")
            self.assertEqual(os.path.realpath(folder), os.path.realpath(spoken))

    def test_without_libtorch_the_build_says_what_to_install(self):
        result = subprocess.run(
            ["cmake", "-S", SOURCE, "-B", self.root / "build", "-DKWSD_TRAINER=ON", "-DKWSD_TESTS=OFF",
             "-DCMAKE_DISABLE_FIND_PACKAGE_Torch=ON"], capture_output=True, text=True, timeout=LIMIT)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("apt install libtorch-dev", " ".join(result.stderr.split()))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
