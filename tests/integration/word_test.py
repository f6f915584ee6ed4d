#!/usr/bin/env python3
"""`kwsd-train word` and `kwsd enroll` as their users run them, with tiny budgets: with no recording, one and several; a phrase;
another language; killed at random and resumed; installed; with mistakes. The models are poor; that each run ends in a model
or in one clear line is what counts here.

usage: word_test.py KWSD KWSD_TRAIN
"""
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import wave

import microphone
from daemon import Daemon, Lines
from environment import LIMIT, environment

SOURCE = pathlib.Path(__file__).parents[2]
SKIPPED = 77
TINY = ("--quick", "--voices", 12, "--epochs", 2, "--threads", 2)


def run(*arguments, cwd, variables=None):
    command = list(map(str, arguments))
    settings = environment(SOURCE, **(variables or {}))
    return subprocess.run(command, capture_output=True, text=True, env=settings, cwd=cwd, timeout=LIMIT)


def say(folder, word, voice, number=0):
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{voice.replace('+', '-')}_nohash_{number}.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-s", str(int(140 + 15 * number)), "-w", str(file), word], check=True, timeout=LIMIT)
    return file


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


class Word(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.root = pathlib.Path(holder.name)

    def word(self, *arguments, **options):
        result = run(TRAINER, "word", *arguments, *TINY, cwd=self.root, **options)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stderr

    def refused(self, program, *arguments):
        result = run(program, *arguments, cwd=self.root)
        self.assertGreater(result.returncode, 0)
        errors = [line for line in result.stderr.splitlines() if "error" in line]
        self.assertEqual(len(errors), 1, result.stderr)
        return errors[0]

    def test_a_phrase_from_its_text_alone(self):
        log = self.word("hey marmalade", "--install", "user", variables={"XDG_DATA_HOME": self.root / "data"})
        self.assertIn("0 recordings", log)
        self.assertIn("does not name the model", log)
        model = self.root / "hey_marmalade.kwsm"
        report = (self.root / "hey_marmalade.html").read_text()
        self.assertIn("<svg", report)
        self.assertNotIn("http", report.replace("http://www.w3.org", ""))
        self.assertIn("hey marmalade", (self.root / "hey_marmalade.md").read_text())
        installed = self.root / "data/kwsd/models/hey_marmalade.kwsm"
        self.assertEqual(digest(installed), digest(model))
        found = run(KWSD, "info", "hey_marmalade", cwd=self.root, variables={"XDG_DATA_HOME": self.root / "data"})
        self.assertEqual(found.returncode, 0, found.stderr)

    def test_installed_for_a_service_that_runs(self):
        """For a user and for the system, whose folder /usr/local/share is one of the test's in a namespace of mounts."""
        (self.root / "share").mkdir()
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        inside = ["unshare", *user, "--mount", "sh", "-c", 'mount --bind "$0" /usr/local/share && exec "$@"', self.root / "share"]
        if run(*inside, "true", cwd=self.root).returncode != 0:
            self.skipTest("no namespace of mounts can be made here")
        manager = self.root / "bin" / "systemctl"  # reaches the service whose number is in the file `service`
        manager.parent.mkdir()
        manager.write_text('#!/bin/sh\necho "$*" >>asked\n[ -e service ] || exit 3\n'
                           'case "$*" in *is-active*) kill -0 "$(cat service)" ;; *) kill -HUP "$(cat service)" ;; esac\n')
        manager.chmod(0o755)
        config = self.root / "config" / "kwsd" / "kwsd.toml"
        config.parent.mkdir(parents=True)
        config.write_text('model = "marmalade"\n')
        for where, flag, folder in (("user", "--user ", self.root / "data" / "kwsd" / "models"),
                                    ("system", "", self.root / "share" / "kwsd" / "models")):
            variables = {"PATH": f"{manager.parent}:{os.environ['PATH']}", "XDG_DATA_HOME": self.root / "data"}
            variables.update({"XDG_CONFIG_HOME": self.root / "config"} if where == "user" else {"KWSD_SYSTEM_CONFIG": config})
            install = [*inside, TRAINER, "word", "marmalade", *TINY, "--install", where]
            with self.subTest(where):
                first = run(*install, cwd=self.root, variables=variables)
                self.assertIn(f"the service kwsd does not run: systemctl {flag}start kwsd", first.stderr)
                self.assertEqual(digest(folder / "marmalade.kwsm"), digest(self.root / "marmalade.kwsm"))
                with Daemon([*map(str, inside), KWSD], SOURCE, "-i", "-", env=variables) as kwsd:
                    self.assertTrue(kwsd.told("READY=1"), kwsd.log())
                    (self.root / "service").write_text(str(kwsd.process.pid))
                    again = run(*install, cwd=self.root, variables=variables)
                    self.assertIn("the running service was told to load the model again", again.stderr)
                    self.assertEqual(kwsd.out.until("reloaded")["models"], ["marmalade"])
                    self.assertEqual(kwsd.stop()[0], 0)
                asked = (self.root / "asked").read_text().splitlines()
                self.assertEqual(asked, [f"{flag}{verb} kwsd.service" for verb in ("is-active", "is-active", "reload")])
                for name in ("asked", "service"):
                    (self.root / name).unlink()
                shutil.rmtree(self.root / "data", ignore_errors=True)  # it would hide the system's

    def test_recordings_mistakes_and_a_kill_at_random(self):
        for number, voice in enumerate(("en-us+m1", "en-us+f2", "en-gb+m3")):
            say(self.root / "marmalade", "marmalade", voice, number)
        (self.root / "marmalade" / "broken.wav").write_bytes(b"RIFFxxxxWAVEnothing")
        say(self.root / "mistakes" / "marmalade", "marmalade", "en-gb+f4")
        say(self.root / "mistakes" / "not_marmalade", "marmalade jam", "en-us+m5")
        self.word("marmalade", "--mistakes", "mistakes", "-o", "whole")
        whole = self.root / "whole" / "marmalade.kwsm"
        report = (self.root / "whole" / "marmalade.html").read_text()
        self.assertEqual(report.count("<audio"), 5)
        self.assertIn("broken.wav", report)
        info = self.info(whole)
        self.assertTrue(0 < info["second_stage"]["gate"] < 1, info)
        self.assertIn("second_stage", info["provenance"])
        base = self.info("base")  # its vectors are for such words alone
        self.assertEqual(base["second_stage"], {**info["second_stage"], "gate": None, "layers": base["second_stage"]["layers"]})
        draw = random.Random(os.getpid())
        command = [str(part) for part in (TRAINER, "word", "marmalade", "--mistakes", "mistakes", "-o", "killed", *TINY)]
        settings = environment(SOURCE)
        for _ in range(3):
            with subprocess.Popen(command, cwd=self.root, env=settings, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as process:
                try:
                    process.wait(draw.uniform(1, 25))
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
        self.word("marmalade", "--mistakes", "mistakes", "-o", "killed")
        self.assertEqual(digest(self.root / "killed" / "marmalade.kwsm"), digest(whole))
        shutil.copy(SOURCE / "models" / "base.pt", self.root / "lonely.pt")
        log = self.word("marmalade", "-o", "whole", "--base", "lonely.pt")  # a new model, compared with the one before
        self.assertIn("starts anew", log)
        self.assertIn(" before", log)
        self.assertIn("lonely.kwsm: found no such file", log)
        self.assertNotIn("second_stage", json.dumps(self.info(whole)))

    def info(self, model):
        result = run(KWSD, "info", "--json", "--details", model, cwd=self.root)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def test_another_language(self):
        say(self.root / "mine", "Kartoffel", "de")
        self.word("kartoffel", "mine", "--lang", "de")
        self.assertTrue((self.root / "kartoffel.kwsm").exists())

    def test_what_cannot_be_done_is_one_line(self):
        self.assertIn("no synthetic voice for 'xx'", self.refused(TRAINER, "word", "marmalade", *TINY, "--lang", "xx"))
        self.assertIn("nowhere", self.refused(TRAINER, "word", "marmalade", "nowhere", *TINY))
        self.assertIn("WORD", self.refused(TRAINER, "word", "unknown", *TINY))
        (self.root / "empty").mkdir()
        self.assertIn("found no recording", self.refused(TRAINER, "word", "marmalade", "empty", *TINY))


class Enroll(unittest.TestCase):
    setUp = Word.setUp
    refused = Word.refused

    def enroll(self, *arguments, **options):
        result = run(KWSD, "enroll", *arguments, cwd=self.root, **options)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def test_five_recordings_of_one_voice(self):
        for number in range(5):
            say(self.root / "mine", "marmalade", "en-us+m3", number)
        told = self.enroll("marmalade", "mine", variables={"XDG_DATA_HOME": self.root / "data"})
        self.assertIn("5 recordings", told)
        self.assertIn("found by a model of the others", told)
        self.assertIn("more recordings of the same voice would change little", told)
        again = say(self.root, "marmalade", "en-us+m3", 1.5)
        with wave.open(str(again)) as clip:
            self.assertGreater(clip.getnframes(), 0)
        heard = run(KWSD, "run", "-m", "marmalade", "-i", again, "--format", "text", cwd=self.root,
                    variables={"XDG_DATA_HOME": self.root / "data"})
        self.assertEqual(heard.stdout.split(), ["marmalade"], heard.stderr)

    def spoken(self, number):
        """The word as a voice says it, cut out and at 16 kHz, with a second of silence before."""
        folder = self.root / f"said-{number}"
        file = say(folder, "marmalade", "en-us+m3", number)
        result = run(KWSD, "record", "marmalade", "--count", 1, "--from-file", file, "--dir", folder, cwd=self.root)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        [cut] = (folder / "marmalade").glob("*.wav")
        with wave.open(str(folder / "spoken.wav"), "wb") as out:
            out.setparams((1, 2, 16000, 0, "NONE", ""))
            out.writeframes(bytes(32000) + microphone.read_pcm(cut))
        return folder / "spoken.wav"

    def test_at_a_microphone(self):
        if reason := microphone.missing():
            self.skipTest(reason)
        spoken = [self.spoken(number) for number in (0, 1, 2, 1.5)]
        mic = microphone.Microphone()
        self.addCleanup(mic.close)
        mic.start_server()
        settings = {**environment(SOURCE), **mic.environment}
        with subprocess.Popen([KWSD, "enroll", "marmalade", "--count", "3", "--dir", "mine", "-o", "m.kwsm", "-i", "pimic"],
                              cwd=self.root, env=settings, stdout=subprocess.PIPE) as process:
            self.addCleanup(process.kill)
            told, lines = [], Lines(process.stdout.fileno())
            while line := lines.next():
                told.append(line.decode())
                if prompt := re.match(r'([1-3])/3  say "marmalade"$', told[-1]):
                    mic.play(spoken[int(prompt[1]) - 1])
            self.assertEqual(process.wait(LIMIT), 0, told)
        self.assertEqual(len(list((self.root / "mine" / "marmalade").glob("*.wav"))), 3, told)
        self.assertIn("marmalade: 3 recordings", told)
        with Daemon([KWSD], SOURCE, "-m", self.root / "m.kwsm", "-i", "pimic", env=mic.environment, stdin=False) as kwsd:
            self.assertTrue(kwsd.logged("listening to 'pimic'"), kwsd.log())
            mic.play(spoken[3])
            self.assertEqual(kwsd.out.until("detection")["keyword"], "marmalade", kwsd.log())

    def test_a_recording_of_something_else_is_named(self):
        for number in range(3):
            say(self.root / "mine", "marmalade", "en-us+m3", number)
        other = say(self.root / "mine", "refrigerator", "en-us+m7")
        told = self.enroll("marmalade", "mine", "-o", "m.kwsm")
        self.assertIn("3 of 4 found", told)
        self.assertRegex(told, f"not found: .*{other.name}\n")
        self.assertIn("more recordings would help: 1 or more", told)

    def test_mistakes_are_compared(self):
        for number in range(3):
            say(self.root / "mine", "marmalade", "en-us+m3", number)
        self.enroll("marmalade", "mine", "-o", "m.kwsm")
        say(self.root / "mistakes" / "marmalade", "marmalade", "en-gb+f2")
        say(self.root / "mistakes" / "not_marmalade", "lemonade", "en-us+m3")
        told = self.enroll("marmalade", "mine", "-o", "m.kwsm", "--mistakes", "mistakes")
        self.assertIn("missed before: ", told)
        self.assertIn("false accepts before: ", told)
        self.assertRegex(told, r"of 1 right, [01] before")

    def test_what_cannot_be_done_is_one_line(self):
        self.assertIn("nowhere", self.refused(KWSD, "enroll", "marmalade", "nowhere", "-o", "m.kwsm"))
        broken = self.root / "broken.wav"
        broken.write_bytes(b"RIFFxxxxWAVEnothing")
        self.assertIn("found 0 usable recordings", self.refused(KWSD, "enroll", "marmalade", broken, "-o", "m.kwsm"))
        bad = self.root / "bad.kwsn"
        bad.write_bytes(b"KWSDNEGS")
        self.assertIn("bad.kwsn", self.refused(KWSD, "enroll", "marmalade", "mine", "--negatives", bad, "-o", "m.kwsm"))


if __name__ == "__main__":
    KWSD, TRAINER = sys.argv[1:3]
    if not shutil.which("espeak-ng"):
        print("skipped: espeak-ng is not installed")
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
