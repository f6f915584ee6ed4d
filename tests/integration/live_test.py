#!/usr/bin/env python3
"""kwsd live and kwsd record, as their users see them: in tmux, at two sizes, and without a terminal.

usage: live_test.py SOURCE_DIR COMMAND...     COMMAND is kwsd, behind an emulator where there is one
       KWSD_UPDATE_SCREENS=1 writes the screens in tests/data/screens anew
"""
import contextlib
import fcntl
import os
import pathlib
import re
import select
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import microphone
import picture
from daemon import Lines, read_pcm, run_tests, wait_for
from run_test import COMMAND, DATA, ENVIRONMENT, kwsd, labels, read_wav, write_wav
from tools_test import WithFolder

LIMIT = 180  # seconds that only a defect waits for


def settled(screen):
    """A screen without what differs from run to run (level, peaks, clock, load, rates) and from model to model
    (scores, their bars and times)."""
    lines = screen.rstrip("\n").split("\n")
    lines[0] = re.sub(r"\d\d:\d\d:\d\d$", "HH:MM:SS", lines[0].replace(str(DATA), "DATA"))
    lines[0] = re.sub(r"(Hz  commands) +", r"\1  ", lines[0])
    lines[1] = " level"
    lines = [re.sub(r"[·█▏▎▍▌▋▊▉]", " ", line) for line in lines]
    lines = [re.sub(r" \d\.\d\d /", " N.NN /", line) for line in lines]
    lines = [re.sub(r" +\d+\.\d\d s (.*) \d\.\d\d \(", r" SECONDS s \1 N.NN (", line) for line in lines]
    lines = [re.sub(r" +-\d+ dBFS  SNR +\d+ dB", " N dBFS  SNR N dB", line) for line in lines]
    lines = [re.sub(r"\d\d:\d\d:\d\d$", "HH:MM:SS", line) for line in lines]
    lines = [re.sub(r"(machine|kwsd) +(\d+ %|-)", r"\1 N %", line) for line in lines]
    lines = [re.sub(r"(\d+\.\d|-) windows/s  lost \d+\.\d s", "N windows/s  lost N s", line) for line in lines]
    lines = [re.sub(r"lost: .*; waiting", "lost: REASON; waiting", line) for line in lines]
    return "\n".join(line.rstrip() for line in lines) + "\n"


class Tmux:
    """kwsd in a terminal of its own, behind a shell that says how it ended."""

    def __init__(self, columns, rows, *arguments, env=None, stdin=""):
        self.folder = tempfile.TemporaryDirectory()
        self.socket = self.folder.name + "/tmux"
        variables = {"LC_ALL": "C.UTF-8", "XDG_CONFIG_HOME": self.folder.name, **(env or {})}
        words = ["env", *(f"{name}={value}" for name, value in variables.items()), *COMMAND, "live", *map(str, arguments)]
        before, after = self.folder.name + "/before", self.folder.name + "/after"
        feed = stdin and stdin + " | "
        script = f"cd {self.folder.name}; stty -a >{before}; {feed}{shlex.join(words)}; rc=$?; stty -a >{after}; echo ended: $rc; exec cat"
        self.tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), script)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True)
        self.folder.cleanup()

    def tmux(self, *arguments):
        result = subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", *arguments], capture_output=True, timeout=LIMIT,
                                env=ENVIRONMENT)
        if result.returncode != 0:
            raise RuntimeError(result.stderr.decode())
        return result.stdout.decode()

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def until(self, text, limit=LIMIT):
        """The first screen that shows `text` (a pattern)."""
        end = time.monotonic() + limit
        while True:
            screen = self.screen()
            if re.search(text, screen):
                return screen
            if time.monotonic() > end or re.search(r"(?m)^ended: \d", screen):  # after the end nothing comes
                raise AssertionError(f"'{text}' did not come:\n{screen}")
            time.sleep(0.05)

    def kill(self, signal_number):
        pane = int(self.tmux("display-message", "-p", "#{pane_pid}"))
        for child in pathlib.Path(f"/proc/{pane}/task/{pane}/children").read_text().split():
            if b"live" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes():
                os.kill(int(child), signal_number)

    def path(self, name):
        return pathlib.Path(self.folder.name) / name

    def terminal_is_restored(self):
        return self.path("before").read_text() == self.path("after").read_text()


class ScreenTest(unittest.TestCase):
    maxDiff = None

    def same_as_file(self, screen, name):
        file = DATA / "screens" / f"{name}.txt"
        if os.environ.get("KWSD_UPDATE_SCREENS"):
            file.write_text(settled(screen))
        self.assertEqual(settled(screen), file.read_text())


