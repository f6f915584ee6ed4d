#!/usr/bin/env python3
"""kwsd as its users run it: recordings, pipes, bad input, exit codes.

usage: run_test.py SOURCE_DIR COMMAND...     COMMAND is kwsd, behind an emulator where there is one
"""
import json
import os
import pathlib
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import wave

from daemon import Lines, read_pcm, wait_for
from environment import LIMIT, environment

SOURCE = pathlib.Path(sys.argv[1]).resolve()
COMMAND = sys.argv[2:]
DATA = SOURCE / "tests" / "data"


ENVIRONMENT = environment(SOURCE)


def kwsd(*arguments, data=b"", env=None):
    return subprocess.run([*COMMAND, *map(str, arguments)], input=data, capture_output=True, timeout=LIMIT,
                          env=environment(SOURCE, **(env or {})))


def without_root():
    """For preexec_fn: files that may not be written cannot be."""
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)


def sound_remark(path):
    """The comment inside a WAV file that is whole; b"" otherwise."""
    data = path.read_bytes() if path.exists() else b""
    whole = len(data) > 44 and struct.unpack("<I", data[4:8])[0] + 8 == len(data)
    at = data.find(b"ICMT") if whole else -1
    return b"" if at < 0 else data[at + 8:at + 8 + struct.unpack("<I", data[at + 4:at + 8])[0]].rstrip(b"\0")


def events(result, kind="detection"):
    return [e for e in map(json.loads, result.stdout.splitlines()) if e["event"] == kind]


def labels(name):
    rows = (line.split("\t") for line in (DATA / name).read_text().splitlines())
    return [(float(start), float(end), word) for start, end, word in rows]


def write_wav(path, samples, rate=16000, channels=1, width=2):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        if width == 1:
            file.writeframes(bytes((s >> 8) + 128 for s in samples))
        else:
            file.writeframes(b"".join((s << 8 * (width - 2)).to_bytes(width, "little", signed=True) for s in samples))


def read_wav(path):
    with wave.open(str(path), "rb") as file:
        return list(struct.unpack(f"<{file.getnframes()}h", file.readframes(file.getnframes())))


