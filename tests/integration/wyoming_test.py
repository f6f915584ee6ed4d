#!/usr/bin/env python3
"""kwsd wyoming against clients that behave as Home Assistant, as wyoming-satellite, and as nobody should.

usage: wyoming_test.py SOURCE_DIR COMMAND...     COMMAND is kwsd, behind an emulator where there is one
"""
import contextlib
import json
import pathlib
import subprocess
import sys
import unittest

from daemon import LIMIT, connect, network_server, read_pcm, run_tests
from environment import environment

SOURCE = pathlib.Path(sys.argv[1]).resolve()
COMMAND = sys.argv[2:]
DATA = SOURCE / "tests" / "data"
FORMAT = {"rate": 16000, "width": 2, "channels": 1}
WORDS = [line.split("\t") for line in (DATA / "demo.tsv").read_text().splitlines()]


class Client:
    """The protocol as its peers speak it."""

    def __init__(self, path):
        self.socket = connect(path)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send(self, kind, data=None, payload=b"", inline=False):
        line = {"type": kind, "version": "1.9.0"}
        body = b"" if data is None else json.dumps(data).encode()
        if inline:
            line["data"], body = data, b""
        if body:
            line["data_length"] = len(body)
        if payload:
            line["payload_length"] = len(payload)
        self.socket.sendall(json.dumps(line).encode() + b"\n" + body + payload)

    def receive(self):
        line = self.file.readline(65537)
        if not line:
            return None, None
        header = json.loads(line)
        body = self.file.read(header.get("data_length", 0))
        return header["type"], {**header.get("data", {}), **(json.loads(body) if body else {})}

    def play(self, pcm, chunk=2048, **data):
        for at in range(0, len(pcm), chunk):
            self.send("audio-chunk", {**FORMAT, "timestamp": at // 32, **data}, pcm[at:at + chunk])

    def answers(self):
        """All that has come before the answer to a ping."""
        self.send("ping", {"text": "enough"})
        found = []
        while (message := self.receive())[0] not in ("pong", None):
            found.append(message)
        return found


def server(*options):
    return network_server(COMMAND, SOURCE, "wyoming", *options)


class Wyoming(unittest.TestCase):
    def test_describe_has_all_that_home_assistant_wants(self):
        with server() as path, Client(path) as client:
            client.send("describe")
            kind, info = client.receive()
        self.assertEqual((kind, list(info)), ("info", ["wake"]))
        service = info["wake"][0]
        for described in (service, *service["models"]):
            self.assertTrue({"name", "attribution", "installed", "description", "version"} <= set(described), described)
            self.assertEqual(set(described["attribution"]), {"name", "url"})
        self.assertEqual([m["name"] for m in service["models"]], "yes no up down left right on off stop go".split())
        self.assertTrue(all(m["languages"] == ["en"] and m["phrase"] for m in service["models"]))

    def test_home_assistants_conversation(self):
        pcm = read_pcm(DATA / "demo.wav")
        with server() as path:
            for _ in range(2):  # a connection for each run of a pipeline
                with Client(path) as client:
                    client.send("describe")
                    self.assertEqual(client.receive()[0], "info")
                    client.send("detect", {"names": ["stop"]})
                    client.send("audio-start", {**FORMAT, "timestamp": 5000})
                    client.play(pcm)
                    kind, found = client.receive()
                    start, end = next((float(s), float(e)) for s, e, word in WORDS if word == "stop")
                    self.assertEqual((kind, found["name"], found["speaker"]), ("detection", "stop", None))
                    self.assertTrue(5000 + 1000 * start <= found["timestamp"] <= 5000 + 1000 * (end + 0.4), found)

    def test_satellites_conversation(self):
        """One connection for ever; detect and audio-start again after each pipeline."""
        pcm = read_pcm(DATA / "demo.wav")
        with server() as path, Client(path) as client:
            for _ in range(3):
                client.send("detect", {"names": None})
                client.send("audio-start", FORMAT)
                client.play(pcm + bytes(32000))
                found = [data["name"] for kind, data in client.answers() if kind == "detection"]
                self.assertEqual(found, [word for _, _, word in WORDS])
            client.send("audio-stop", {"timestamp": 1})
            self.assertEqual(client.answers(), [])

    def test_not_detected_only_when_nothing_was_detected(self):
        with server() as path, Client(path) as client:
            client.send("audio-start", FORMAT)
            client.play(read_pcm(DATA / "speech.wav"))
            client.send("audio-stop", {})
            self.assertEqual(client.receive(), ("not-detected", {}))
            client.send("audio-start", FORMAT)
            client.play(read_pcm(DATA / "stop.wav") + bytes(32000))
            client.send("audio-stop", {})
            self.assertEqual([kind for kind, _ in client.answers()], ["detection"])

    def test_detections_are_those_of_kwsd_run_for_any_size_of_chunk(self):
        run = subprocess.run([*COMMAND, "run", "-i", DATA / "demo.wav", "--no-wall-clock"], env=environment(SOURCE),
                             capture_output=True, timeout=LIMIT, check=True)
        events = [json.loads(line) for line in run.stdout.splitlines()]
        wanted = [(e["keyword"], round(1000 * e["end"])) for e in events if e["event"] == "detection"]
        pcm = read_pcm(DATA / "demo.wav") + bytes(32000)
        with server() as path:
            for chunk in (320, 2048, 65536, 1 << 20):
                with Client(path) as client:
                    client.send("audio-start", FORMAT, inline=True)
                    client.play(pcm, chunk)
                    found = [(d["name"], d["timestamp"]) for kind, d in client.answers() if kind == "detection"]
                    self.assertEqual(found, wanted)

    def test_other_formats(self):
        pcm = read_pcm(DATA / "stop.wav") + bytes(32000)
        samples = [pcm[i:i + 2] for i in range(0, len(pcm), 2)]
        forms = {(32000, 2, 1): b"".join(s + s for s in samples), (16000, 2, 2): b"".join(s + b"\1\1" for s in samples),
                 (16000, 4, 1): b"".join(b"\0\0" + s for s in samples)}
        with server() as path, Client(path) as client:
            for (rate, width, channels), sound in forms.items():
                form = {"rate": rate, "width": width, "channels": channels}
                client.send("audio-start", form)
                client.play(sound, 4096, **form)
                self.assertEqual([d["name"] for _, d in client.answers()], ["stop"], form)

    def test_requests_that_cannot_be_met_get_an_error_and_the_connection_stays(self):
        with server() as path, Client(path) as client:
            for kind, data, text in (("detect", {"names": ["marmalade"]}, "marmalade"), ("detect", {"names": 3}, "names"),
                                     ("audio-start", {"rate": 3}, "rate"), ("audio-chunk", {"width": 1}, "width"),
                                     ("audio-chunk", {"channels": 0}, "channels"), ("audio-chunk", {"rate": "fast"}, "rate")):
                client.send(kind, data)
                answer, found = client.receive()
                self.assertEqual((answer, text in found["text"]), ("error", True), found)
            client.send("transcribe", {"name": "unknown types are ignored"})
            client.send("ping", {"text": "still here"})
            self.assertEqual(client.receive(), ("pong", {"text": "still here"}))

    def test_bytes_that_are_no_message_end_the_connection_and_no_other(self):
        limit = 65536
        wrong = [b"GET / HTTP/1.1\r\n\r\n", b"[]\n", b"{}\n", b'{"type":3}\n', b"x" * (limit + 1), b"\xff\xfe\n",
                 b'{"type":"a","data_length":65537}\n', b'{"type":"a","payload_length":1048577}\n',
                 b'{"type":"a","data_length":-1}\n', b'{"type":"a","data_length":1e3}\n',
                 b'{"type":"a","data_length":2}\n[]', b"[" * limit + b"\n"]
        with server() as path, Client(path) as other:
            for sent in wrong:
                with Client(path) as client:
                    client.socket.sendall(sent)
                    self.assertEqual(client.receive()[0], "error", sent[:40])
                    with contextlib.suppress(ConnectionResetError):
                        self.assertEqual(client.receive(), (None, None))
            filled = b'{"type":"ping","x":"' + b"y" * (limit - 22) + b'"}\n'
            self.assertEqual(len(filled), limit + 1)  # with its line break
            other.socket.sendall(filled)
            self.assertEqual(other.receive()[0], "pong")

    def test_a_client_that_does_not_read_and_one_that_floods_harm_no_other(self):
        pcm = read_pcm(DATA / "demo.wav") + bytes(32000)
        with server() as path, Client(path) as deaf, Client(path) as flood, Client(path) as client:
            deaf.socket.settimeout(1)
            with contextlib.suppress(OSError):  # until its connection is closed, or its pipe is full
                for _ in range(20000):
                    deaf.send("describe")
            flood.send("audio-start", FORMAT)
            flood.socket.setblocking(False)
            with contextlib.suppress(OSError):
                while True:
                    flood.send("audio-chunk", FORMAT, bytes(65536))
            client.send("audio-start", FORMAT)
            client.play(pcm)
            self.assertEqual(len([1 for kind, _ in client.answers() if kind == "detection"]), len(WORDS))

    def test_many_clients_on_several_threads_of_which_some_hang_up_stall_or_flood(self):
        pcm = read_pcm(DATA / "stop.wav") + bytes(32000)
        with server("--server-threads", "3") as path, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(Client(path)) for _ in range(32)]
            leaving = [Client(path) for _ in range(8)]
            stalled = stack.enter_context(Client(path))
            stalled.socket.sendall(b'{"type":"audio-chunk","payload_length":2048}\n half of a message')
            for client in clients + leaving:
                client.send("detect", {"names": ["stop"]})
                client.send("audio-start", FORMAT)
            for number, at in enumerate(range(0, len(pcm), 8192)):
                for client in clients + (leaving if number < 4 else []):
                    client.send("audio-chunk", FORMAT, pcm[at:at + 8192])
                if number == 3:
                    for client in leaving:  # while their sound is recognized
                        client.__exit__()
                    flood = stack.enter_context(Client(path))
                    flood.socket.setblocking(False)
                    with contextlib.suppress(OSError):
                        while True:
                            flood.send("audio-chunk", FORMAT, bytes(65536))
            for client in clients:
                for text in ("1", "2"):
                    client.send("ping", {"text": text})
            for client in clients:  # each has its answers in the order of its messages
                found = [client.receive() for _ in range(3)]
                self.assertEqual([kind for kind, _ in found], ["detection", "pong", "pong"])
                self.assertEqual((found[0][1]["name"], found[1][1]["text"], found[2][1]["text"]), ("stop", "1", "2"))

    def test_limits_on_connections_and_on_silence(self):
        with server("--max-connections", "2", "--idle-seconds", "2") as path, Client(path) as first, Client(path) as second:
            for client in (first, second):
                client.send("ping", {})
                self.assertEqual(client.receive()[0], "pong")
            with Client(path) as third:
                with contextlib.suppress(OSError):
                    third.send("ping", {})
                    self.assertEqual(third.receive(), (None, None))
            self.assertEqual(first.receive(), (None, None))  # silent for too long

    def test_what_cannot_be_served(self):
        for options, code, text in ((("--uri", "http://x"), 2, "tcp://"), (("--uri", "tcp://127.0.0.1:x"), 2, "PORT"),
                                    (("--server-threads", "65"), 2, "server-threads"),
                                    (("--uri", "unix:///dev/null/x"), 69, "Not a directory"), (("-m", "marmalade"), 66, "marmalade"),
                                    (("--threshold", "marmalade=0.5"), 2, "marmalade")):
            done = subprocess.run([*COMMAND, "wyoming", *options], env=environment(SOURCE), capture_output=True, timeout=LIMIT)
            self.assertEqual((done.returncode, text in done.stderr.decode()), (code, True), done.stderr)


if __name__ == "__main__":
    run_tests(at_once=2)
