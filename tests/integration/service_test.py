#!/usr/bin/env python3
"""kwsd as a service: what it tells systemd, reload, the watchdog.

usage: service_test.py SOURCE_DIR COMMAND...     COMMAND is kwsd, behind an emulator where there is one
"""
import fcntl
import json
import os
import pathlib
import select
import signal
import sys
import tempfile
import time
import unittest

from daemon import LIMIT, Daemon, read_pcm, run_tests, wait_for

SOURCE = pathlib.Path(sys.argv[1]).resolve()
COMMAND = sys.argv[2:]
DATA = SOURCE / "tests" / "data"
SECOND = 32000  # bytes of PCM
SILENCE = bytes(SECOND)


def daemon(*arguments, **options):
    return Daemon(COMMAND, SOURCE, *arguments, **options)


def words(events):
    return [(e["keyword"], e["end"]) for e in events if e["event"] == "detection"]


class Service(unittest.TestCase):
    def test_ready_status_stopping(self):
        with daemon("-i", "-") as kwsd:
            self.assertIsNotNone(kwsd.told("READY=1"))
            self.assertIn("listening to '-', branch full", kwsd.told("STATUS="))
            kwsd.write(read_pcm(DATA / "stop.wav") + SILENCE)
            self.assertEqual(kwsd.out.until("detection")["keyword"], "stop")
            status = iter(lambda: kwsd.told("STATUS="), None)  # among others that tell the load
            self.assertTrue(any("last detection: stop at 2" in line for line in status))
            self.assertEqual(kwsd.stop()[0], 0)
            self.assertIsNotNone(kwsd.told("STOPPING=1"))

    def test_what_was_found_is_written_before_the_end(self):
        with daemon("-i", "-") as kwsd:
            self.assertIsNotNone(kwsd.told("READY=1"))
            kwsd.write(SILENCE + read_pcm(DATA / "stop.wav"))
            self.assertIsNotNone(kwsd.out.until("detection"))
            code, seconds = kwsd.stop()
            self.assertEqual(code, 0)
            self.assertEqual(kwsd.out.until("end")["reason"], "stopped")

    def test_muted_it_hears_nothing_and_then_at_once(self):
        with daemon("-i", "-", "--status-interval", "0.1") as kwsd:
            self.assertIsNotNone(kwsd.told("READY=1"))
            stop, seconds = read_pcm(DATA / "stop.wav") + SILENCE, 0
            for signal_number, change in ((signal.SIGUSR1, "muted"), (signal.SIGUSR2, "unmuted")):
                kwsd.write(stop)
                seconds += len(stop) / SECOND
                while (event := kwsd.out.until("status"))["seconds"] < seconds - 0.1:
                    pass
                self.assertEqual(event["detections"], 1)
                kwsd.process.send_signal(signal_number)
                self.assertAlmostEqual(kwsd.out.until(change)["seconds"], seconds, delta=0.2)
                if change == "muted":
                    windows = event["windows"]
                    self.assertIn("muted, not listening to", kwsd.told("STATUS=muted"))
            self.assertLessEqual(event["windows"], windows + 3)  # none while it was muted
            kwsd.write(stop)
            self.assertEqual(kwsd.out.until("detection")["seq"], 2)
            self.assertEqual(kwsd.end(), 0)

    def test_a_sound_system_that_does_not_start_is_waited_for(self):
        with daemon(env={"ALSA_CONFIG_PATH": "/nonexistent/alsa.conf"}, stdin=False) as kwsd:
            self.assertIsNotNone(kwsd.told("READY=1"))
            self.assertEqual([json.loads(kwsd.out.next())["event"] for _ in range(2)], ["ready", "device_lost"])
            self.assertEqual(kwsd.stop()[0], 0)
            self.assertEqual(kwsd.out.until("end")["windows"], 0)

    def test_threads_have_names(self):
        with tempfile.TemporaryDirectory() as folder, daemon("-i", "-", "--socket", folder + "/events", "--save-clips", folder) as kwsd:
            self.assertIsNotNone(kwsd.told("READY=1"))
            tasks = pathlib.Path(f"/proc/{kwsd.process.pid}/task")
            wanted = {"kwsd-infer", "kwsd-capture", "kwsd-output", "kwsd-socket", "kwsd-clips"}
            wait_for(lambda: wanted <= {(task / "comm").read_text().strip() for task in tasks.iterdir()})
            self.assertEqual(kwsd.stop()[0], 0)

    def test_a_bad_start_is_never_ready(self):
        with daemon("-i", "-", "--threshold", "nosuch=0.5") as kwsd:
            self.assertEqual(kwsd.process.wait(60), 2)
            self.assertIsNone(kwsd.told("READY=1", 0.01))

    def test_the_watchdog_is_fed_while_sound_comes_and_only_then(self):
        with daemon("-i", "-", watchdog_ms=400) as kwsd:
            self.assertIsNotNone(kwsd.told("READY=1"))
            for _ in range(3):
                kwsd.write(SILENCE)
                self.assertIsNotNone(kwsd.told("WATCHDOG=1"))
            for _ in range(50):  # for what was still in the pipe; then no more
                if kwsd.told("WATCHDOG=1", 0.8) is None:
                    break
            else:
                self.fail("the watchdog is fed without sound")


