#!/usr/bin/env python3
"""The control socket of kwsd, and `kwsd ctl`: what they change, and programs that mean harm.

usage: control_test.py SOURCE_DIR COMMAND...     COMMAND is kwsd, behind an emulator where there is one
"""
import contextlib
import json
import os
import pathlib
import socket
import stat
import subprocess
import sys
import tempfile
import unittest

from daemon import LIMIT, Daemon, Lines, connect, read_pcm, run_tests, wait_for
from environment import environment

SOURCE = pathlib.Path(sys.argv[1]).resolve()
COMMAND = sys.argv[2:]
STOP = read_pcm(SOURCE / "tests" / "data" / "stop.wav")


def resident_kb(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0])


class Control(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "control")
        self.addCleanup(self.folder.cleanup)

    def start(self, *arguments, command=None, **options):
        kwsd = Daemon(command or COMMAND, SOURCE, "-i", "-", *arguments, **options)
        kwsd.__enter__()
        self.addCleanup(kwsd.__exit__, None, None, None)
        if kwsd.told("READY=1") is None:
            self.fail(kwsd.log())
        return kwsd

    def ctl(self, *arguments, code=0, path=None, **variables):
        ran = subprocess.run([*COMMAND, "ctl", *arguments], capture_output=True, text=True, timeout=LIMIT,
                             env=environment(SOURCE, **{"KWSD_CONTROL": path or self.path, **variables}))
        self.assertEqual(ran.returncode, code, ran.stderr)
        return json.loads(ran.stdout) if code == 0 and ran.stdout else ran.stderr

    def connect(self):
        client = connect(self.path)
        self.addCleanup(client.close)
        return client

    def ask(self, client, request):
        client.sendall(request + b"\n")
        return json.loads(Lines(client.fileno()).next())

    def thresholds(self, word):
        rows = self.ctl("keywords")["keywords"]
        return next(row["thresholds"] for row in rows if row["keyword"] == word)

    def test_what_ctl_changes(self):
        kwsd = self.start("--control", self.path)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o660)
        status = self.ctl("status")
        self.assertEqual((status["ok"], status["input"], status["device"], status["muted"], status["models"]),
                         (True, "-", "open", False, ["commands"]))
        self.assertEqual(self.ctl("mute"), {"ok": True})
        self.assertIsNotNone(kwsd.out.until("muted"))
        kwsd.write(STOP)  # nobody listens
        wait_for(lambda: self.ctl("status")["seconds"] >= len(STOP) / 32000 - 0.2)
        self.ctl("unmute")
        self.assertIsNotNone(kwsd.out.until("unmuted"))
        self.ctl("threshold", "stop=1")
        self.assertEqual(self.thresholds("stop"), {"full": 1.0, "half": 1.0, "quarter": 1.0})
        kwsd.write(STOP)
        wait_for(lambda: self.ctl("status")["seconds"] >= 2 * len(STOP) / 32000 - 0.2)
        self.ctl("threshold", "stop=0.5", "--branch", "half")
        self.ctl("branch", "half")
        self.assertEqual(self.thresholds("stop"), {"full": 1.0, "half": 0.5, "quarter": 1.0})
        kwsd.write(STOP)
        event = kwsd.out.until("detection")
        self.assertEqual((event["keyword"], event["branch"], event["threshold"], event["seq"]), ("stop", "half", 0.5, 1))
        self.assertTrue(-60 < event["level"] < 0 and 0 < event["snr"] < 120, event)
        row = next(row for row in self.ctl("keywords")["keywords"] if row["keyword"] == "stop")
        self.assertEqual(row["detections"], 1)
        self.assertIn('control: {"command":"mute"} (process ', kwsd.log())
        self.assertIn(f", user {os.getuid()})", kwsd.log())
        self.assertEqual(kwsd.end(), 0)
        self.assertFalse(os.path.exists(self.path))

    def test_models_come_and_go_while_kwsd_listens(self):
        kwsd = self.start("--control", self.path, "--realtime")
        self.assertEqual(self.ctl("model", "add", "jarvis")["models"], ["commands", "jarvis"])
        self.assertEqual(kwsd.out.until("reloaded")["models"], ["commands", "jarvis"])
        self.assertEqual(self.ctl("model", "replace", "commands", "computer")["models"], ["computer", "jarvis"])
        self.assertIsNotNone(kwsd.out.until("reloaded"))
        self.ctl("model", "remove", "jarvis")
        self.assertEqual(kwsd.out.until("reloaded")["models"], ["computer"])
        kwsd.reload()
        self.assertEqual(kwsd.out.until("reloaded")["models"], ["commands"])

    def test_exit_codes(self):
        self.assertIn("no kwsd listens there", self.ctl("status", code=69))
        self.start("--control", self.path)
        self.assertIn("expected a keyword of a model that listens", self.ctl("threshold", "halt=0.5", code=2))
        self.assertIn("expected X or WORD=X", self.ctl("threshold", "stop=2", code=2))
        self.assertIn("not found; names:", self.ctl("model", "add", "nosuch", code=66))
        self.assertIn("ctl --help", self.ctl("nosuch", code=2))
        self.assertIn("ctl --help", self.ctl(code=2))
        self.assertIn("at most 107", self.ctl("status", code=2, path="/tmp/" + "x" * 200))
        with tempfile.TemporaryDirectory() as runtime:
            os.mkdir(os.path.join(runtime, "kwsd"))
            os.symlink(self.path, os.path.join(runtime, "kwsd", "control"))
            ran = subprocess.run([*COMMAND, "ctl", "status"], capture_output=True, text=True, timeout=LIMIT,
                                 env=environment(SOURCE, XDG_RUNTIME_DIR=runtime))
            self.assertEqual(ran.returncode, 0, ran.stderr)

    def test_subscribe_prints_events_until_kwsd_ends(self):
        kwsd = self.start("--control", self.path)
        with subprocess.Popen([*COMMAND, "ctl", "--control", self.path, "subscribe"], stdout=subprocess.PIPE,
                              env=environment(SOURCE)) as reader, contextlib.ExitStack() as stack:
            stack.callback(reader.kill)  # Popen waits for its end, also after a failure
            lines = Lines(reader.stdout.fileno())
            self.assertEqual(json.loads(lines.next())["event"], "ready")
            kwsd.write(STOP)
            self.assertEqual(lines.until("detection")["keyword"], "stop")
            self.assertEqual(kwsd.end(), 0)
            self.assertIsNotNone(lines.until("end"))
            self.assertEqual(lines.next(), b"")
            self.assertEqual(reader.wait(LIMIT), 0)

    def test_hostile_programs_disturb_nobody(self):
        kwsd = self.start("--control", self.path, "--status-interval", "0.01")
        good = self.connect()
        self.assertTrue(self.ask(good, b'{"command":"status"}')["ok"])
        before = resident_kb(kwsd.process.pid)
        for _ in range(300):  # come and go
            self.connect().close()
        halves = [self.connect() for _ in range(50)]
        for half in halves:
            half.sendall(b'{"command":')  # and nothing more
        deaf = self.connect()
        deaf.sendall(b'{"command":"subscribe"}\n')  # and reads nothing
        for flooding in [self.connect() for _ in range(20)]:
            flooding.setblocking(False)
            try:
                while True:
                    flooding.send(b'{"command":"keywords"}\n' * 100)
            except BlockingIOError:
                pass
        for garbage in [self.connect() for _ in range(20)]:
            garbage.setblocking(False)
            try:
                for _ in range(100):
                    garbage.send(os.urandom(4096))
            except (BlockingIOError, BrokenPipeError, ConnectionResetError):
                pass
        kwsd.write(STOP)
        self.assertEqual(kwsd.out.until("detection")["keyword"], "stop")
        self.assertTrue(self.ask(good, b'{"command":"status"}')["ok"])
        if len(COMMAND) == 1 and not os.environ.get("ASAN_OPTIONS"):
            self.assertLess(resident_kb(kwsd.process.pid) - before, 16 * 1024)
        self.assertEqual(kwsd.stop()[0], 0)

    def test_a_stop_waits_for_no_client(self):
        kwsd = self.start("--control", self.path)
        client = self.connect()
        client.sendall(b'{"command":"subscribe"}\n{"command":')
        self.assertTrue(json.loads(Lines(client.fileno()).next())["ok"])
        self.assertEqual(kwsd.stop()[0], 0)

    def test_sockets_of_the_service_manager(self):
        events = os.path.join(self.folder.name, "events")
        with socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
            for listening, path in ((first, self.path), (second, events)):
                listening.bind(path)
                listening.listen()
            script = ('one=$1; two=$2; shift 2; exec 3<&"$one" 4<&"$two"; export LISTEN_FDS=2 LISTEN_PID=$$; '
                      'exec "$@"')
            descriptors = [first.fileno(), second.fileno()]
            command = ["bash", "-c", script, "bash", *map(str, descriptors), *COMMAND]
            kwsd = self.start(command=command, pass_fds=descriptors)
            reader = connect(events)
            self.addCleanup(reader.close)
            self.assertEqual(json.loads(Lines(reader.fileno()).next())["event"], "ready")
            status = self.ctl("status")
            self.assertEqual(status["clients"], {"events": 1, "control": 1})
            self.assertEqual(kwsd.stop()[0], 0)
            self.assertTrue(os.path.exists(self.path))


if __name__ == "__main__":
    run_tests(at_once=2)
