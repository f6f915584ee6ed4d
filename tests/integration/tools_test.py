#!/usr/bin/env python3
"""The tools around kwsd run, as their users run them: eval --stream, mix.

usage: tools_test.py SOURCE_DIR COMMAND...     COMMAND is kwsd, behind an emulator where there is one
"""
import array
import json
import pathlib
import re
import shutil
import struct
import sys
import tempfile
import unittest
import wave

from run_test import DATA, kwsd, labels, read_wav, write_wav


class WithFolder(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def refuses(self, code, text, *arguments):
        result = kwsd(*arguments)
        lines = [line for line in result.stderr.decode().splitlines() if line.startswith("kwsd: error: ")]
        self.assertEqual((result.returncode, len(lines)), (code, 1), result.stderr)
        self.assertIn(text, lines[0])


class EvalStream(WithFolder):
    def test_the_demo_has_no_miss(self):
        plot = self.folder / "curve.svg"
        result = kwsd("eval", "--stream", DATA / "demo.wav", "--labels", DATA / "demo.tsv", "--json", "--plot", plot)
        self.assertEqual(result.returncode, 0, result.stderr)
        report = json.loads(result.stdout)
        self.assertEqual(report["keywords"], 8)
        self.assertAlmostEqual(report["hours"], len(read_wav(DATA / "demo.wav")) / 16000 / 3600, places=6)
        for branch in report["branches"].values():
            self.assertEqual([branch["chosen"][key] for key in ("hits", "misses", "false_accepts")], [8, 0, 0])
            self.assertLess(branch["chosen"]["latency_95_percent_seconds"], 0.75)
            misses = [row["misses"] for row in branch["thresholds"]]
            self.assertEqual(misses[-1], 8)
            self.assertLessEqual(misses[0], misses[-1])
        self.assertIn("<polyline", plot.read_text())

    def test_thresholds_move_the_operating_point(self):
        result = kwsd("eval", "--stream", DATA / "demo.wav", "--labels", DATA / "demo.tsv", "--threshold", "stop=1")
        self.assertEqual(result.returncode, 0, result.stderr)
        first = re.search(rb"^  full +(\d+) +8 ", result.stdout, re.M)
        self.assertEqual(first[1], b"1")

    def test_speech_without_keywords_gives_false_accepts_alone(self):
        result = kwsd("eval", "--stream", DATA / "speech.wav", "--labels", DATA / "speech.tsv", "--json")
        chosen = json.loads(result.stdout)["branches"]["full"]["chosen"]
        self.assertEqual((chosen["false_accepts"], chosen["miss_rate"]), (0, None))

    def test_bad_input(self):
        tsv = self.folder / "x.tsv"
        demo = ("eval", "--stream", DATA / "demo.wav", "--labels")
        whole_seconds = len(read_wav(DATA / "demo.wav")) // 16000
        self.refuses(66, "x.tsv: cannot be read", *demo, tsv)
        for line, text in (("a\t1\tyes\n", "x.tsv:1: start: found 'a'"), ("2\t1\tyes\n", "x.tsv:1: end"),
                           ("1\t2\n", "x.tsv:1: word"), ("100\t101\tyes\n", f"ends at {whole_seconds}."),
                           ("nan\t2\tyes\n", "start")):
            tsv.write_text(line)
            self.refuses(65, text, *demo, tsv)
        self.refuses(2, "--labels", "eval", "--stream", DATA / "demo.wav")
        self.refuses(2, "--data DIR or --stream", "eval")
        self.refuses(2, "banana", *demo, DATA / "demo.tsv", "--threshold", "banana=0.5")
        self.refuses(65, "no keyword", "eval", "--stream", DATA / "speech.wav", "--labels", DATA / "speech.tsv",
                     "--plot", self.folder / "x.svg")
        self.refuses(74, "cannot be written", *demo, DATA / "demo.tsv", "--plot", "/dev/null/x.svg")


class Mix(WithFolder):
    def setUp(self):
        super().setUp()
        demo = read_wav(DATA / "demo.wav")
        for start, end, word in labels("demo.tsv"):
            (self.folder / "words" / word).mkdir(parents=True)
            clip = demo[int(start * 16000) - 3000:int(end * 16000) + 3000]
            write_wav(self.folder / "words" / word / "a_nohash_0.wav", clip)
        write_wav(self.folder / "words" / "go" / "a_nohash_1.wav", clip)

    def mix(self, name, *arguments):
        output = self.folder / name
        result = kwsd("mix", "--words", self.folder / "words", "-o", output, *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return output.read_bytes(), output.with_suffix(".tsv").read_text()

    def test_the_words_are_found_where_the_labels_say(self):
        self.mix("x.wav", "--speech", DATA / "speech.wav", "--snr", "clean,20", "--count", 1)
        result = kwsd("eval", "--stream", self.folder / "x.wav", "--labels", self.folder / "x.tsv", "--json")
        report = json.loads(result.stdout)
        self.assertEqual(report["keywords"], 16)
        self.assertGreaterEqual(report["branches"]["full"]["chosen"]["hits"], 10)

    def test_a_seed_repeats_byte_for_byte(self):
        noise = ("--noise", DATA / "speech.wav", "--snr", "10", "--speech", DATA / "stop.wav")
        one = self.mix("x.wav", *noise)
        self.assertEqual(one, self.mix("y.wav", *noise))
        self.assertNotEqual(one, self.mix("z.wav", *noise, "--seed", 2))
        self.assertEqual(self.mix("x.flac", *noise)[1], one[1])

    def test_a_clean_mix_holds_digital_silence_only_where_it_is_asked_for(self):
        def longest_silence(*arguments):
            self.mix("x.wav", *arguments)
            zeros = longest = 0
            for sample in read_wav(self.folder / "x.wav"):
                zeros = zeros + 1 if sample == 0 else 0
                longest = max(longest, zeros)
            return longest
        self.assertLess(longest_silence(), 16)  # a millisecond
        self.assertLess(longest_silence("--snr", 10, "--noise", self.folder / "words"), 16)
        self.assertGreater(longest_silence("--floor-db", "off"), 2400)
        for level in ("loud", "nan", "-130", "0"):
            self.refuses(2, f"--floor-db: found '{level}', expected 'off' or dB from -120 to -20", "mix", "--words",
                         self.folder / "words", "-o", self.folder / "y.wav", "--floor-db=" + level)

    def test_words_and_counts_are_chosen(self):
        words = [line.split("\t")[2] for line in self.mix("x.wav", "--only", "go, stop ")[1].splitlines()[1:]]
        self.assertEqual(sorted(words), ["go", "go", "stop"])
        words = [line.split("\t")[2] for line in self.mix("x.wav", "--count", 1)[1].splitlines()[1:]]
        self.assertEqual(len(words), 8)

    def test_bad_input(self):
        words = ("mix", "--words", self.folder / "words")
        out = ("-o", self.folder / "x.wav")
        self.refuses(2, "expected --words DIR, --speech DIR", "mix", *out)
        self.refuses(2, ".wav or .flac", *words, "-o", self.folder / "x.mp3")
        self.refuses(2, "--snr: found 'loud'", *words, *out, "--snr", "loud")
        self.refuses(66, "absent", "mix", "--words", self.folder / "absent", *out)
        self.refuses(65, "--only: found 'banana', but no clip", *words, *out, "--only", "go, banana")
        self.refuses(74, "cannot be written", *words, "-o", "/dev/null/x.wav")
        self.refuses(2, "--labels: found", *words, *out, "--labels", self.folder / "words" / ".." / "x.wav")
        self.refuses(2, "--noise: expected its level", *words, *out, "--noise", DATA / "stop.wav")
        empty = self.folder / "empty"
        empty.mkdir()
        for option in ("--noise", "--speech"):
            self.refuses(65, f"found no sound file, expected some for {option}", *words, *out, "--snr", 10, option, empty)
        (empty / "a.wav").write_bytes(b"RIFF of another kind")
        for option in ("--noise", "--speech"):
            self.refuses(65, f"{option}: none of the recordings", *words, *out, "--snr", 10, option, empty)
        self.assertFalse((self.folder / "x.wav").exists())

    def test_what_is_no_word_is_left_out_so_that_eval_can_read_the_labels(self):
        go = self.folder / "words" / "go"
        (go / "b.wav").write_bytes(b"RIFF of another kind")
        write_wav(go / "c.wav", [1000])
        output = self.folder / "x.wav"
        result = kwsd("mix", "--words", self.folder / "words", "-o", output, "--only", "go")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stderr.count(b"left out: "), 2)
        result = kwsd("eval", "--stream", output, "--labels", output.with_suffix(".tsv"), "--json")
        self.assertEqual(json.loads(result.stdout)["keywords"], 2, result.stderr)
        for name in ("x" * 65, "a\tb"):
            (self.folder / "odd" / name).mkdir(parents=True)
            write_wav(self.folder / "odd" / name / "a.wav", [1000] * 8000)
            self.refuses(65, "mix: found the word '", "mix", "--words", self.folder / "odd", "-o", output)
            (self.folder / "odd" / name).rename(self.folder / name)


class Kept(WithFolder):
    """Folders, lists and labels as people and their programs keep them."""

    def setUp(self):
        super().setUp()
        self.words = self.folder / "words"
        self.demo = read_wav(DATA / "demo.wav")
        for start, end, word in labels("demo.tsv"):
            (self.words / word).mkdir(parents=True)
            write_wav(self.words / word / "a_nohash_0.wav", self.demo[int(start * 16000) - 3000:int(end * 16000) + 3000])

    def clips(self, *arguments, data=None):
        result = kwsd("eval", "--data", data or self.words, "--json", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout), result.stderr.decode()

    def test_what_programs_keep_is_neither_word_nor_clip(self):
        before = self.clips()[0]
        for name in (".ipynb_checkpoints", ".Trash-1000", "@eaDir", "#recycle"):
            shutil.copytree(self.words / "stop", self.words / name)
            shutil.copytree(self.words / "stop", self.words / "go" / name)
        (self.words / "go" / "up").symlink_to("..")
        (self.words / "again").symlink_to(".")
        self.assertEqual(self.clips()[0], before)

    def test_kinds_that_are_not_supported_are_counted_and_named_once(self):
        before = self.clips()[0]
        for name in ("stop/x.m4a", "stop/y.webm", "go/z.wma"):
            (self.words / name).write_bytes(b"whatever")
        (self.words / "stop" / "a_nohash_0.wav").rename(self.words / "stop" / "a_nohash_0")
        report, errors = self.clips()
        self.assertEqual(report, before)
        warnings = [line for line in errors.splitlines() if "not supported" in line]
        self.assertEqual(len(warnings), 1, errors)
        for text in ("3 files", ".m4a", ".webm", ".wma", "ffmpeg -i z.wma -ar 16000 -ac 1 z.wav"):
            self.assertIn(text, warnings[0])
        result = kwsd("run", "-i", self.words / "go" / "z.wma")
        self.assertEqual(result.returncode, 65)
        self.assertIn(b"convert it: ffmpeg", result.stderr)

    def test_clips_without_a_signal_are_skipped_but_as_silence(self):
        before = self.clips()[0]["clips"]
        for word in ("stop", "_silence_"):
            (self.words / word).mkdir(exist_ok=True)
            write_wav(self.words / word / "zero.wav", [0] * 16000)
        report, errors = self.clips()
        self.assertEqual((report["clips"], report["skipped"]), (before + 1, 1))
        self.assertIn("zero.wav: it holds digital silence alone", errors)
        result = kwsd("mix", "--words", self.words, "-o", self.folder / "x.wav", "--only", "stop")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(b"zero.wav: found digital silence alone", result.stderr)

    def test_a_list_is_read_however_it_is_written(self):
        listed = self.folder / "list.txt"
        for text in ("\ufeffstop/a_nohash_0.wav\r\ngo/a_nohash_0.wav\r\n", "./stop/a_nohash_0.wav\n./go/a_nohash_0\n",
                     f"{self.words}/stop/a_nohash_0.wav\nwords/go/a_nohash_0.flac\n", "Stop\\a_nohash_0.wav\nGO/a_nohash_0.wav\n"):
            listed.write_text(text)
            report, errors = self.clips("--list", listed)
            self.assertEqual(report["clips"], 2, text)
            self.assertNotIn("on the list", errors)

    def test_words_are_the_same_in_any_case_and_labels_in_any_editor(self):
        tsv = self.folder / "labels.txt"
        rows = [f"{start:.6f}\t{end:.6f}\t{word.upper()}" for start, end, word in labels("demo.tsv")]
        tsv.write_text("\ufeff" + "\n\\\t100.0\t8000.0\n".join(rows) + "\n")
        result = kwsd("eval", "--stream", DATA / "demo.wav", "--labels", tsv, "--json", "--threshold", "STOP=0.5")
        self.assertEqual(result.returncode, 0, result.stderr)
        report = json.loads(result.stdout)
        self.assertEqual((report["keywords"], report["branches"]["full"]["chosen"]["hits"]), (8, 8))
        (self.words / "stop").rename(self.words / "STOP ")
        self.assertEqual(self.clips()[0]["branches"]["full"]["recall"]["stop"], 1)

    def test_a_phrase_goes_from_record_to_mix(self):
        words = self.folder / "phrases"
        result = kwsd("record", "hey computer", "--dir", words, "--count", 1, "--from-file", DATA / "stop.wav")
        self.assertEqual(result.returncode, 0, result.stderr)
        output = self.folder / "x.wav"
        result = kwsd("mix", "--words", words, "--only", "Hey_Computer", "-o", output)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(output.with_suffix(".tsv").read_text().splitlines()[1].endswith("\tHey_Computer"))
        for word in ("a,b", "a=b", "unknown", "hey  computer", "-x", "_x"):
            self.refuses(2, "WORD: found", "record", "--dir", words, "--from-file", DATA / "stop.wav", "--", word)


class StandardInput(WithFolder):
    """Sound files that come through a pipe."""

    def test_a_header_says_rate_and_channels(self):
        demo = read_wav(DATA / "demo.wav")
        stereo = self.folder / "stereo.wav"
        with wave.open(str(stereo), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(48000)
            samples = array.array("h", (value for sample in demo for value in (0, sample, 0, sample, 0, sample)))
            file.writeframes(samples.tobytes())
        whole = stereo.read_bytes()
        for size in (None, 0, 0xFFFFFFFF, 0x7FFFF000):
            sizes = whole if size is None else whole[:4] + struct.pack("<I", size) + whole[8:40] + struct.pack("<I", size) + whole[44:]
            result = kwsd("run", "-i", "-", "--channel", 2, data=sizes)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(result.stdout.count(b'"event":"detection"'), 8, size)
            self.assertIn(b'"rate":48000', result.stdout)
        result = kwsd("eval", "--stream", "-", "--labels", DATA / "demo.tsv", "--channel", 2, "--json", data=whole)
        self.assertEqual(json.loads(result.stdout)["branches"]["full"]["chosen"]["hits"], 8, result.stderr)

    def test_what_is_not_supported_is_an_error_not_noise(self):
        result = kwsd("run", "-i", "-", data=b"\0\0\0 ftypM4A " + bytes(100000))
        self.assertEqual(result.returncode, 65)
        self.assertIn(b"standard input: found MPEG-4", result.stderr)
        self.assertEqual(result.stdout, b"")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
