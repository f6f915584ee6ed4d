#!/usr/bin/env python3
"""libkwsd and python3-kwsd as programs use them: library_test.py SOURCE libkwsd.so libkwsd.a KWSD"""
import array
import base64
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import types
import unittest
import zipfile

source, shared, static, kwsd_program = [pathlib.Path(argument).resolve() for argument in sys.argv[1:5]]
os.environ["KWSD_LIBRARY"] = str(shared)
os.environ["KWSD_MODEL_DIR"] = str(source / "models")
sys.path.insert(0, str(source / "app/library/python"))
import kwsd  # noqa: E402
from kwsd import lva, porcupine  # noqa: E402

demo = (source / "tests/data/demo.wav").read_bytes()[44:]


def events(*options):
    out = subprocess.run([kwsd_program, "run", "-i", source / "tests/data/demo.wav", "--no-wall-clock", *options],
                         check=True, capture_output=True, text=True).stdout
    return [event for event in map(json.loads, out.splitlines()) if event["event"] == "detection"]


def close_enough(test, words, expected):
    test.assertEqual([w.keyword for w in words], [e["keyword"] for e in expected])
    for word, event in zip(words, expected):
        for field in ("score", "threshold", "start", "end"):
            test.assertAlmostEqual(getattr(word, field), event[field], delta=0.006 if field == "score" else 0.0051)
        test.assertEqual(word.branch, event["branch"])


def push_all(stream, sound, block):
    return [word for at in range(0, len(sound), 2 * block) for word in stream.push(sound[at:at + 2 * block])]


class Library(unittest.TestCase):
    def test_exports_the_committed_symbols_and_nothing_else(self):
        out = subprocess.run(["nm", "-D", "--defined-only", shared], check=True, capture_output=True, text=True).stdout
        names = sorted({line.split()[-1].split("@")[0] for line in out.splitlines() if " A " not in line})
        self.assertEqual(names, (source / "app/library/symbols.txt").read_text().split())
        dynamic = subprocess.run(["readelf", "-d", shared], check=True, capture_output=True, text=True).stdout
        self.assertIn("[libkwsd.so.0]", dynamic)

    def compile_and_run(self, compiler, example, link):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "spot"
            subprocess.run([*compiler, "-Wall", "-Wextra", "-Werror", "-pedantic", f"-I{source}/app/library",
                            source / "app/library/examples" / example, "-o", program, *link], check=True)
            return subprocess.run([program, "commands"], input=demo, check=True, capture_output=True,
                                  env={**os.environ, "LD_LIBRARY_PATH": str(shared.parent)}).stdout.decode()

    def test_examples_print_what_kwsd_run_finds(self):
        with kwsd.Spotter("commands") as spotter, spotter.stream() as stream:
            expected = "".join(f"{w.keyword} {w.start:.3f} {w.end:.3f} {w.score:.2f}\n" for w in stream.push(demo))
        self.assertEqual([line.split()[0] for line in expected.splitlines()], [e["keyword"] for e in events()])
        dynamic = [f"-L{shared.parent}", "-l:" + shared.name]
        self.assertEqual(self.compile_and_run(["cc", "-std=c99"], "spot.c", dynamic), expected)
        self.assertEqual(self.compile_and_run(["c++", "-std=c++17"], "spot.cpp", dynamic), expected)
        self.assertEqual(self.compile_and_run(["cc", "-std=c99"], "spot.c", [static, "-lstdc++", "-lm"]), expected)
        python = subprocess.run([sys.executable, source / "app/library/examples/spot.py"], input=demo, check=True,
                                capture_output=True,
                                env={**os.environ, "PYTHONPATH": str(source / "app/library/python")}).stdout.decode()
        self.assertEqual(python, expected)

    def test_blocks_of_any_size_find_what_kwsd_run_finds(self):
        for model in ("commands", "computer"):
            options = ["-m", model, "--threshold", "0.3"]
            expected = events(*options)
            with kwsd.Spotter(model) as spotter:
                found = []
                for block in (1, 512, 1024, 4096):
                    with spotter.stream() as stream:
                        stream.set_threshold(0.3)
                        found.append(push_all(stream, demo, block))
                self.assertTrue(all(words == found[0] for words in found), model)
                close_enough(self, found[0], expected)

    def test_models_from_bytes_and_several_models(self):
        names = ["commands", "computer"]
        data = [(source / f"models/{name}.kwsm").read_bytes() for name in names]
        with kwsd.Spotter(names) as a, kwsd.Spotter(data) as b, a.stream() as one, b.stream() as other:
            self.assertEqual(a.keywords, b.keywords)
            self.assertEqual(one.push(demo), other.push(demo))