@unittest.skipUnless(shutil.which("tmux") and len(COMMAND) == 1, "tmux is not here, or kwsd is emulated")
class OnATerminal(ScreenTest):
    def check_screen(self, columns, rows):
        with Tmux(columns, rows, "-i", DATA / "stop.wav", "--branch", "full", "--threshold", "0.5") as terminal:
            screen = terminal.until("the input has ended")
            self.same_as_file(screen, f"tmux_{columns}x{rows}")
            terminal.keys("q")
            terminal.until("ended: 0")
            self.assertTrue(terminal.terminal_is_restored())

    def test_80x24(self):
        self.check_screen(80, 24)

    def test_200x50(self):
        self.check_screen(200, 50)

    def test_a_new_size_is_drawn(self):
        with Tmux(80, 24, "-i", DATA / "stop.wav") as terminal:
            terminal.until("ended")
            terminal.tmux("resize-window", "-x", "120", "-y", "30")
            terminal.until(r"\A(?:[^\n]*\n){28} branch")
            terminal.tmux("resize-window", "-x", "30", "-y", "8")
            terminal.until("too small")
            terminal.tmux("resize-window", "-x", "80", "-y", "24")
            terminal.until("(?m)^>yes")

    def test_thresholds_are_tuned_and_written(self):
        with Tmux(80, 24, "-i", DATA / "stop.wav", "--threshold", "0.5") as terminal:
            config = terminal.path("kwsd/kwsd.toml")
            config.parent.mkdir()
            config.write_text("# kept\nthreshold = [\"go=0.9\"]  # mine\n")
            terminal.until("ended")
            terminal.keys("Up", "Up")
            terminal.until("(?m)^>stop")
            terminal.keys("+", "+", "Left", "+")
            terminal.until(r">stop .* 0\.52\*")
            terminal.keys("w")
            terminal.until("written: ")
            self.assertEqual(config.read_text(), "# kept\nthreshold = [\"go=0.9\", \"stop=0.52\"]  # mine\n")

    def test_thresholds_of_words_that_are_not_configured_are_not_written(self):
        with Tmux(120, 24, "-m", "jarvis", "-i", DATA / "stop.wav") as terminal:
            terminal.until("ended")
            terminal.keys("+", "w")
            terminal.until("not written, since kwsd run would refuse it: .*jarvis")
            self.assertFalse(terminal.path("kwsd/kwsd.toml").exists())

    def test_mistakes_are_kept(self):
        with Tmux(80, 24, "-i", DATA / "stop.wav") as terminal:
            terminal.until("the input has ended")  # so that nothing is too long ago
            terminal.keys("m")
            terminal.until("saved: kwsd-marks/yes/")
            terminal.keys("f", "Space")
            terminal.until("saved: kwsd-marks/not_stop/")
            terminal.until("muted")
            clips = sorted(terminal.path("kwsd-marks").glob("*/*_nohash_0.wav"))
            self.assertEqual([len(read_wav(clip)) for clip in clips], [32000, 32000])

    def test_every_end_restores_the_terminal(self):
        for number, code in ((signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGSEGV, 139), (signal.SIGABRT, 134)):
            with self.subTest(number), Tmux(80, 24, "-i", DATA / "demo.wav") as terminal:
                terminal.until("(?m)^>yes")
                terminal.kill(number)
                screen = terminal.until("ended: [0-9]+")
                self.assertIn(f"ended: {code}", screen)
                self.assertNotIn(">yes", screen)
                self.assertTrue(terminal.terminal_is_restored())

    def test_a_terminal_that_goes_away_ends_it(self):
        with Tmux(80, 24, "-i", DATA / "demo.wav") as terminal:
            terminal.until("(?m)^>yes")
            pane = int(terminal.tmux("display-message", "-p", "#{pane_pid}"))
            child = pathlib.Path(f"/proc/{pane}/task/{pane}/children").read_text().split()[0]
            terminal.tmux("kill-server")
            wait_for(lambda: not pathlib.Path(f"/proc/{child}/stat").exists() or
                     pathlib.Path(f"/proc/{child}/stat").read_text().rsplit(") ", 1)[1].startswith("Z"))

    def test_settings_are_reloaded(self):
        with Tmux(80, 24, "-i", "-", "--realtime", stdin=f"(cat {DATA / 'demo.wav'}; cat /dev/zero)") as terminal:
            terminal.until(r"(?m)^>yes .* / (?!0\.12)0\.\d\d")
            config = terminal.path("kwsd/kwsd.toml")
            config.parent.mkdir()
            config.write_text("threshold = [\"yes=0.12\"]\nmodel = [\"commands\", \"computer\"]\n")
            terminal.kill(signal.SIGHUP)
            terminal.until("(?m)^>yes .* / 0\\.12")
            self.assertIn("commands computer", terminal.until("(?m)^ computer "))
            config.write_text("model = \"nosuch\"\n")
            terminal.kill(signal.SIGHUP)
            terminal.until("reload failed")
            terminal.until("(?m)^>yes .* / 0\\.12")
            terminal.keys("q")
            terminal.until("ended: 0")

    def test_a_teletype_gets_lines(self):
        with Tmux(80, 24, "-i", DATA / "stop.wav", env={"TERM": "dumb"}) as terminal:
            self.assertRegex(terminal.until("ended: 0"), r"(?m)^ +\d\.\d\d s  stop ")
            self.assertTrue(terminal.terminal_is_restored())

    def test_errors_before_the_screen_are_lines(self):
        with Tmux(80, 24, "-i", "absent.wav") as terminal:
            self.assertIn("absent.wav: cannot be opened", terminal.until("ended: 66"))


