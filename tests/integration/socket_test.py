#!/usr/bin/env python3
"""The socket of kwsd: readers that behave and readers that do not.

usage: socket_test.py SOURCE_DIR COMMAND...     COMMAND is kwsd, behind an emulator where there is one
"""
import json
import os
import pathlib
import signal
import socket
import stat
import sys
import tempfile
import threading
import unittest

from daemon import LIMIT, Daemon, Lines, connect, read_pcm, run_tests, wait_for

SOURCE = pathlib.Path(sys.argv[1]).resolve()
COMMAND = sys.argv[2:]
STOP = read_pcm(SOURCE / "tests" / "data" / "stop.wav")


class Reader:
    def __init__(self, path):
        self.socket = connect(path)
        self.lines = Lines(self.socket.fileno())

    def close(self):
        self.socket.close()


class Sockets(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "events")
        self.addCleanup(self.folder.cleanup)

    def serve(self, *arguments, **options):
        kwsd = self.enterContext(Daemon(COMMAND, SOURCE, "-i", "-", *arguments, **options))
        if kwsd.told("READY=1") is None:
            self.fail(kwsd.log())
        return kwsd

    def enterContext(self, context):  # Python 3.11 has it
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def reader(self):
        reader = Reader(self.path)
        self.addCleanup(reader.close)
        return reader

    def greeted(self):
        reader = self.reader()
        self.assertEqual(json.loads(reader.lines.next())["event"], "ready")
        return reader

    def test_every_reader_gets_what_standard_output_gets(self):
        kwsd = self.serve("--socket", self.path)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o660)
        readers = [self.greeted() for _ in range(5)]
        kwsd.write(STOP)
        self.assertEqual(kwsd.end(), 0)
        wanted = [e for e in kwsd.out.events() if e["event"] != "ready"]
        self.assertEqual([e["event"] for e in wanted], ["detection", "end"])
        for reader in readers:
            self.assertEqual(list(reader.lines.events()), wanted)
        self.assertFalse(os.path.exists(self.path))

    def test_a_new_reader_is_told_that_kwsd_is_muted(self):
        kwsd = self.serve("--socket", self.path)
        first = self.greeted()
        kwsd.process.send_signal(signal.SIGUSR1)
        self.assertIsNotNone(first.lines.until("muted"))
        self.assertEqual(json.loads(self.greeted().lines.next())["event"], "muted")
        kwsd.process.send_signal(signal.SIGUSR2)
        self.assertIsNotNone(first.lines.until("unmuted"))
        last = self.greeted()
        kwsd.write(STOP)
        self.assertEqual(json.loads(last.lines.next())["event"], "detection")

    def test_hostile_readers_disturb_nobody(self):
        kwsd = self.serve("--socket", self.path)
        good = self.greeted()
        for _ in range(1000):
            Reader(self.path).close()
        garbage = self.greeted()
        with self.assertRaises(BrokenPipeError):
            while True:
                garbage.socket.send(os.urandom(4096))
        half = self.greeted()
        half.socket.shutdown(socket.SHUT_WR)
        deaf = self.greeted()
        deaf.socket.shutdown(socket.SHUT_RD)
        kwsd.write(STOP)
        kwsd.process.stdin.close()
        for reader in (good, half, garbage):
            self.assertEqual(reader.lines.until("detection")["keyword"], "stop")
        self.assertEqual(kwsd.process.wait(LIMIT), 0)

    def test_a_reader_that_does_not_read_loses_events_and_is_told(self):
        kwsd = self.serve("--socket", self.path, "--status-interval", "0.001")
        lazy, keen = self.greeted(), self.greeted()
        read = {kwsd.out: [], keen.lines: []}
        threads = [threading.Thread(target=lambda lines=lines: read[lines].extend(lines.events())) for lines in read]
        for thread in threads:
            thread.start()
        for _ in range(24):  # each about 125 events of 200 bytes
            kwsd.write(STOP * 3)
        dropped = lazy.lines.until("dropped")
        self.assertGreater(dropped["events"], 100)
        self.assertEqual(kwsd.end(), 0)
        for thread in threads:
            thread.join(LIMIT)
        self.assertGreater(len(read[kwsd.out]), 2000)
        self.assertIn("detection", [event["event"] for event in read[keen.lines]])

    def test_no_more_than_256_readers(self):
        self.serve("--socket", self.path)
        readers = [self.greeted() for _ in range(256)]
        self.assertEqual(self.reader().lines.next(), b"")
        for reader in readers[:2]:
            reader.close()
        wait_for(lambda: self.reader().lines.next() != b"")  # kwsd has seen that they went

    def test_what_a_kill_left_behind_is_replaced(self):
        kwsd = self.serve("--socket", self.path)
        kwsd.process.send_signal(signal.SIGKILL)
        kwsd.process.wait(LIMIT)
        self.assertTrue(os.path.exists(self.path))
        self.serve("--socket", self.path)
        self.greeted()

    def refused(self, code, text, path):
        with Daemon(COMMAND, SOURCE, "-i", "-", "--socket", path) as kwsd:
            self.assertEqual(kwsd.process.wait(LIMIT), code)
            self.assertIn(text, kwsd.log())

    def test_paths_that_cannot_be_served(self):
        self.serve("--socket", self.path)
        self.refused(69, "another program listens there", self.path)
        self.refused(69, "No such file", self.folder.name + "/nosuch/events")
        self.refused(2, "at most 107", "/tmp/" + "x" * 200)
        self.refused(2, "expected a socket or nothing there", "/dev/null")
        self.greeted()  # the first one is still there

    def activated(self, listening):
        """kwsd with descriptor 3 as the service manager passes it."""
        script = 'fd=$1; shift; exec 3<&"$fd"; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"'
        command = ["bash", "-c", script, "bash", str(listening.fileno()), *COMMAND]
        return Daemon(command, SOURCE, "-i", "-", pass_fds=[listening.fileno()])

    def test_socket_activation(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            listening.bind(self.path)
            listening.listen()
            early = self.reader()  # before kwsd runs
            with self.activated(listening) as kwsd:
                self.assertIsNotNone(kwsd.told("READY=1"), kwsd.log())
                self.assertEqual(json.loads(early.lines.next())["event"], "ready")
                kwsd.write(STOP)
                self.assertEqual(early.lines.until("detection")["keyword"], "stop")
                self.assertEqual(kwsd.end(), 0)
            self.assertTrue(os.path.exists(self.path))  # the service manager's, not ours
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wrong, self.activated(wrong) as kwsd:
            self.assertEqual(kwsd.process.wait(LIMIT), 2)
            self.assertIn("expected one listening Unix stream socket", kwsd.log())


if __name__ == "__main__":
    run_tests(at_once=2)
