#!/usr/bin/env python3
"""kwsd mqtt against mosquitto: what is delivered, and what is not, when broker, network and kwsd come and go.

usage: mqtt_test.py [--restarts N] SOURCE_DIR COMMAND...     COMMAND is kwsd, behind an emulator where there is one
"""
import contextlib
import json
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from broker import BROKER, Broker, Subscriber
from daemon import LIMIT, Daemon, read_pcm, run_tests, wait_for
from environment import environment
from home_assistant import faults

RESTARTS = int(sys.argv.pop(1)) if sys.argv[1] == "--restarts" and sys.argv.pop(1) else 2
SOURCE = pathlib.Path(sys.argv[1]).resolve()
COMMAND = sys.argv[2:]
WORDS = "yes no up down left right on off stop go".split()
NEVER = ("--expiry-seconds", "86400")  # for tests of something else, on machines of any speed
READY = {"event": "ready", "input": "mic", "rate": 16000, "models": ["commands"], "branch": "full", "kernels": "portable"}


def detection(number, age=0.0):
    stamp = time.time() - age
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(stamp)) + f".{int(stamp * 1000) % 1000:03d}Z"
    return {"event": "detection", "keyword": "stop", "score": 0.97, "threshold": 0.8, "start": 1.0, "end": 1.5, "time": text,
            "seq": number, "branch": "full", "model": "commands"}