@unittest.skipUnless(shutil.which("tmux") and len(COMMAND) == 1 and not microphone.missing(), "no fake microphone here")
class OnAMicrophone(ScreenTest):
    def setUp(self):
        self.mic = microphone.Microphone()
        self.addCleanup(self.mic.close)
        self.mic.start_server()
        names = ("ALSA_CONFIG_PATH", "HOME", "PULSE_SERVER", "PULSE_RUNTIME_PATH", "PULSE_STATE_PATH", "XDG_RUNTIME_DIR")
        self.env = {name: self.mic.environment[name] for name in names}

    def say_until(self, terminal, text):
        """The screen that shows `text`. A machine that is busy may lose the word, which is said again."""
        for _ in range(LIMIT // 20):
            self.mic.play(DATA / "stop.wav")
            with contextlib.suppress(AssertionError):
                return terminal.until(text, 20)
        return terminal.until(text, 0)

    def test_live_hears_loses_and_finds_it(self):
        with Tmux(80, 24, "-i", "pimic", "--branch", "full", "--threshold", "0.5", env=self.env) as terminal:
            terminal.until("(?m)^ level .* quiet")
            terminal.until("^ kwsd  pimic, 16000 Hz  commands")
            self.same_as_file(self.say_until(terminal, r"(?m)^ +\d+\.\d\d s  stop "), "tmux_microphone")
            self.mic.unplug()
            self.same_as_file(terminal.until(r"(?s)no device: waiting.*waiting for it"), "tmux_unplugged")
            self.mic.plug()
            terminal.until("(?m)^ level .* quiet")
            self.say_until(terminal, "(?m)^ [2-9] detected")
            terminal.keys("q")
            terminal.until("ended: 0")

    def test_a_microphone_that_opens_late_says_its_rate(self):
        self.mic.server.send_signal(signal.SIGSTOP)
        with Tmux(80, 24, "-i", "pimic", env=self.env) as terminal:
            terminal.until("(?m)^ level")
            self.mic.server.send_signal(signal.SIGCONT)
            terminal.until("^ kwsd  pimic, 16000 Hz  commands")

    def test_record(self):
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen([*COMMAND, "record", "stop", "--count", "2", "-i", "pimic", "--dir", folder],
                                       env={**ENVIRONMENT, **self.env}, stdout=subprocess.PIPE)
            self.addCleanup(lambda: (process.kill(), process.wait(), process.stdout.close()))
            lines, until = Lines(process.stdout.fileno()), time.monotonic() + LIMIT
            while (line := lines.next(20)) != b"" and time.monotonic() < until:
                if line is None or b"say " in line:  # None: a machine that is busy lost the word, which is said again
                    self.mic.play(DATA / "stop.wav")
            self.assertEqual(process.wait(LIMIT), 0)
            self.assertEqual(len(list(pathlib.Path(folder).glob("stop/*_nohash_*.wav"))), 2)


class WithoutATerminal(WithFolder):
    def test_lines(self):
        result = kwsd("live", "-i", DATA / "demo.wav")
        lines = result.stdout.decode().splitlines()
        self.assertEqual((result.returncode, lines[-1]), (0, "8 detected"))
        self.assertEqual([line.split()[2] for line in lines[1:-1]], ["yes", "stop", "left", "right", "go", "up", "down", "no"])

    def test_a_picture_is_the_same_each_time(self):
        after_two_words = f"{labels('demo.tsv')[1][1] + 0.5:.2f}"

        def picture(name, *arguments):
            file = self.folder / name
            result = kwsd("live", "-i", DATA / "demo.wav", "--screenshot", file, "--at", after_two_words, *arguments)
            self.assertEqual(result.returncode, 0, result.stderr)
            return file.read_text()

        self.assertEqual(picture("a.svg"), picture("b.svg"))
        self.assertIn("<svg", picture("a.svg"))
        text = picture("a.txt", "--size", "100x30").split("\n")
        self.assertEqual(len(text), 31)
        self.assertIn(" 2 detected", text)

    @unittest.skipIf(picture.missing, "rsvg-convert is not here")
    def test_a_picture_shows_each_character_in_its_column(self):
        for name in ("drawn.svg", "drawn.txt"):
            self.assertEqual(kwsd("live", "-i", DATA / "stop.wav", "--screenshot", self.folder / name).returncode, 0)
        drawn = picture.Picture(self.folder / "drawn.svg")
        for row, line in enumerate((self.folder / "drawn.txt").read_text().split("\n")[:24]):
            line = line.ljust(80)
            shown = "".join("x" if drawn.inked(12 + 8.4 * column + 1, 12 + 18 * row, 12 + 8.4 * column + 7.4, 12 + 18 * row + 17)
                            else " " for column in range(80))
            self.assertEqual(shown, "".join(" " if c == " " else "x" for c in line), line)

    def test_a_picture_of_a_pipe_that_pauses_counts_each_word_once(self):
        sound = (DATA / "stop.wav").read_bytes() + bytes(32000)
        file = self.folder / "pipe.txt"
        process = subprocess.Popen([*COMMAND, "live", "-i", "-", "--screenshot", file], env=ENVIRONMENT, stdin=subprocess.PIPE)
        self.addCleanup(lambda: (process.kill(), process.wait()))
        process.stdin.write(sound)
        process.stdin.flush()
        time.sleep(1)  # five waits for an event
        process.stdin.close()
        self.assertEqual(process.wait(LIMIT), 0)
        self.assertIn(" 1 detected", file.read_text().split("\n"))

    def test_a_reader_that_goes_while_words_wait_for_it(self):
        sound = read_pcm(DATA / "demo.wav")[134400:][:35200] * 400  # "stop", once each time
        process = subprocess.Popen([*COMMAND, "live", "-i", "-", "--threshold", "0.3", "--refractory-seconds", "0"], env=ENVIRONMENT, bufsize=0,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(lambda: (process.kill(), process.wait(), process.stdin.close()))
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        os.set_blocking(process.stdin.fileno(), False)
        while sound and select.select([], [process.stdin], [], 1)[1]:  # until 60 lines are in the pipe and 256 in the queue
            sound = sound[process.stdin.write(sound[:65536]):]
        process.stdout.close()
        self.assertEqual(process.wait(LIMIT), 0)

    def test_bad_input(self):
        self.refuses(2, "--size: found '9x9'", "live", "-i", DATA / "stop.wav", "--screenshot", "x.svg", "--size", "9x9")
        self.refuses(66, "absent.wav", "live", "-i", "absent.wav")
        self.refuses(2, "--speaker", "live", "-i", DATA / "stop.wav", "--speaker", "a/b")
        self.refuses(74, "cannot be written", "live", "-i", DATA / "stop.wav", "--screenshot", "/dev/null/x.svg")


class Record(WithFolder):
    def setUp(self):
        super().setUp()
        word = read_wav(DATA / "stop.wav")
        silence = [((i * 7919) % 13) - 6 for i in range(12000)]
        self.said = silence + (word + silence) * 4
        self.file = self.folder / "said.wav"
        write_wav(self.file, self.said)

    def record(self, *arguments):
        return kwsd("record", "stop", "--dir", self.folder, "--speaker", "ann", "--from-file", self.file, *arguments)

    def test_words_are_cut_and_filed(self):
        result = self.record("--count", 3)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(b"3 of 3 recordings", result.stdout)
        clips = sorted((self.folder / "stop").iterdir())
        self.assertEqual([clip.name for clip in clips], [f"ann_nohash_{i}.wav" for i in range(3)])
        for clip in clips:
            self.assertEqual(len(read_wav(clip)), 16000)
            self.assertEqual(kwsd("run", "-i", clip, "--format", "text").stdout, b"stop\n")
        before = [clip.read_bytes() for clip in clips]
        self.record("--count", 2)
        self.assertEqual(len(list((self.folder / "stop").iterdir())), 5)
        self.assertEqual(before, [clip.read_bytes() for clip in clips])

    def test_what_is_wrong_is_said_and_not_kept(self):
        write_wav(self.file, [max(-32767, min(32767, 8 * s)) for s in self.said])
        result = self.record()
        self.assertIn(b"clipping", result.stdout)
        write_wav(self.file, [s // 40 for s in self.said])
        result = self.record()
        self.assertEqual(result.returncode, 65)
        self.assertFalse((self.folder / "stop").exists())

    def test_bad_input(self):
        self.refuses(66, "absent.wav", "record", "x", "--from-file", "absent.wav")
        self.refuses(2, "WORD: found 'a/b'", "record", "a/b", "--from-file", self.file)
        self.refuses(2, "--speaker", "record", "x", "--from-file", self.file, "--speaker", "a_b")
        self.refuses(74, "cannot be made", "record", "stop", "--from-file", self.file, "--dir", "/dev/null")


if __name__ == "__main__":
    run_tests(at_once=3)
