#!/usr/bin/env python3
"""kwsd ws against a client of our own, written from RFC 6455 and the form of vosk-server; and nginx in front of it.

usage: ws_test.py SOURCE_DIR COMMAND...     COMMAND is kwsd, behind an emulator where there is one
"""
import base64
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

from daemon import LIMIT, connect, ended, network_server, read_pcm, run_tests, wait_for
from environment import environment

SOURCE = pathlib.Path(sys.argv[1]).resolve()
COMMAND = sys.argv[2:]
DATA = SOURCE / "tests" / "data"
WORDS = [line.split("\t") for line in (DATA / "demo.tsv").read_text().splitlines()]
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Client:
    """A WebSocket; `path` is that of its socket, `target` that of its request."""

    def __init__(self, path, target="/"):
        self.socket = connect(path)
        self.file = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {target} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        self.head = b""
        while line := self.file.readline(8192):
            self.head += line
            if line == b"\r\n":
                break
        wanted = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        self.accepted = self.head.startswith(b"HTTP/1.1 101") and wanted in self.head

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def frame(self, kind, payload, final=True, mask=True):
        size, head = len(payload), bytes([(0x80 if final else 0) | kind])
        flag = 0x80 if mask else 0
        if size < 126:
            head += bytes([flag | size])
        elif size < 65536:
            head += bytes([flag | 126]) + struct.pack(">H", size)
        else:
            head += bytes([flag | 127]) + struct.pack(">Q", size)
        if not mask:
            return head + payload
        key = os.urandom(4)
        masked = (int.from_bytes(payload, "big") ^ int.from_bytes((key * (size // 4 + 1))[:size], "big")).to_bytes(size, "big")
        return head + key + masked

    def send(self, message):
        kind = TEXT if isinstance(message, (str, dict)) else BINARY
        data = json.dumps(message) if isinstance(message, dict) else message
        self.socket.sendall(self.frame(kind, data.encode() if isinstance(data, str) else data))

    def receive(self):
        """The next message: (kind, payload); (None, b"") at the end."""
        head = self.file.read(2)
        if len(head) < 2:
            return None, b""
        size = head[1] & 127
        if size > 125:
            size = int.from_bytes(self.file.read(2 if size == 126 else 8), "big")
        return head[0] & 15, self.file.read(size)

    def json(self):
        kind, payload = self.receive()
        assert kind == TEXT, (kind, payload)
        return json.loads(payload)

    def closed(self):
        """The code of the close that comes next; None where the connection just ends."""
        with contextlib.suppress(ConnectionResetError):
            kind, payload = self.receive()
            if kind == CLOSE:
                return int.from_bytes(payload[:2], "big")
            assert kind is None, (kind, payload)
        return None

    def play(self, pcm, chunk=8000):
        """As vosk's client does: an answer after each chunk. Returns the answers."""
        answers = []
        for at in range(0, len(pcm), chunk):
            self.send(pcm[at:at + chunk])
            answers.append(self.json())
        return answers


def words(answers):
    return [word["word"] for answer in answers for word in answer.get("result", [])]


def server(*options):
    return network_server(COMMAND, SOURCE, "ws", *options)


class WebSocket(unittest.TestCase):
    def test_vosks_conversation(self):
        pcm = read_pcm(DATA / "demo.wav") + bytes(32000)
        with server() as path, Client(path) as client:
            client.send({"config": {"sample_rate": 16000.0}})
            answers = client.play(pcm)
            self.assertEqual(words(answers), [word for _, _, word in WORDS])
            found = [word for answer in answers for word in answer.get("result", [])]
            for (start, end, _), word in zip(WORDS, found):
                self.assertTrue(float(start) - 0.5 < word["start"] < word["end"] < float(end) + 0.5, word)
                self.assertTrue(0 <= word["conf"] <= 1 and -120 <= word["level"] <= 0 <= word["snr"], word)
            self.assertTrue(all(answer == {"partial": ""} for answer in answers if "result" not in answer))
            client.send({"eof": 1})
            self.assertEqual((client.json(), client.closed()), ({"text": ""}, 1000))

    def test_any_chunk_and_another_rate(self):
        pcm = read_pcm(DATA / "stop.wav") + bytes(32000)
        doubled = b"".join(pcm[i:i + 2] * 2 for i in range(0, len(pcm), 2))
        with server() as path:
            for chunk in (2, 321, 1 << 20):
                with Client(path) as client:
                    self.assertEqual(words(client.play(pcm if chunk > 2 else pcm[:4000], chunk & ~1)), ["stop"] if chunk > 2 else [])
            with Client(path) as client:
                client.send({"config": {"sample_rate": 32000, "phrase_list": ["stop", "[unk]"]}})
                self.assertEqual(words(client.play(doubled)), ["stop"])
            with Client(path) as client:
                client.send({"config": {"phrase_list": ["go"]}})
                self.assertEqual(words(client.play(pcm)), [])

    def test_many_clients_at_once(self):
        pcm = read_pcm(DATA / "stop.wav") + bytes(32000)
        with server() as path, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(Client(path)) for _ in range(10)]
            found = [[] for _ in clients]
            for at in range(0, len(pcm), 16000):
                for client in clients:
                    client.send(pcm[at:at + 16000])
                for client, heard in zip(clients, found):
                    heard += words([client.json()])
            self.assertEqual(found, [["stop"]] * len(clients))

    def test_one_of_several_rooms_answers(self):
        pcm = read_pcm(DATA / "stop.wav") + bytes(32000)
        quiet = b"".join(struct.pack("<h", sample // 4) for (sample,) in struct.iter_unpack("<h", pcm))
        noisy = bytes(b ^ (i * 73 & 3 if i % 2 == 0 else 0) for i, b in enumerate(quiet))
        with server("--one-answer") as path, Client(path) as near, Client(path) as far:
            answers = {near: [], far: []}
            for at in range(0, len(pcm), 16000):
                for client, sound in ((far, noisy), (near, pcm)):
                    client.send(sound[at:at + 16000])
                for client in answers:
                    answers[client].append(client.json())
            wait_for(lambda: self.ask(near, answers[near]) and self.ask(far, answers[far]) and self.told(answers, "result") +
                     self.told(answers, "suppressed") == 2)
        self.assertGreater(self.told(answers, "result"), 0)  # of unit tests: which one, and how late is too late

    @staticmethod
    def told(answers, kind):
        return sum(len(answer.get(kind, [])) for heard in answers.values() for answer in heard)

    @staticmethod
    def ask(client, answers):
        client.send(bytes(3200))
        answers.append(client.json())
        return True

    def test_hostile_clients_harm_no_other(self):
        pcm = read_pcm(DATA / "demo.wav") + bytes(32000)
        megabyte = 1 << 20
        with server("--max-byte-rate", "1e9") as path, Client(path) as good:
            good.send({"config": {"sample_rate": 16000}})
            for text in ("", "{", "[]", '{"config":3}', '{"config":{"sample_rate":1}}', "[" * 65536):
                with Client(path) as client:
                    client.send(text)
                    self.assertEqual((list(client.json()), client.closed()), (["error"], 1008), text[:20])
            for size, status in ((8192, b"HTTP/1.1 101"), (8193, b"")):  # of the head of the request
                head = (b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: ").ljust(size - 4, b"x") + b"\r\n\r\n"
                for piece in (size, 1000):
                    with connect(path) as raw, contextlib.suppress(ConnectionError):
                        for at in range(0, size, piece):
                            raw.sendall(head[at:at + piece])
                        self.assertEqual(raw.recv(12), status)
            with Client(path) as client:
                client.send("{" + " " * 65534 + "}")  # 65,536 bytes
                client.send(bytes(megabyte))
                self.assertEqual(client.json(), {"partial": ""})
                client.send("{" + " " * 65535 + "}")
                self.assertEqual((list(client.json()), client.closed()), (["error"], 1008))
            with Client(path) as client:
                with contextlib.suppress(OSError):  # kwsd reads no more than its length
                    client.send(bytes(megabyte + 1))
                self.assertIn(client.closed(), (1009, None))
            for frame, code in ((b"\xff\x80\0\0\0\0", 1002), (Client.frame(good, TEXT, b"{}", mask=False), 1002),
                                (Client.frame(good, TEXT, b"\xff\xfe"), 1007), (Client.frame(good, PING, b"x" * 126), 1002)):
                with Client(path) as client:
                    client.socket.sendall(frame)
                    self.assertEqual(client.closed(), code, frame[:8])
            for request in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\0\1\2\3" * 100, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 5000):
                with connect(path) as raw:
                    with contextlib.suppress(ConnectionError):
                        raw.sendall(request)
                        raw.shutdown(socket.SHUT_WR)
                        while raw.recv(4096):
                            pass
            with Client(path) as deaf, contextlib.suppress(OSError):  # does not read its answers
                deaf.socket.settimeout(1)
                while True:
                    deaf.socket.sendall(Client.frame(deaf, BINARY, b""))
            with Client(path) as client:  # fragments, with a ping between them
                half = len(pcm) // 2 & ~1
                client.socket.sendall(client.frame(BINARY, pcm[:half], final=False) + client.frame(PING, b"p") + client.frame(0, pcm[half:]))
                self.assertEqual(client.receive(), (PONG, b"p"))
                self.assertEqual(words([client.json()]), [word for _, _, word in WORDS])
            self.assertEqual(words(good.play(pcm)), [word for _, _, word in WORDS])

    def test_limits_on_connections_and_on_silence(self):
        with server("--max-connections", "2", "--idle-seconds", "2") as path, Client(path) as first, Client(path) as second:
            self.assertTrue(first.accepted and second.accepted)
            with contextlib.suppress(OSError), Client(path) as third:
                self.assertFalse(third.accepted)
            self.assertEqual(first.receive(), (None, b""))  # silent for too long

    def test_behind_nginx(self):
        nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        if not nginx:
            self.skipTest("nginx is not installed")
        manual = (SOURCE / "config/man/kwsd.1").read_text().replace("\\-", "-").replace("\\&", "")
        lines = manual.split("location /kwsd {", 1)[1].split("}", 1)[0]
        with server() as path, tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "conf").write_text(
                f"daemon off; pid {folder}/pid; error_log {folder}/error; worker_processes 1; user root;\nevents {{}}\nhttp {{ access_log off;\n"
                + "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
                + f"server {{ listen unix:{folder}/nginx; location /kwsd {{" + lines.replace("http://127.0.0.1:2700", f"http://unix:{path}") + "} } }\n")
            proxy = subprocess.Popen([nginx, "-c", f"{folder}/conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                with Client(folder + "/nginx", "/kwsd") as client:
                    self.assertTrue(client.accepted, client.head)
                    self.assertEqual(words(client.play(read_pcm(DATA / "stop.wav") + bytes(32000))), ["stop"])
            finally:
                proxy.terminate()
                ended(proxy)

    def test_what_cannot_be_served(self):
        for options, code, text in ((("--uri", "http://x"), 2, "tcp://"), (("--uri", "unix:///dev/null/x"), 69, "Not a directory"),
                                    (("-m", "marmalade"), 66, "marmalade"), (("--threshold", "marmalade=0.5"), 2, "marmalade"),
                                    (("--max-byte-rate", "nan"), 2, "max-byte-rate")):
            done = subprocess.run([*COMMAND, "ws", *options], env=environment(SOURCE), capture_output=True, timeout=LIMIT)
            self.assertEqual((done.returncode, text in done.stderr.decode()), (code, True), done.stderr)


if __name__ == "__main__":
    run_tests(at_once=2)