class Python(unittest.TestCase):
    def test_samples_of_each_kind(self):
        integers = array.array("h", demo)
        floats = array.array("f", [x / 32768 for x in integers])
        results = []
        with kwsd.Spotter("commands") as spotter:
            for samples in (demo, bytearray(demo), memoryview(demo), integers, floats, memoryview(integers)):
                with spotter.stream() as stream:
                    results.append(stream.push(samples))
        self.assertEqual(len(results[0]), 8)
        self.assertTrue(all(result == results[0] for result in results))

    def test_misuse_raises(self):
        with self.assertRaisesRegex(kwsd.Error, "not found"):
            kwsd.Spotter("no-such-model")
        with self.assertRaises(kwsd.Error):
            kwsd.Spotter(b"KWSDMODL and nothing else")
        with self.assertRaises(kwsd.Error):
            kwsd.Spotter([])
        spotter = kwsd.Spotter("commands")
        stream = spotter.stream()
        spotter.close()
        spotter.close()
        with self.assertRaisesRegex(kwsd.Error, "no open spotter"):
            spotter.keywords
        with self.assertRaises(ValueError):
            stream.push(b"123")
        with self.assertRaises(TypeError):
            stream.push(array.array("d", [0.0]))
        with self.assertRaises(TypeError):
            stream.push([1, 2, 3])
        with self.assertRaises(ValueError):
            stream.set_branch("eighth")
        for threshold in (-0.1, 1.1, float("nan")):
            with self.assertRaises(kwsd.Error):
                stream.set_threshold(threshold)
        with self.assertRaisesRegex(kwsd.Error, "xyzzy"):
            stream.set_threshold(0.5, "xyzzy")
        self.assertEqual(len(stream.push(demo)), 8)
        stream.close()
        with self.assertRaisesRegex(kwsd.Error, "no open stream"):
            stream.push(demo)

    def test_settings_of_a_stream(self):
        with kwsd.Spotter("commands") as spotter, spotter.stream() as stream:
            stream.set_threshold(0.25, "stop", "half")
            self.assertEqual(stream.threshold("stop", "half"), 0.25)
            self.assertNotEqual(stream.threshold("stop"), 0.25)
            stream.set_muted(True)
            self.assertEqual(stream.push(demo), [])
            stream.set_muted(False)
            stream.reset()
            stream.set_branch("quarter")
            words = stream.push(demo)
            self.assertEqual({word.branch for word in words}, {"quarter"})

    def test_level_and_snr(self):
        with kwsd.Spotter("commands") as spotter, spotter.stream() as loud, spotter.stream() as soft:
            words = loud.push(demo)
            half = array.array("f", [x / 65536 for x in array.array("h", demo)])
            for a, b in zip(words, soft.push(half)):
                self.assertTrue(-60 < a.level < 0 and a.snr > 3, a)
                if a.keyword == b.keyword and a.start == b.start:
                    self.assertAlmostEqual(a.level - b.level, 6.02, delta=0.05)
                    self.assertAlmostEqual(a.snr, b.snr, delta=0.05)

    def test_threads(self):
        with kwsd.Spotter("commands") as spotter, spotter.stream() as stream:
            expected = stream.push(demo)
            found = [None] * 4

            def work(i):
                with spotter.stream() as own:
                    found[i] = push_all(own, demo, 512)
            threads = [threading.Thread(target=work, args=[i]) for i in range(len(found))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(found, [expected] * len(found))

    def test_porcupine(self):
        spotter = porcupine.create(access_key="any", keywords=["stop", "yes"])
        self.assertEqual((spotter.frame_length, spotter.sample_rate), (512, 16000))
        samples = array.array("h", demo)
        found = [spotter.process(list(samples[at:at + 512])) for at in range(0, len(samples) - 511, 512)]
        self.assertEqual([i for i in found if i >= 0], [1, 0])
        with self.assertRaises(porcupine.PorcupineInvalidArgumentError):
            spotter.process([0] * 511)
        spotter.delete()
        with self.assertRaises(porcupine.PorcupineInvalidArgumentError):
            porcupine.create(keywords=["porcupine"])
        with self.assertRaises(porcupine.PorcupineInvalidArgumentError):
            porcupine.create(keywords=["stop"], sensitivities=[2])
        strict = porcupine.create(keyword_paths=[str(source / "models/commands.kwsm")], sensitivities=[0])
        self.assertTrue(all(strict.process(samples[at:at + 512]) == -1 for at in range(0, 512 * 300, 512)))

    def test_linux_voice_assistant(self):
        for word in ("computer", "jarvis"):
            engine = lva.KwsdWakeWord.from_config(source / f"models/{word}.json")
            self.assertEqual((engine.id, engine.wake_word, engine.process_streaming(bytes(2048))), (word, word, False))
        with tempfile.TemporaryDirectory() as folder:
            manifest = pathlib.Path(folder) / "stop_word.json"
            manifest.write_text(json.dumps({"type": "kwsd", "wake_word": "stop", "model": "commands"}))
            engine = lva.KwsdWakeWord.from_config(manifest)
            self.assertEqual((engine.id, engine.wake_word), ("stop_word", "stop"))
            found = [at for at in range(0, len(demo), 2048) if engine.process_streaming(demo[at:at + 2048])]
            self.assertEqual(len(found), 1)
            for wrong in ({"wake_word": "xyzzy"}, {"wake_word": None}, {"model": 5}, {"type": "micro"}, {"model": "nosuch"},
                          {"kwsd": {"probability_cutoff": 2}}, {"kwsd": {"probability_cutoff": "x"}}, {"kwsd": [1]}):
                manifest.write_text(json.dumps({"type": "kwsd", "wake_word": "stop", "model": "commands", **wrong}))
                with self.assertRaises(kwsd.Error, msg=wrong):
                    lva.KwsdWakeWord.from_config(manifest)
            for text in ("", "[]", "5", "{", "\xff"):
                manifest.write_bytes(text.encode("latin-1"))
                with self.assertRaises(kwsd.Error, msg=text):
                    lva.KwsdWakeWord.from_config(manifest)

    def test_linux_voice_assistant_shows_and_sets_the_threshold(self):
        for word in ("computer", "jarvis"):
            manifest = json.loads((source / f"models/{word}.json").read_text())
            with kwsd.Spotter(str(source / f"models/{word}.kwsm")) as spotter, spotter.stream() as stream:
                self.assertAlmostEqual(manifest["kwsd"]["probability_cutoff"], stream.threshold(word), places=6)
        with tempfile.TemporaryDirectory() as folder:
            manifest = pathlib.Path(folder) / "stop.json"
            for cutoff, expected in ((None, 1), (1.0, 0)):
                manifest.write_text(json.dumps({"type": "kwsd", "wake_word": "stop", "model": "commands",
                                                "kwsd": {} if cutoff is None else {"probability_cutoff": cutoff}}))
                engine = lva.KwsdWakeWord.from_config(manifest)
                found = sum(engine.process_streaming(demo[at:at + 2048]) for at in range(0, len(demo), 2048))
                self.assertEqual(found, expected)
                if cutoff is not None:
                    self.assertEqual(engine.probability_cutoff, cutoff)
            engine.reset()
            engine.probability_cutoff = 0.3
            self.assertEqual(sum(engine.process_streaming(demo[at:at + 640]) for at in range(0, len(demo), 640)), 1)


@unittest.skipUnless(shutil.which("mypy"), "mypy is not installed")
class Types(unittest.TestCase):
    def test_are_complete_and_right(self):
        with tempfile.TemporaryDirectory() as cache:
            checked = subprocess.run(["mypy", "--strict", "--cache-dir", cache, source / "app/library/python/kwsd"],
                                     capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0, checked.stdout)


class FakeCard:
    """Stands for sounddevice.RawInputStream: calls back from a thread of its own, as a sound card does."""

    def __init__(self, samplerate, blocksize, device, channels, dtype, callback, finished_callback):
        self.form = (samplerate, channels, dtype, device)
        self.blocks = [demo[at:at + 2 * blocksize] for at in range(0, len(demo), 2 * blocksize)]
        self.callback, self.finished = callback, finished_callback
        FakeCard.last = self

    def __enter__(self):
        self.thread = threading.Thread(target=self.play)
        self.thread.start()

    def play(self):
        for number, block in enumerate(self.blocks):
            memory = bytearray(block)
            self.callback(memory, len(block) // 2, None, types.SimpleNamespace(input_overflow=number == 3))
            memory[:] = bytes(len(memory))  # a card uses its memory again
        self.finished()

    def __exit__(self, *_):
        self.thread.join()


class Microphone(unittest.TestCase):
    def setUp(self):
        sys.modules["sounddevice"] = types.SimpleNamespace(RawInputStream=FakeCard)
        self.addCleanup(sys.modules.pop, "sounddevice")

    def test_finds_what_the_sound_has(self):
        with kwsd.Spotter("commands") as spotter, spotter.stream() as other, spotter.stream() as stream:
            expected = other.push(demo)
            with kwsd.Microphone(stream, device="USB", seconds=60) as words:
                self.assertEqual(list(words), expected)
            self.assertEqual((words.lost, words.overflows), (0, 1))
            self.assertEqual(FakeCard.last.form, (16000, 1, "int16", "USB"))

    def test_a_late_reader_loses_sound_that_is_counted_and_times_stay_right(self):
        with kwsd.Spotter("commands") as spotter, spotter.stream() as other, spotter.stream() as stream:
            block, lost = 1600, range(100, 110)  # a second of twenty
            blocks = [demo[at:at + 2 * block] for at in range(0, len(demo), 2 * block)]
            silenced = [bytes(len(b)) if number in lost else b for number, b in enumerate(blocks)]
            expected = other.push(b"".join(silenced))
            microphone = kwsd.Microphone(stream, block=block, seconds=10)
            found = []

            def deliver(some):
                for data in some:
                    microphone.callback(data, len(data) // 2)
            deliver(blocks[:110])  # room for a hundred
            self.assertEqual(microphone.lost, 16000)
            reader = threading.Thread(target=lambda: found.extend(microphone))
            reader.start()
            while microphone._blocks.qsize() > 0:
                time.sleep(0.001)
            for data in blocks[110:]:
                deliver([data])
                while microphone._blocks.qsize() > 50:
                    time.sleep(0.001)
            microphone.end()
            reader.join()
            self.assertEqual(found, expected)
            self.assertEqual(microphone.lost, 16000)

    def test_without_sounddevice_an_error_says_what_is_missing(self):
        sys.modules["sounddevice"] = None  # an import of it raises ImportError
        with kwsd.Spotter("commands") as spotter, spotter.stream() as stream:
            with self.assertRaisesRegex(kwsd.Error, "python3-sounddevice"):
                kwsd.Microphone(stream).__enter__()
            for wrong in ({"block": 0}, {"seconds": 0}, {"seconds": float("nan")}):
                with self.assertRaises(ValueError):
                    kwsd.Microphone(stream, **wrong)


class Wheel(unittest.TestCase):
    def make(self, folder, *options):
        command = [sys.executable, source / "app/library/python/wheel.py", "1.2.3", folder, *options]
        path = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        with zipfile.ZipFile(path) as archive:
            self.assertIsNone(archive.testzip())
            archive.extractall(pathlib.Path(folder) / "site")
            names = set(archive.namelist())
        return pathlib.Path(path), names

    def check_record(self, site, names):
        lines = (site / "kwsd-1.2.3.dist-info/RECORD").read_text().splitlines()
        self.assertEqual({line.split(",")[0] for line in lines}, names)
        for name, digest, size in (line.split(",") for line in lines[:-1]):
            data = (site / name).read_bytes()
            self.assertEqual(int(size), len(data))
            self.assertEqual(digest, "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("="))

    def spot(self, site, **environment):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("KWSD_")}
        return subprocess.run([sys.executable, source / "app/library/examples/spot.py"], input=demo, check=True, cwd=site,
                              capture_output=True, env={**clean, "PYTHONPATH": str(site), **environment}).stdout.decode()

    def test_with_library_and_models_it_needs_nothing_else(self):
        with tempfile.TemporaryDirectory() as folder:
            wheel, names = self.make(folder, "--library", shared, "--machine", "x86_64",
                                     "--model", source / "models/commands.kwsm")
            self.assertEqual(wheel.name, "kwsd-1.2.3-py3-none-linux_x86_64.whl")
            site = pathlib.Path(folder) / "site"
            self.check_record(site, names)
            self.assertLessEqual({"kwsd/__init__.py", "kwsd/py.typed", "kwsd/lva.py", "kwsd/porcupine.py", "kwsd/microphone.py",
                                  "kwsd/libkwsd.so.0", "kwsd/models/commands.kwsm"}, names)
            self.assertEqual([line.split()[0] for line in self.spot(site).splitlines()], [e["keyword"] for e in events()])

    def test_of_any_machine_it_takes_the_library_that_is_installed(self):
        with tempfile.TemporaryDirectory() as folder:
            wheel, names = self.make(folder)
            self.assertEqual(wheel.name, "kwsd-1.2.3-py3-none-any.whl")
            site = pathlib.Path(folder) / "site"
            self.check_record(site, names)
            found = self.spot(site, KWSD_LIBRARY=str(shared), KWSD_MODEL_DIR=str(source / "models"))
            self.assertEqual(len(found.splitlines()), len(events()))

    def test_the_same_input_gives_the_same_bytes(self):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            self.assertEqual(self.make(one)[0].read_bytes(), self.make(other)[0].read_bytes())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