class Reload(unittest.TestCase):
    def setUp(self):
        self.pcm = read_pcm(DATA / "demo.wav")

    def reload_at(self, kwsd, second, change=lambda: None, goes_on=False):
        """Plays the recording, and reloads there: in a pause, or while it goes on (and after its end silence)."""
        at, reloaded, before, until = second * SECOND, None, [], time.monotonic() + LIMIT
        self.assertIsNotNone(kwsd.told("READY=1"))
        kwsd.write(self.pcm[:at])
        change()
        kwsd.reload()
        self.assertIsNotNone(kwsd.told("RELOADING=1"))
        while reloaded is None and time.monotonic() < until:
            if goes_on:  # about twice as fast as real time
                kwsd.write(self.pcm[at:at + SECOND // 10] or SILENCE[:SECOND // 10])
                at += SECOND // 10
            line = kwsd.out.next(0.05)
            if line is not None:
                before.append(line)
                reloaded = line if b'"reloaded"' in line else None
        kwsd.write(self.pcm[at:])
        kwsd.process.stdin.close()
        return reloaded, before

    def test_no_word_is_lost_and_none_is_heard_twice(self):
        with daemon("-i", "-") as kwsd:
            kwsd.write(self.pcm)
            self.assertEqual(kwsd.end(), 0)
            wanted = words(kwsd.out.events())
        self.assertEqual(len(wanted), 8)
        for second in (2, 7):
            with daemon("-i", "-") as kwsd:
                reloaded, before = self.reload_at(kwsd, second, goes_on=True)
                self.assertIsNotNone(reloaded)
                found = words([*map(json.loads, before), *kwsd.out.events()])
                self.assertEqual(found, wanted)
                self.assertEqual(kwsd.process.wait(60), 0)

    def test_models_and_settings_are_read_anew(self):
        with daemon("-i", "-", "--config", "/dev/null") as probe:
            config = pathlib.Path(probe.path("kwsd.toml"))
            config.write_text('model = ["jarvis"]\n')
            with daemon("-i", "-", "--config", config) as kwsd:
                reloaded, before = self.reload_at(kwsd, 7, lambda: config.write_text("branch = 'half'\n"))
                self.assertEqual(json.loads(reloaded)["models"], ["commands"])
                found = words([*map(json.loads, before), *kwsd.out.events()])
                self.assertGreater(len(found), 3)
                self.assertGreater(found[0][1], 3.5)  # three seconds may wait in the pipe and the buffer

    def test_a_reload_that_nobody_reads_of_leaves_signals_heard(self):
        with daemon("-i", "-", "--status-interval", "0.01") as kwsd:
            fcntl.fcntl(kwsd.process.stdout, fcntl.F_SETPIPE_SZ, 4096)
            os.set_blocking(kwsd.process.stdin.fileno(), False)

            def fill():  # until the queue of events is full, and kwsd stands still
                while select.select([], [kwsd.process.stdin], [], 0.5)[1]:
                    kwsd.process.stdin.raw.write(SILENCE)

            self.assertIsNotNone(kwsd.told("READY=1"))  # from here on a hangup is a reload
            fill()
            for _ in range(3):
                kwsd.reload()
                self.assertIsNotNone(kwsd.told("RELOADING=1"))
                until = time.monotonic() + LIMIT
                while kwsd.told("READY=1", 0.01) is None:  # the new models have heard enough
                    self.assertLess(time.monotonic(), until)
                    kwsd.out.next(0.1)
                fill()
            self.assertEqual(kwsd.stop()[0], 0)

    def test_what_needs_a_restart_is_named(self):
        with daemon("-i", "-", "--config", "/dev/null") as probe:
            config = pathlib.Path(probe.path("kwsd.toml"))
            config.write_text("threshold = [1.0]\n")
            with daemon("-i", "-", "--config", config, "--max-clips", "7") as kwsd:
                changed = 'socket = "/nosuch/x"\nchannels = 2\nstatus-interval = 1\nmax-clips = 9\nsmoothing-ms = 200\n'
                reloaded, before = self.reload_at(kwsd, 2, lambda: config.write_text(changed))
                self.assertIsNotNone(reloaded)
                found = words([*map(json.loads, before), *kwsd.out.events()])
                self.assertGreater(len(found), 3)  # none at a threshold of 1
                self.assertEqual(kwsd.process.wait(60), 0)
                self.assertEqual([line for line in kwsd.log().splitlines() if "restart" in line],
                                 ["kwsd: warning: reload: changes of channels, status-interval, socket take effect after a restart"])

    def test_a_broken_configuration_is_refused(self):
        with daemon("-i", "-", "--config", "/dev/null") as probe:
            config = pathlib.Path(probe.path("kwsd.toml"))
            config.write_text("\n")
            with daemon("-i", "-", "--config", config) as kwsd:
                self.assertIsNotNone(kwsd.told("READY=1"))
                for text, complaint in (("threshold = [7]\n", "kwsd.toml:1: key 'threshold'"),
                                        ("log-level = 'off'\nthreshold = [7]\n", "kwsd.toml:2: key 'threshold'"), ("x = [\n", "kwsd.toml:1"),
                                        ('model = ["nosuch"]\n', "nosuch"), ('threshold = ["nosuch=0.5"]\n', "'nosuch'"),
                                        ('refractory-seconds = "nosuch=1"\n', "--refractory-seconds: found the word 'nosuch'")):
                    config.write_text(text)
                    kwsd.reload()
                    self.assertIsNotNone(kwsd.told("RELOADING=1"))
                    self.assertIsNotNone(kwsd.told("READY=1"))
                    refusals = [line for line in kwsd.log().splitlines() if "reload failed" in line]
                    self.assertIn(complaint, refusals[-1])
                self.assertEqual(len(refusals), 6)
                kwsd.write(self.pcm)
                self.assertEqual(kwsd.end(), 0)
                self.assertEqual(len(words(kwsd.out.events())), 8)


if __name__ == "__main__":
    run_tests(at_once=3)