class Recordings(unittest.TestCase):
    def check_demo(self, *arguments):
        result = kwsd("run", "-i", DATA / "demo.wav", "--no-wall-clock", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        wanted = labels("demo.tsv")
        found = events(result)
        self.assertEqual([e["keyword"] for e in found], [word for _, _, word in wanted])
        for event, (_, end, _) in zip(found, wanted):
            self.assertLess(abs(event["end"] - end), 0.3)
        return result.stdout

    def test_every_kernel_set_and_branch_finds_the_words_and_writes_the_same(self):
        info = kwsd("run", "-i", DATA / "stop.wav", "--kernels", "none-such")
        self.assertEqual(info.returncode, 2)
        names = info.stderr.decode().split("available: ")[1].strip().split(", ")
        for branch in ("full", "half", "quarter"):
            written = {name: [line for line in self.check_demo("--kernels", name, "--branch", branch).splitlines()
                              if b'"ready"' not in line] for name in names}
            for name in names:
                self.assertEqual(written[name], written["reference"], (name, branch))

    def test_events_are_written_within_400_ms_of_the_end_of_the_word(self):
        wanted = labels("demo.tsv")
        for branch in ("full", "half", "quarter"):
            result = kwsd("run", "-i", DATA / "demo.wav", "--branch", branch, "--status-interval", "0.05")
            written, now = [], 0.0  # seconds of the stream when each detection was written, to 0.064 s
            for event in map(json.loads, result.stdout.splitlines()):
                now = event["seconds"] if event["event"] == "status" else now
                if event["event"] == "detection":
                    written.append(now + 0.064)
            self.assertEqual(len(written), len(wanted))
            for when, (_, end, word) in zip(written, wanted):
                self.assertLess(when - end, 0.4, (branch, word))

    def test_a_word_at_the_very_start_is_found_in_time(self):
        samples = read_wav(DATA / "demo.wav")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "x.wav"
            for start, end, word in labels("demo.tsv"):
                first = round((start - 0.02) * 16000)
                write_wav(path, samples[first:first + 24000])
                found = events(kwsd("run", "-i", path))
                self.assertEqual(found[0]["keyword"] if found else None, word)
                self.assertLess(abs(found[0]["end"] - (end - start + 0.02)), 0.3, word)

    def test_silence_and_a_start_in_the_middle_of_speech_are_quiet(self):
        samples = read_wav(DATA / "speech.wav")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "x.wav"
            for first in range(4000, len(samples) - 16000, 24000):
                write_wav(path, samples[first:first + 16000])
                self.assertEqual([e for e in events(kwsd("run", "-i", path)) if e["end"] < 0.9], [], first)
            write_wav(path, [0] * 48000)
            self.assertEqual(events(kwsd("run", "-i", path)), [])

    def test_a_run_repeats_byte_for_byte(self):
        self.assertEqual(self.check_demo(), self.check_demo())

    def test_speech_without_keywords_is_silent(self):
        self.assertEqual(events(kwsd("run", "-i", DATA / "speech.wav")), [])

    def test_text_output(self):
        result = kwsd("run", "-i", DATA / "stop.wav", "--format", "text")
        self.assertEqual(result.stdout, b"stop\n")

    def test_raw_pcm_on_standard_input(self):
        samples = read_wav(DATA / "stop.wav")
        for odd in (b"", b"\x01"):
            raw = struct.pack(f"<{len(samples)}h", *samples) + odd
            result = kwsd("run", "-i", "-", "--format", "text", data=raw)
            self.assertEqual((result.returncode, result.stdout), (0, b"stop\n"))
            self.assertEqual(b"incomplete sample" in result.stderr, odd != b"")

    def test_any_rate_width_and_channel(self):
        samples = read_wav(DATA / "stop.wav")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "x.wav"
            for rate, width in ((48000, 2), (96000, 3), (16000, 1), (32000, 4)):
                repeated = [s for s in samples for _ in range(rate // 16000)]
                write_wav(path, repeated, rate, 1, width)
                self.assertEqual(kwsd("run", "-i", path, "--format", "text").stdout, b"stop\n", (rate, width))
            stereo = [v for s in samples for v in (0, s)]
            write_wav(path, stereo, channels=2)
            self.assertEqual(kwsd("run", "-i", path, "--format", "text").stdout, b"")
            self.assertEqual(kwsd("run", "-i", path, "--channel", 2, "--format", "text").stdout, b"stop\n")
            self.assertEqual(kwsd("run", "-i", path, "--channel", 3).returncode, 2)
            write_wav(path, samples[::2], rate=8000)
            self.assertEqual(kwsd("run", "-i", path).returncode, 0)

    def test_float_flac_and_interleaved_files(self):
        samples = read_wav(DATA / "stop.wav")
        data = struct.pack(f"<{len(samples)}f", *(s / 32768 for s in samples))
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "x.wav"
            header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 3, 1, 16000,
                                 64000, 4, 32, b"data", len(data))
            path.write_bytes(header + data)
            self.assertEqual(kwsd("run", "-i", path, "--format", "text").stdout, b"stop\n")
            six = [v for s in samples for v in (0, 0, 0, 0, s, 0)]
            write_wav(path, six, channels=6)
            self.assertEqual(kwsd("run", "-i", path, "--channel", 5, "--format", "text").stdout, b"stop\n")

    def test_several_models_share_one_input(self):
        result = kwsd("run", "-i", DATA / "stop.wav", "-m", "commands", "-m", SOURCE / "models" / "jarvis.kwsm",
                      "--threshold", "stop=0.3", "--threshold", "jarvis=0.9")
        self.assertEqual(events(result, "ready")[0]["models"], ["commands", "jarvis"])
        found = events(result)
        self.assertEqual([(e["keyword"], e["model"]) for e in found], [("stop", "commands")])
        self.assertEqual(found[0]["threshold"], 0.3)

    def test_a_model_that_is_named_twice_is_loaded_once(self):
        with tempfile.TemporaryDirectory() as folder:
            shipped, link, copy = SOURCE / "models" / "commands.kwsm", folder + "/link.kwsm", folder + "/copy.kwsm"
            os.symlink(shipped, link)
            shutil.copyfile(shipped, copy)
            for other in ("commands", shipped, link, copy):
                for command in ("run", "live"):
                    result = kwsd(command, "-i", DATA / "stop.wav", "-m", "commands", "-m", other)
                    self.assertEqual(result.stdout.count(b"stop"), kwsd(command, "-i", DATA / "stop.wav").stdout.count(b"stop"))
                    warning = f"--model: '{other}' is the same model as 'commands'; the model is loaded once"
                    self.assertEqual(result.stderr.decode().count(warning), 1, result.stderr)
            twice = kwsd("run", "-i", DATA / "stop.wav", env={"KWSD_MODEL": "jarvis,commands,jarvis"})
            self.assertEqual(events(twice, "ready")[0]["models"], ["jarvis", "commands"])

    def test_the_refractory_period_is_that_of_the_keyword_and_0_leaves_the_rule_of_the_manual(self):
        demo = read_wav(DATA / "demo.wav")
        start, end = next((start, end) for start, end, word in labels("demo.tsv") if word == "stop")
        clip = demo[int(start * 16000) - 800:int(end * 16000) + 800]

        def detections(seconds, *arguments, model="commands-window"):
            """Of ten words, the beginnings of which are so far apart."""
            sound = [(i * 7919) % 13 - 6 for i in range(int(16000 * (10 * seconds + 3)))]
            for word in range(10):
                at = 16000 + int(16000 * seconds * word)
                sound[at:at + len(clip)] = [a + b for a, b in zip(sound[at:at + len(clip)], clip)]
            pcm = struct.pack(f"<{len(sound)}h", *sound)
            return kwsd("run", "-i", "-", "--format", "text", "-m", model, *arguments, data=pcm).stdout.decode().split().count("stop")

        none = ("--refractory-seconds", "0")
        self.assertEqual([detections(seconds, *none) for seconds in (0.8, 1.1)], [1, 10])
        self.assertEqual(detections(0.8, *none, model="commands"), 10)  # over streams, smoothed over 0.2 s
        self.assertEqual([detections(seconds, *none, "--smoothing-ms", 100) for seconds in (0.8, 1)], [1, 10])
        self.assertEqual(detections(1.1, "--refractory-seconds", "5", "--refractory-seconds", "STOP=0"), 10)
        self.assertEqual(detections(1.1, *none, "--refractory-seconds", "stop=3"), 4)
        self.assertEqual(detections(1.1, *none, "--refractory-seconds", "go=3"), 10)
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "kwsd.toml"
            config.write_text('refractory-seconds = [0, "stop=3"]\n')
            self.assertEqual(detections(1.1, "--config", config), 4)
        unknown = kwsd("run", "-i", "-", "--refractory-seconds", "banana=1")
        self.assertEqual(unknown.returncode, 2)
        self.assertIn(b"--refractory-seconds: found the word 'banana', expected a keyword", unknown.stderr)

    def test_realtime_takes_as_long_as_the_sound(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "x.wav"
            write_wav(path, read_wav(DATA / "stop.wav")[:16000])
            for branch in ("auto", "full"):
                started = time.monotonic()
                result = kwsd("run", "-i", path, "--realtime", "--branch", branch)
                self.assertGreater(time.monotonic() - started, 0.9)
                end = events(result, "end")[0]
                self.assertEqual(end["seconds"], 1)
                self.assertGreaterEqual(end["load"], 0)  # of the machine, whoever chooses the branch

    def test_clips_are_kept(self):
        with tempfile.TemporaryDirectory() as folder:
            for recording, clips in (("demo.wav", ["000006_up.wav", "000007_down.wav", "000008_no.wav"]),
                                     ("stop.wav", ["000001_stop.wav", "000007_down.wav", "000008_no.wav"])):
                kwsd("run", "-i", DATA / recording, "--save-clips", folder, "--max-clips", 3)
                self.assertEqual(sorted(p.name for p in pathlib.Path(folder).iterdir()), clips)
                self.assertTrue(all(len(read_wav(p)) == 32000 for p in pathlib.Path(folder).iterdir()))

    def test_near_misses_are_kept_apart_from_clips(self):
        with tempfile.TemporaryDirectory() as name:
            near, clips = pathlib.Path(name, "near"), pathlib.Path(name, "clips")
            both = ("run", "-i", DATA / "stop.wav", "--save-clips", clips, "--save-near-misses")
            kwsd(*both, near)
            self.assertEqual(([p.name for p in near.iterdir()], [p.name for p in clips.iterdir()]), ([], ["000001_stop.wav"]))
            kwsd("run", "-i", DATA / "stop.wav", "--threshold", "stop=1", "--save-near-misses", near)
            kept = near / "000001_stop.wav"
            self.assertEqual(list(near.iterdir()), [kept])
            self.assertEqual(len(read_wav(kept)), 32000)
            self.assertEqual(kwsd("run", "-i", kept, "--format", "text").stdout, b"stop\n")  # the whole word
            result = kwsd(*both, clips)
            self.assertEqual(result.returncode, 2)
            self.assertIn(b"--save-near-misses: found the folder of --save-clips", result.stderr)

    def test_clips_of_earlier_runs_stay(self):
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(4):
                kwsd("run", "-i", DATA / "stop.wav", "--save-clips", folder, "--max-clips", 3)
            self.assertEqual(len(list(pathlib.Path(folder).iterdir())), 3)

    def test_clips_of_a_run_of_weeks_are_found_again(self):
        with tempfile.TemporaryDirectory() as folder:
            kwsd("run", "-i", DATA / "stop.wav", "--save-clips", folder)
            clip = pathlib.Path(folder) / "000001_stop.wav"
            for name in ("1000000_go.wav", "1000001_go.wav", "12_go.wav", "123456_go.flac", "my_000001_stop.wav"):
                shutil.copy(clip, pathlib.Path(folder) / name)
            clip.unlink()
            kwsd("run", "-i", DATA / "stop.wav", "--save-clips", folder, "--max-clips", 1)
            self.assertEqual(sorted(p.name for p in pathlib.Path(folder).iterdir()),
                             ["000001_stop.wav", "123456_go.flac", "12_go.wav", "my_000001_stop.wav"])

    def test_only_clips_that_kwsd_wrote_are_removed(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            mine = ["00176480_nohash_0.wav", "000001_stop.wav", "000001_stop-2.wav", "1000000_go.wav", "000009_up.wav"]
            for number, file in enumerate(mine[:-1]):
                write_wav(folder / file, [number])
            (folder / mine[-1]).symlink_to(folder / mine[0])
            before = {file: (folder / file).read_bytes() for file in mine}
            for _ in range(2):
                kwsd("run", "-i", DATA / "demo.wav", "--save-clips", folder, "--max-clips", 1)
            self.assertEqual(before, {file: (folder / file).read_bytes() for file in mine})
            self.assertEqual(len(list(folder.iterdir())), len(mine) + 1)

    def test_a_file_that_took_the_place_of_a_clip_is_not_removed(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            process = subprocess.Popen([*COMMAND, "run", "-i", "-", "--save-clips", folder, "--max-clips", "1"],
                                       env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            word = read_pcm(DATA / "stop.wav")
            process.stdin.write(word + bytes(64000))
            process.stdin.flush()
            clip = folder / "000001_stop.wav"
            wait_for(lambda: sound_remark(clip))
            write_wav(clip, [1, 2, 3])
            process.communicate(word + bytes(64000), timeout=LIMIT)
            self.assertEqual(read_wav(clip), [1, 2, 3])
            self.assertEqual(len(list(folder.iterdir())), 2)

    def test_a_full_disk_leaves_no_broken_recordings(self):
        for room in (0, 20, 44, 20000):  # bytes
            def full():
                resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

            with self.subTest(room), tempfile.TemporaryDirectory() as folder:
                for arguments in (("run", "-i", DATA / "stop.wav", "--save-clips", folder),
                                  ("record", "stop", "--from-file", DATA / "demo.wav", "--dir", folder)):
                    result = subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, timeout=LIMIT, env=ENVIRONMENT,
                                            preexec_fn=full, restore_signals=False)  # so that SIGXFSZ stays ignored
                    self.assertIn(b".wav: cannot be written: File too large", result.stderr)
                    self.assertEqual([path for path in pathlib.Path(folder).rglob("*") if path.is_file()], [])
                    if arguments[0] == "run":
                        self.assertEqual(events(result, "end")[0]["clips_dropped"], 1)
                        self.assertIn(b"1 clip(s) were not saved", result.stderr)

    def test_a_write_that_fails_says_why(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o555)
            for path in ("x.txt", "./x.txt", f"{folder}/x.txt"):
                result = subprocess.run([*COMMAND, "live", "-i", DATA / "stop.wav", "--screenshot", path], capture_output=True,
                                        timeout=LIMIT, env=ENVIRONMENT, cwd=folder, preexec_fn=without_root)
                self.assertEqual(result.returncode, 74)
                self.assertIn(f"{path}: cannot be written: Permission denied", result.stderr.decode())

    def test_a_command_is_run_for_each_detection(self):
        with tempfile.TemporaryDirectory() as folder:
            words = pathlib.Path(folder) / "words"
            result = kwsd("run", "-i", DATA / "demo.wav", "--format", "text", "--exec", f"cat >>{words}; echo printed")
            self.assertEqual(result.stdout.decode().split(), [word for *_, word in labels("demo.tsv")])
            heard = [json.loads(line) for line in words.read_text().splitlines()]
            self.assertEqual(sorted(e["seq"] for e in heard), list(range(1, 9)))
            self.assertIn(b"printed", result.stderr)
            result = kwsd("run", "-i", DATA / "stop.wav", "--exec", "exit 3")
            self.assertIn(b"--exec: exit status 3", result.stderr)
            self.assertEqual(result.returncode, 0)

    def test_a_command_that_hangs_delays_nobody(self):
        with tempfile.TemporaryFile() as log:
            process = subprocess.Popen([*COMMAND, "run", "-i", "-", "--realtime", "--exec", "exec sleep 90"],
                                       env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
            self.addCleanup(lambda: (process.kill(), process.wait(), process.stdin.close(), process.stdout.close()))
            process.stdin.write(read_pcm(DATA / "stop.wav") + bytes(96000))
            process.stdin.flush()
            self.assertIsNotNone(Lines(process.stdout.fileno()).until("detection"))
            process.terminate()
            self.assertEqual(process.wait(timeout=60), 0)
            log.seek(0)
            self.assertIn(b"--exec: 1 command(s) still run", log.read())

    def test_the_recipe_with_tee(self):
        with tempfile.TemporaryDirectory() as folder:
            recipe = f"""cat sound.raw | tee >({' '.join(COMMAND)} run -i - --format text --log-level off >words) >after.raw; wait $!"""
            (pathlib.Path(folder) / "sound.raw").write_bytes(read_pcm(DATA / "stop.wav"))
            subprocess.run(["bash", "-c", recipe], cwd=folder, env=ENVIRONMENT, check=True, timeout=300)
            wait_for(lambda: (pathlib.Path(folder) / "words").read_text() == "stop\n")
            self.assertEqual((pathlib.Path(folder) / "after.raw").read_bytes(), read_pcm(DATA / "stop.wav"))

    def test_only_zeros_are_told(self):
        for zeros, channel, told in ((160000, 1, True), (48000, 1, False)):
            with self.subTest(zeros):
                result = kwsd("run", "-i", "-", "--channel", channel, "--status-interval", 1, data=bytes(zeros) + read_pcm(DATA / "stop.wav"))
                found = [e["event"] for e in map(json.loads, result.stdout.splitlines()) if e["event"].startswith("silent")]
                self.assertEqual(found, ["silent_input", "silent_input_ended"] if told else [])
                self.assertEqual(b"only zeros arrive on channel 1" in result.stderr, told)
                self.assertEqual(events(result, "status")[0]["level"], -120)

    def test_a_reader_that_sleeps_does_not_stall_a_pipe(self):
        samples = read_wav(DATA / "demo.wav")
        process = subprocess.Popen([*COMMAND, "run", "-i", str(DATA / "demo.wav"), "--status-interval", "0.01"],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        first = process.stdout.readline()  # then let the pipe fill: a file run waits, and loses nothing
        lines = [first, *process.stdout.readlines()]
        process.stdout.close()
        self.assertEqual(process.wait(timeout=LIMIT), 0)
        end = json.loads(lines[-1])
        self.assertEqual((end["event"], end["dropped"], end["detections"]), ("end", 0, 8))
        self.assertEqual(end["seconds"], round(len(samples) / 16000, 3))

    @unittest.skipUnless("KWSD_MEMORY_TEST" in os.environ, "only where memory is what users see")
    def test_a_file_run_takes_less_than_24_mib(self):
        process = subprocess.Popen([*COMMAND, "run", "-i", str(DATA / "demo.wav")], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        self.assertLess(usage.ru_maxrss, 24 * 1024)  # KiB

    def test_a_closed_pipe_ends_quietly(self):
        process = subprocess.Popen([*COMMAND, "run", "-i", str(DATA / "demo.wav"), "--log-level", "warning"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=ENVIRONMENT)
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        self.assertEqual(process.wait(timeout=LIMIT), 0)


class BadInput(unittest.TestCase):
    def refuses(self, code, text, *arguments, data=b"", env=None):
        result = kwsd("run", *arguments, "--log-level", "error", data=data, env=env)
        self.assertEqual(result.returncode, code, result.stderr)
        lines = result.stderr.decode().splitlines()
        self.assertEqual(len(lines), 1, lines)
        self.assertIn(text, lines[0])

    def test_recordings(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "x.wav"
            self.refuses(66, "x.wav: cannot be opened", "-i", path)
            path.write_bytes(b"")
            self.refuses(65, "x.wav", "-i", path)
            path.write_bytes(b"RIFF of another kind")
            self.refuses(65, "expected a sound file", "-i", path)
            write_wav(path, [])
            self.refuses(65, "no samples", "-i", path)
            self.refuses(66, "directory", "-i", folder + "/")
            os.mkfifo(path.with_name("pipe.wav"))
            self.refuses(66, "pipe.wav: found a special file", "-i", path.with_name("pipe.wav"))
            path.write_bytes(b"\x7fELF" + bytes(range(256)) * 20)
            self.refuses(65, "expected a sound file", "-i", path)

    def test_devices(self):
        keeps_memory = {"ASAN_OPTIONS": "detect_leaks=0"}  # ALSA's plugins do
        for name in ("no-such-microphone", "USB2.0", "USB 2.0 Camera: Audio (hw:1,0)"):
            self.refuses(69, f"input device '{name}' not found", "-i", name, env=keeps_memory)
            self.assertEqual(kwsd("run", "-i", name, env=keeps_memory).stdout, b"")  # no end where there was no ready

    def test_without_the_configuration_of_alsa(self):
        env = {"ALSA_CONFIG_PATH": "/nonexistent/alsa.conf", "ASAN_OPTIONS": "detect_leaks=0"}
        for arguments in (("run", "-i", "nosuch"), ("live",), ("record", "x"), ("devices",)):
            result = kwsd(*arguments, env=env)
            self.assertEqual(result.returncode, 69, arguments)
            self.assertEqual([line for line in result.stderr.decode().splitlines() if "error" in line and "/nonexistent/alsa.conf" not in line], [])
            self.assertIn(b"/nonexistent/alsa.conf cannot be read: No such file or directory", result.stderr)
            self.assertEqual(events(result, "ready") if arguments[0] == "run" else [], [])

    def test_standard_input(self):
        self.refuses(65, "no samples", "-i", "-")

    def test_closed_standard_streams(self):
        def closed(redirection, *arguments):
            command = ["sh", "-c", f'exec "$@" {redirection}', "sh", *COMMAND, "run", *map(str, arguments), "--format", "text"]
            return subprocess.run(command, input=b"", capture_output=True, env=ENVIRONMENT, timeout=LIMIT)

        result = closed("<&-", "-i", "-", "--log-level", "error")
        self.assertEqual(result.returncode, 66)
        self.assertEqual(result.stderr, b"kwsd: error: standard input: Bad file descriptor\n")
        result = closed(">&-", "-i", DATA / "stop.wav", "--log-level", "error")
        self.assertEqual(result.returncode, 74)
        self.assertEqual(result.stderr, b"kwsd: error: standard output: Bad file descriptor\n")
        for redirection in ("<&-", "2>&-"):
            result = closed(redirection, "-i", DATA / "stop.wav")
            self.assertEqual((result.returncode, result.stdout), (0, b"stop\n"), redirection)

    def test_standard_output_that_cannot_be_written(self):
        stop = DATA / "stop.wav"
        record = ("record", "stop", "--from-file", DATA / "demo.wav", "--count", 1, "--dir")
        with tempfile.TemporaryDirectory() as folder, open("/dev/full", "wb") as full:
            for arguments in (("run", "-i", stop), ("live", "-i", stop), ("info",), ("version",), ("--help",), (*record, folder)):
                command = [*COMMAND, *map(str, arguments)]
                result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=ENVIRONMENT, timeout=LIMIT)
                self.assertEqual(result.returncode, 74, arguments)
                self.assertIn(b"kwsd: error: standard output: ", result.stderr)
        reading, writing = os.pipe()
        os.close(reading)
        with open(writing, "wb") as closed:
            command = [*COMMAND, "live", "-i", str(stop)]
            self.assertEqual(subprocess.run(command, stdout=closed, env=ENVIRONMENT, timeout=LIMIT).returncode, 0)

    def test_a_log_that_nobody_reads_stalls_nothing(self):
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        os.set_blocking(writing, False)
        with open(writing, "wb", buffering=0) as log:
            while log.write(bytes(65536)):
                pass
            os.set_blocking(writing, True)
            command = [*COMMAND, "run", "-i", str(DATA / "stop.wav"), "--format", "text"]
            result = subprocess.run(command, stdout=subprocess.PIPE, stderr=log, env=ENVIRONMENT, timeout=LIMIT)
            wrong = subprocess.run([*COMMAND, "run", "-i", str(DATA / "missing.wav")], stderr=log, env=ENVIRONMENT, timeout=LIMIT)
        self.assertEqual((result.returncode, result.stdout), (0, b"stop\n"))
        self.assertEqual(wrong.returncode, 66)

    def test_a_truncated_recording_is_heard_to_its_end(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "x.wav"
            path.write_bytes((DATA / "stop.wav").read_bytes()[:-1001])
            result = kwsd("run", "-i", path, "--format", "text")
            self.assertEqual((result.returncode, result.stdout), (0, b"stop\n"))
            path.write_bytes((DATA / "stop.wav").read_bytes()[:30])
            self.refuses(65, "x.wav", "-i", path)

    def test_models(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "x.kwsm"
            model = (SOURCE / "models" / "commands.kwsm").read_bytes()
            self.refuses(66, "x.kwsm", "-m", path, "-i", DATA / "stop.wav")
            for damaged, text in ((model[:100], "payload size"), (model[:-1], "payload size"), (b"", "magic"),
                                  (model[:8] + b"\x09" + model[9:], "version: found 9, expected 2"),
                                  (model[:5000] + bytes([model[5000] ^ 1]) + model[5001:], "checksum")):
                path.write_bytes(damaged)
                self.refuses(65, text, "-m", path, "-i", DATA / "stop.wav")

    def test_options(self):
        self.refuses(2, "1.5", "--threshold", "1.5", "-i", DATA / "stop.wav")
        self.refuses(2, "-0.1", "--threshold=stop=-0.1", "-i", DATA / "stop.wav")
        self.refuses(2, "banana", "--threshold", "banana=0.5", "-i", DATA / "stop.wav")
        self.refuses(2, "no-such-flag", "--no-such-flag")
        self.refuses(2, "--hop-ms", "--hop-ms", "301", "-i", DATA / "stop.wav")
        for option in ("--hop-ms", "--smoothing-ms", "--refractory-seconds", "--status-interval"):
            expected = "X or WORD=X" if option == "--refractory-seconds" else "a number"
            self.refuses(2, f"{option}: found 'nan', expected {expected}", option, "nan", "-i", DATA / "stop.wav")

    def test_configuration(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "kwsd.toml"
            path.write_text("colour = 1\n")
            self.refuses(78, "unknown key 'colour'", "--config", path, "-i", DATA / "stop.wav")
            path.write_text("\nstatus-interval = nan\n")
            self.refuses(78, "kwsd.toml:2: key 'status-interval'", "--config", path, "-i", DATA / "stop.wav")
            path.write_text("threshold = [\n")
            self.refuses(78, "kwsd.toml:1", "--config", path, "-i", DATA / "stop.wav")
            self.refuses(78, "absent.toml", "--config", folder + "/absent.toml", "-i", DATA / "stop.wav")

    def test_flags_win_over_environment_over_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "kwsd.toml"
            path.write_text('branch = "half"\n')

            def branch(*arguments, env=None):
                result = kwsd("run", "-i", DATA / "stop.wav", "--config", path, *arguments, env=env or {"KWSD_BRANCH": None})
                return events(result, "ready")[0]["branch"]

            self.assertEqual(branch(), "half")
            self.assertEqual(branch(env={"KWSD_BRANCH": "quarter"}), "quarter")
            self.assertEqual(branch("--branch", "full", env={"KWSD_BRANCH": "quarter"}), "full")

    def test_flags_over_environment_over_user_file_over_system_file(self):
        with tempfile.TemporaryDirectory() as folder:
            user = pathlib.Path(folder) / "kwsd" / "kwsd.toml"
            user.parent.mkdir()
            # A /etc of its own for the time of a run, which the kernel may forbid.
            alone = ["unshare", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs none /etc && mkdir /etc/kwsd && "
                     "printf 'branch = \"half\"\\nstatus-interval = 1\\n' > /etc/kwsd/kwsd.toml && exec \"$@\"", "sh"]
            if subprocess.run([*alone, "true"], stderr=subprocess.DEVNULL).returncode != 0:
                self.skipTest("no mount namespaces here")

            def branch(*arguments, env=None):
                command = [*alone, *COMMAND, "run", "-i", str(DATA / "stop.wav"), *arguments]
                result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT,
                                        env=environment(SOURCE, **{"XDG_CONFIG_HOME": folder, "KWSD_BRANCH": None,
                                                                   "KWSD_SYSTEM_CONFIG": "/etc/kwsd/kwsd.toml", **(env or {})}))
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(len(events(result, "status")), 2)  # each key for itself: this one is in /etc alone
                return events(result, "ready")[0]["branch"]

            self.assertEqual(branch(), "half")
            user.write_text('branch = "quarter"\n')
            self.assertEqual(branch(), "quarter")
            self.assertEqual(branch(env={"KWSD_BRANCH": "full"}), "full")
            self.assertEqual(branch("--branch", "half", env={"KWSD_BRANCH": "full"}), "half")

    def test_the_shipped_configuration_is_valid(self):
        result = kwsd("run", "--config", SOURCE / "config" / "kwsd.toml", "-i", DATA / "stop.wav", "--format", "text")
        self.assertEqual((result.returncode, result.stdout), (0, b"stop\n"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