class FakeKwsd:
    """The event socket of a kwsd that says what a test wants, and a control socket that remembers what it is asked."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path, self.control_path = self.folder.name + "/events", self.folder.name + "/control"
        self.thresholds, self.models, self.requests = {word: 0.8 for word in WORDS}, ["commands"], []
        self.control = socket.socket(socket.AF_UNIX)
        self.control.bind(self.control_path)
        self.control.listen()
        threading.Thread(target=self.serve_control, daemon=True).start()
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(self.path)
        self.listening.listen()
        self.listening.settimeout(LIMIT)
        self.connection = None

    def serve_control(self):
        with contextlib.suppress(OSError):
            while True:
                connection = self.control.accept()[0]
                threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as lines:
            for line in lines:
                answer = {"ok": True, **self.obey(json.loads(line))}
                if "error" in answer:
                    del answer["ok"]
                connection.sendall(json.dumps(answer).encode() + b"\n")

    def obey(self, request):
        if request["command"] == "keywords":
            return {"keywords": [{"keyword": word, "model": "commands", "thresholds": {"full": value, "half": 0.9, "quarter": 0.9}}
                                 for word, value in self.thresholds.items()]}
        if request["command"] == "status":
            return {"models": self.models}
        self.requests.append(request)
        if request["command"] == "threshold":
            if request["word"] not in self.thresholds:
                return {"error": f"word: found '{request['word']}'", "code": 2}
            self.thresholds[request["word"]] = request["value"]
        return {}

    def accept(self):
        self.connection = self.listening.accept()[0]
        self.connection.settimeout(LIMIT)
        self.send(READY)

    def send(self, *events):
        self.connection.sendall(b"".join(json.dumps(event).encode() + b"\n" for event in events))

    def close(self):
        for used in (self.connection, self.listening, self.control):
            if used:
                used.close()
        self.folder.cleanup()


class Proxy:
    """Passes bytes on to a port, until it is cut: then nothing arrives any more, and nobody is told. While it is shut,
    whoever connects is hung up on."""

    def __init__(self, port):
        self.target, self.cut, self.shut = port, threading.Event(), threading.Event()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                near = self.listening.accept()[0]
                try:
                    far = None if self.shut.is_set() else socket.create_connection(("127.0.0.1", self.target), LIMIT)
                    far and far.settimeout(None)  # pump() waits as long as its peers do; its threads end with the program
                except OSError:
                    far = None
                if not far:
                    near.close()
                    continue
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self.pump, args=(source, sink, self.cut), daemon=True).start()

    @staticmethod
    def pump(source, sink, cut):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if cut.is_set():
                    return
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def heal(self):
        self.cut = threading.Event()  # of connections to come


class Mqtt(unittest.TestCase):
    def enter(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def kwsd(self):
        fake = FakeKwsd()
        self.addCleanup(fake.close)
        return fake

    def client(self, uri, events, *options):
        """kwsd mqtt with id "test" for the kwsd whose sockets are beside `events`; its log is in self.log."""
        self.log = log = tempfile.NamedTemporaryFile()
        process = subprocess.Popen([*COMMAND, "mqtt", "--broker", uri, "--events", events, "--control",
                                    events.replace("events", "control"), "--id", "test", "--spread-seconds", "1",
                                    *options], env=environment(SOURCE), stdout=subprocess.DEVNULL, stderr=self.log)

        def end():
            if process.poll() is None:
                process.kill()
            process.wait(LIMIT)
            with log:
                self.assertNotIn("Sanitizer", pathlib.Path(log.name).read_text())
        self.addCleanup(end)
        return process

    def logged(self):
        return pathlib.Path(self.log.name).read_text()

    def started(self, broker, *options, port=None):
        """A fake kwsd, its client and a subscriber, all connected."""
        kwsd, subscriber = self.kwsd(), self.enter(Subscriber(broker.port, "kwsd/test/#", "homeassistant/#"))
        client = self.client(f"mqtt://127.0.0.1:{port or broker.port}", kwsd.path, *options)
        kwsd.accept()
        self.assertIsNotNone(subscriber.until("availability", "online"))
        return kwsd, client, subscriber

    def numbers(self, subscriber, count, after=-1):
        """seq of the next detections, those up to `after` left out; fewer where no more come within the limit. QoS 1
        delivers at least once: a detection comes again where the broker died before its acknowledgement arrived."""
        found = []
        while len(found) < count and (message := subscriber.until("/detection")):
            number = json.loads(message[1])["seq"]
            found += [number] if number > after else []
        return found

    def test_a_word_from_the_sound_to_the_broker(self):
        broker = self.enter(Broker())
        subscriber = self.enter(Subscriber(broker.port, "kwsd/test/#", "homeassistant/#"))
        with tempfile.TemporaryDirectory() as folder:
            events = folder + "/events"
            self.client(f"mqtt://127.0.0.1:{broker.port}", events, "--name", "Küche")
            with Daemon(COMMAND, SOURCE, "-i", "-", "--socket", events, "--control", folder + "/control") as kwsd:
                self.assertIsNotNone(subscriber.until("availability", "online"), self.logged())
                kwsd.write(read_pcm(SOURCE / "tests/data/stop.wav") + bytes(32000))
                topic, payload, retained, expiry = subscriber.until("/detection")
                self.assertEqual((topic, retained), ("kwsd/test/detection", False))
                self.assertTrue(0 < expiry <= 90, expiry)
                self.assertEqual({**json.loads(payload), **{"event_type": "stop", "keyword": "stop"}}, json.loads(payload))
                broker.publish("kwsd/test/threshold/go/set", "0.75")
                self.assertIsNotNone(subscriber.until("threshold/go", "0.75"))
                broker.publish("kwsd/test/listen/set", "OFF")
                self.assertIsNotNone(subscriber.until("/listen", "OFF"))
                broker.publish("kwsd/test/models/set", "computer")
                self.assertIsNotNone(kwsd.out.until("reloaded"))
                self.assertIsNotNone(subscriber.until("threshold/computer"))
                self.assertEqual(kwsd.end(), 0)
            self.assertIsNotNone(subscriber.until("availability", "offline"))

    def test_discovery_is_what_home_assistant_documents(self):
        broker = self.enter(Broker())
        self.started(broker, "--name", "Küche")
        with Subscriber(broker.port, "homeassistant/#") as late:  # Home Assistant starts after kwsd
            topic, payload, retained, _ = late.next()
        document = json.loads(payload)
        self.assertEqual((topic, retained, list(faults(topic, document))), ("homeassistant/device/kwsd_test/config", True, []))
        self.assertEqual(document["device"]["name"], "Küche")
        components = document["components"]
        self.assertEqual(components["keyword"]["event_types"], WORDS)
        self.assertEqual(components["keyword"]["state_topic"], "kwsd/test/detection")
        self.assertEqual({c["subtype"] for c in components.values() if c["platform"] == "device_automation"}, set(WORDS))
        broken = json.loads(payload)
        broken["components"]["keyword"].update(state_topic="a/#", colour="red")
        del broken["origin"]
        self.assertEqual(len(list(faults("homeassistant/device/x/y/z/config", broken))), 4)  # the checker finds faults

    def test_commands_reach_kwsd_and_retained_ones_hold(self):
        broker = self.enter(Broker())
        kwsd, _, subscriber = self.started(broker, "--group", "house")
        broker.publish("kwsd/test/listen/set", "OFF")
        wait_for(lambda: {"command": "mute"} in kwsd.requests)
        broker.publish("kwsd/house/threshold/stop/set", "0.9", "-r")
        self.assertIsNotNone(subscriber.until("threshold/stop", "0.9"))
        broker.publish("kwsd/test/threshold/marmalade/set", "0.9")
        wait_for(lambda: "kwsd refuses: word: found 'marmalade'" in self.logged())
        kwsd.connection.close()
        kwsd.thresholds["stop"] = 0.8  # another kwsd, as it is configured
        kwsd.accept()
        self.assertIsNotNone(subscriber.until("threshold/stop", "0.9"))
        broker.publish("kwsd/house/models/set", "computer,commands", "-r")
        wait_for(lambda: {"command": "model", "add": "computer"} in kwsd.requests)
        broker.publish("homeassistant/status", "online")
        document = json.loads(subscriber.until("/config")[1])
        self.assertEqual(list(faults("homeassistant/device/kwsd_test/config", document)), [])
        self.assertEqual(document["components"]["listen"]["command_topic"], "kwsd/test/listen/set")
        self.assertEqual(document["components"]["threshold_stop"]["command_topic"], "kwsd/test/threshold/stop/set")

    def test_the_will_after_a_kill_and_goodbye_after_a_stop(self):
        broker = self.enter(Broker())
        _, client, subscriber = self.started(broker)
        client.kill()
        self.assertIsNotNone(subscriber.until("availability", "offline"))
        kwsd = self.kwsd()
        client = self.client(f"mqtt://127.0.0.1:{broker.port}", kwsd.path)
        kwsd.accept()
        self.assertIsNotNone(subscriber.until("availability", "online"))
        client.terminate()
        self.assertEqual(client.wait(LIMIT), 0)
        self.assertIsNotNone(subscriber.until("availability", "offline"))

    def test_kwsd_comes_and_goes(self):
        broker = self.enter(Broker())
        kwsd, _, subscriber = self.started(broker)
        kwsd.connection.close()
        self.assertIsNotNone(subscriber.until("availability", "offline"))
        kwsd.accept()
        self.assertIsNotNone(subscriber.until("availability", "online"))
        kwsd.send({"event": "muted", "seconds": 1}, {"event": "device_lost", "device": "mic"})
        self.assertIsNotNone(subscriber.until("/listen", "OFF"))
        self.assertIsNotNone(subscriber.until("/problem", "ON"))
        kwsd.connection.sendall(b"no event\n" + b"x" * 70000)  # a line without an end
        self.assertIsNotNone(subscriber.until("availability", "offline"))
        kwsd.accept()
        self.assertIsNotNone(subscriber.until("/listen", "ON"))

    def restartable(self, *options):
        """A broker, and a proxy that is shut while nobody is subscribed: what a broker has no subscriber for is gone."""
        broker = self.enter(Broker())
        proxy = Proxy(broker.port)
        self.addCleanup(proxy.listening.close)
        return broker, proxy, *self.started(broker, *options, port=proxy.port)

    def test_no_detection_is_lost_while_the_broker_restarts(self):
        broker, proxy, kwsd, _, subscriber = self.restartable()
        number = 0
        for restart in range(RESTARTS):
            proxy.shut.set()
            broker.kill()
            subscriber.__exit__()
            for _ in range(5):
                number += 1
                kwsd.send(detection(number))
            time.sleep(random.uniform(*(0, 5) if RESTARTS < 20 else (50, 59) if restart % 4 == 0 else (0, 50)))  # without a broker
            broker.start()
            subscriber = self.enter(Subscriber(broker.port, "kwsd/test/#"))
            proxy.shut.clear()
            self.assertEqual(self.numbers(subscriber, 5, after=number - 5), list(range(number - 4, number + 1)))
            if RESTARTS >= 20:
                time.sleep(6)  # a connection that holds ends the outage (Backoff)

    def test_what_expired_is_not_delivered(self):
        broker, proxy, kwsd, _, subscriber = self.restartable("--expiry-seconds", "600")
        kwsd.send(detection(1, age=610), detection(2))
        self.assertEqual(self.numbers(subscriber, 1), [2])
        proxy.shut.set()
        broker.kill()
        kwsd.send(detection(3, age=597.5), detection(4, age=20))
        time.sleep(2)
        broker.start()
        with Subscriber(broker.port, "kwsd/test/#") as subscriber:
            proxy.shut.clear()
            self.assertEqual(self.numbers(subscriber, 1, after=2), [4])
        self.assertIn("messages expired", self.logged())

    def test_ten_thousand_events(self):
        broker = self.enter(Broker())
        kwsd, _, subscriber = self.started(broker, "--queue-size", "10000", *NEVER)
        for at in range(0, 10000, 100):
            kwsd.send(*(detection(number) for number in range(at, at + 100)))
        self.assertEqual(self.numbers(subscriber, 10000), list(range(10000)))

    def test_a_broker_that_stands_still_costs_old_events_and_no_memory(self):
        broker = self.enter(Broker())
        kwsd, client, subscriber = self.started(broker, "--queue-size", "50", *NEVER)
        before = self.memory(client)
        broker.signal(signal.SIGSTOP)
        for at in range(0, 10000, 100):
            kwsd.send(*(detection(number) for number in range(at, at + 100)))
        kwsd.send({"event": "status"})
        time.sleep(1)
        broker.signal(signal.SIGCONT)
        numbers = []
        while numbers[-1:] != [9999] and (found := self.numbers(subscriber, 1)):
            numbers += found
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertEqual(numbers[-49:], list(range(9951, 10000)))  # the status took the place of one
        self.assertLess(len(numbers), 10000)
        if b"__asan_init" not in pathlib.Path(COMMAND[-1]).read_bytes():  # which keeps what is freed
            self.assertLess(self.memory(client) - before, 4096)

    @staticmethod
    def memory(process):
        """KiB that are its own."""
        lines = pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))

    def test_a_network_that_is_cut_is_found_by_the_keepalive(self):
        broker = self.enter(Broker())
        proxy = Proxy(broker.port)
        self.addCleanup(proxy.listening.close)
        kwsd, _, subscriber = self.started(broker, "--keepalive-seconds", "5", port=proxy.port)
        proxy.cut.set()
        proxy.heal()
        kwsd.send(detection(1))
        self.assertIsNotNone(subscriber.until("availability", "offline"))  # the will
        self.assertEqual(self.numbers(subscriber, 1), [1])
        self.assertIsNotNone(self.enter(Subscriber(broker.port, "kwsd/test/availability")).until("availability", "online"))

    def test_hostile_messages_do_no_harm(self):
        broker = self.enter(Broker())
        kwsd, _, subscriber = self.started(broker)
        for payload in (65507, 65509):  # packets of 65,536 bytes and of two more, which mosquitto keeps, as kwsd asked
            broker.publish("kwsd/test/listen/set", "x" * payload)
        broker.publish("kwsd/test/threshold/stop/set", "nan")
        for _ in range(3):
            broker.publish("kwsd/test/listen/set", "\x1b[31m")
        kwsd.send(detection(1))
        self.assertEqual(self.numbers(subscriber, 1), [1])
        self.assertEqual(self.logged().count("expected at most 1024 bytes"), 1)
        self.assertIn("expected ON or OFF", self.logged())
        broker.publish("kwsd/test/listen/set", "\n".join(["ON"] * 300), lines=True)
        wait_for(lambda: "more than 20 messages a second; the rest is ignored" in self.logged())
        self.assertLess(kwsd.requests.count({"command": "unmute"}), 300)
        self.assertNotIn("\x1b", self.logged())

    def certificates(self, folder):
        """An authority, a server and a client that it signs, and an authority that signs neither."""
        def openssl(*words):
            subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=LIMIT)
        for name in ("ca", "other"):
            openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.crt", "-subj", f"/CN={name}")
        for name in ("server", "client"):
            (folder / "ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
            openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
            openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{name}.crt",
                    "-extfile", "ext")
        for path in folder.iterdir():
            path.chmod(0o644)

    def test_tls_with_certificates_and_a_password(self):
        broker = Broker("cafile {dir}/ca.crt", "certfile {dir}/server.crt", "keyfile {dir}/server.key", "require_certificate true",
                        "allow_anonymous false", "password_file {dir}/passwords")
        self.certificates(broker.dir)
        subprocess.run(["mosquitto_passwd", "-b", "-c", str(broker.dir / "passwords"), "kwsd", "secret"], check=True, capture_output=True,
                       timeout=LIMIT)
        (broker.dir / "passwords").chmod(0o644)
        (broker.dir / "credentials").write_text("kwsd\nsecret\n")
        (broker.dir / "wrong").write_text("kwsd\nguess\n")
        self.enter(broker)
        files = {name: str(broker.dir / name) for name in ("ca.crt", "other.crt", "client.crt", "client.key", "credentials", "wrong")}
        own = ["--cert-file", files["client.crt"], "--key-file", files["client.key"]]
        ca, password = ["--ca-file", files["ca.crt"]], ["--credentials", files["credentials"]]
        sub = ["--cafile", files["ca.crt"], "--cert", files["client.crt"], "--key", files["client.key"], "-u", "kwsd", "-P", "secret"]
        uri = f"mqtts://127.0.0.1:{broker.port}"
        subscriber = self.enter(Subscriber(broker.port, "kwsd/test/#", options=sub))
        for options, reason in (([*ca, *password], "no certificate of its own"), ([*own, *password], "unknown authority"),
                                ([*own, *password, "--ca-file", files["other.crt"]], "another authority"),
                                ([*ca, *own], "no password"), ([*ca, *own, "--credentials", files["wrong"]], "wrong password")):
            kwsd = self.kwsd()
            client = self.client(uri, kwsd.path, *options)
            wait_for(lambda: "no connection to" in self.logged())
            self.assertNotIn("connected to", self.logged(), reason)
            client.kill()
            client.wait(LIMIT)
        kwsd = self.kwsd()
        self.client(uri, kwsd.path, *ca, *own, *password)
        kwsd.accept()
        self.assertIsNotNone(subscriber.until("availability", "online"), self.logged())
        kwsd.send(detection(1))
        self.assertEqual(self.numbers(subscriber, 1), [1])

    def test_what_cannot_be_served(self):
        with tempfile.NamedTemporaryFile("w") as three:
            three.write("a\nb\nc\n")
            three.flush()
            for options, code, text in ((("--broker", "http://x"), 2, "mqtt://"), (("--broker", "mqtt://me:x@y"), 2, "--credentials"),
                                        (("--id", "a/b"), 2, "letters"), (("--prefix", "a/#"), 2, "levels"),
                                        (("--credentials", "/nonexistent"), 66, "/nonexistent"), (("--credentials", three.name), 65, "3 lines"),
                                        (("--broker", "mqtts://x", "--ca-file", "/nonexistent"), 66, "--ca-file"),
                                        (("--spread-seconds", "nan"), 2, "spread")):
                done = subprocess.run([*COMMAND, "mqtt", *options], env=environment(SOURCE), capture_output=True, timeout=LIMIT)
                self.assertEqual((done.returncode, text in done.stderr.decode()), (code, True), done.stderr)


if __name__ == "__main__":
    if not BROKER or not shutil.which("mosquitto_sub") or not shutil.which("openssl"):
        print("skipped: mosquitto, mosquitto-clients or openssl is not installed")
        sys.exit(77)
    if RESTARTS >= 20:
        run_tests(only="no_detection_is_lost", limit=200 * RESTARTS)
    run_tests(at_once=4)
