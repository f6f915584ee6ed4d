#!/usr/bin/env python3
"""kwsd metrics: printed, in a file and over HTTP; what promtool says of them and of the alert rules, where it is
installed.

usage: metrics_test.py SOURCE_DIR COMMAND...     COMMAND is kwsd, behind an emulator where there is one
"""
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

from daemon import LIMIT, Daemon, connect, ended, read_pcm, run_tests, wait_for
from environment import environment

SOURCE = pathlib.Path(sys.argv[1]).resolve()
COMMAND = sys.argv[2:]
STOP = read_pcm(SOURCE / "tests" / "data" / "stop.wav")
DETECTED = 'kwsd_detections_total{keyword="stop",model="commands"} 1\n'


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=LIMIT)
        self.path = path

    def connect(self):
        self.sock = connect(self.path)


class Metrics(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.control = os.path.join(self.folder, "control")
        self.env = environment(SOURCE, KWSD_CONTROL=self.control)

    def listen(self):
        kwsd = Daemon(COMMAND, SOURCE, "-i", "-", "--control", self.control)
        kwsd.__enter__()
        self.addCleanup(kwsd.__exit__, None, None, None)
        self.assertIsNotNone(kwsd.told("READY=1"), kwsd.log())
        kwsd.write(STOP)
        self.assertIsNotNone(kwsd.out.until("detection"))
        return kwsd

    def printed(self, *arguments, code=0):
        ran = subprocess.run([*COMMAND, "metrics", *arguments], capture_output=True, text=True, env=self.env, timeout=LIMIT)
        self.assertEqual(ran.returncode, code, ran.stderr)
        return ran.stderr if code else ran.stdout

    def serve(self, *arguments):
        process = subprocess.Popen([*COMMAND, "metrics", *arguments], env=self.env, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)

        def end():
            process.terminate()
            with process.stderr:
                self.assertEqual(ended(process), 0, process.stderr.read())
        self.addCleanup(end)
        return process

    def get(self, path, target="/metrics", method="GET"):
        connection = UnixConnection(path)
        connection.request(method, target)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer, body

    def promtool(self, *arguments, text=None):
        if not shutil.which("promtool"):
            self.skipTest("promtool (package prometheus) is not installed")
        ran = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""), ran.stdout)

    def test_printed(self):
        self.assertTrue(self.printed().endswith("kwsd_up 0\n"))
        self.listen()
        text = self.printed()
        self.assertIn(DETECTED, text)
        self.assertIn('kwsd_clients{socket="control"} 1\n', text)
        self.promtool("check", "metrics", text=text)

    def test_textfile(self):
        file = os.path.join(self.folder, "kwsd.prom")
        self.serve("--textfile", file, "--interval", "1")
        wait_for(lambda: os.path.exists(file))
        self.assertEqual(stat.S_IMODE(os.stat(file).st_mode), 0o644)
        self.assertTrue(pathlib.Path(file).read_text().endswith("kwsd_up 0\n"))
        kwsd = self.listen()
        wait_for(lambda: DETECTED in pathlib.Path(file).read_text())
        kwsd.stop()
        wait_for(lambda: pathlib.Path(file).read_text().endswith("kwsd_up 0\n"))
        self.assertEqual([name for name in os.listdir(self.folder) if name.endswith(".tmp")], [])
        self.assertIn("cannot be written", self.printed("--textfile", "/proc/nosuch/kwsd.prom", code=74))

    def test_http(self):
        self.listen()
        path = os.path.join(self.folder, "http")
        self.serve("--uri", "unix://" + path)
        wait_for(lambda: os.path.exists(path))
        answer, body = self.get(path)
        self.assertEqual((answer.status, answer.getheader("Content-Type")),
                         (200, "text/plain; version=0.0.4; charset=utf-8"))
        self.assertIn(DETECTED, body)
        answer, body = self.get(path, method="HEAD")
        self.assertEqual((answer.status, body), (200, ""))
        self.assertEqual(self.get(path, "/nosuch")[0].status, 404)
        self.assertEqual(self.get(path, method="DELETE")[0].status, 405)
        for size, status in ((8192, b"HTTP/1.1 200"), (8193, b"")):
            head = b"GET /metrics HTTP/1.1\r\nX: "
            for piece in (size, 1000):
                with connect(path) as client, contextlib.suppress(ConnectionError):
                    for at in range(0, size, piece):
                        client.sendall((head.ljust(size - 4, b"x") + b"\r\n\r\n")[at:at + piece])
                    self.assertEqual(client.recv(12), status)
        stalled = []
        for _ in range(20):  # and others mean harm
            stalled.append(connect(path))
            stalled[-1].send(b"GET /metrics HTTP/1.1\r\nHost")
            garbage = connect(path)
            try:
                garbage.sendall(os.urandom(100000))
            except (BrokenPipeError, ConnectionResetError):
                pass
            garbage.close()
        self.assertIn(DETECTED, self.get(path)[1])
        for client in stalled:
            self.assertEqual(client.recv(10), b"")  # after 5 s
            client.close()

        wait_for(lambda: self.serves_32(path))  # each for 5 s at most, which is why a slow machine may need another try

    @staticmethod
    def serves_32(path):
        """Whether of 33 connections the last one is closed, and the one before it served."""
        with contextlib.ExitStack() as stack, contextlib.suppress(ConnectionError):
            clients = [stack.enter_context(connect(path)) for _ in range(33)]
            excess = clients[32].recv(1)
            clients[31].sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
            return excess == b"" and clients[31].recv(12) == b"HTTP/1.1 200"
        return False

    def test_addresses(self):
        self.assertIn("this machine alone", self.printed("--uri", "tcp://0.0.0.0:0", code=2))
        self.assertIn("expected tcp://HOST:PORT", self.printed("--uri", "http://localhost", code=2))
        self.assertIn("--interval", self.printed("--interval", "0", code=2))

    def test_rules_and_dashboard_name_metrics_that_there_are(self):
        self.listen()
        known = set(re.findall(r"^(kwsd_\w+)", self.printed(), re.M)) | {"kwsd_second_stage_openings_total"}
        rules = (SOURCE / "config/prometheus/kwsd-alerts.yml").read_text()
        dashboard = (SOURCE / "config/prometheus/kwsd-dashboard.json").read_text()
        expressions = "\n".join(target["expr"] for panel in json.loads(dashboard)["panels"] for target in panel["targets"])
        named = set(re.findall(r"kwsd_\w+", expressions + "\n".join(re.findall(r"expr: (.*)", rules))))
        self.assertEqual(named - known, {"kwsd_load_ratio"} - known)  # of a file or pipe nobody knows the load
        manual = (SOURCE / "config/man/kwsd.1").read_text()
        self.assertEqual({name for name in known if name not in manual}, set())
        self.promtool("check", "rules", str(SOURCE / "config/prometheus/kwsd-alerts.yml"))


if __name__ == "__main__":
    run_tests(at_once=2)
