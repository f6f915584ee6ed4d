#!/usr/bin/env python3
"""kwsd web over HTTP: who is let in, 1,000 requests that are not, and the way from nothing to a deployed word.

usage: web_test.py SOURCE_DIR COMMAND...     COMMAND is kwsd, behind an emulator where there is one
"""
import array
import contextlib
import http.client
import json
import os
import pathlib
import queue
import random
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import wave

from daemon import LIMIT, Daemon, connect, ended, read_pcm, run_tests, wait_for
from environment import environment

SOURCE = pathlib.Path(sys.argv[1]).resolve()
COMMAND = sys.argv[2:]
DEMO = SOURCE / "tests" / "data" / "demo.wav"
TRAINER = """#!/bin/sh
# Stands in for kwsd-train: its lines, and a model where --install puts it.
[ "$1" = word ] || exit 2
echo "info: step 2 of 4: training" >&2
for epoch in 1 2 3; do
  printf 'info: epoch %s/3: %s\\t0.5\\t8%s.00\\t7%s.50\\t70\\t60\\t1\\n' $epoch $epoch $epoch $epoch >&2
done
printf '%s\\n' "$@" > "$XDG_DATA_HOME/arguments"
mkdir -p "$XDG_DATA_HOME/kwsd/models"
cp "$KWSD_MODEL_DIR/jarvis.kwsm" "$XDG_DATA_HOME/kwsd/models/$2.kwsm"
mkdir -p "$XDG_DATA_HOME/kwsd/training"
echo '<!DOCTYPE html><title>Report</title>' > "$XDG_DATA_HOME/kwsd/training/$2.html"
"""


class Page:
    """`kwsd web`, and a browser of one's own."""

    def __init__(self, folder, *arguments, **variables):
        self.env = environment(SOURCE, **{"XDG_DATA_HOME": folder + "/share", **variables})
        self.log = open(folder + "/web.log", "w+")
        self.process = subprocess.Popen([*COMMAND, "web", "--uri", "tcp://127.0.0.1:0", "--control", folder + "/control", *arguments],
                                        env=self.env, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.url = self.process.stdout.readline().strip()
        match = re.fullmatch(r"http://(127\.0\.0\.1:(\d+))(/\?token=[0-9a-f]{32})", self.url)
        assert match, (self.url, pathlib.Path(folder, "web.log").read_text())
        self.host, self.port, self.login = match[1], int(match[2]), match[3]
        answer, _ = self.ask("GET", self.login)
        assert answer.status == 303, answer.status
        self.set_cookie = answer.getheader("Set-Cookie")
        self.cookie = self.set_cookie.split(";")[0]
        self.token = self.state()["token"]

    def ask(self, method, target, body=None, headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        with contextlib.closing(connection):
            connection.request(method, target, body, dict(headers))
            answer = connection.getresponse()
            return answer, answer.read()

    def headers(self, **changed):
        """Those of the page itself."""
        own = {"Cookie": self.cookie, "Origin": "http://" + self.host, "X-Kwsd-Token": self.token,
               "Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in changed.items()}}
        return {name: value for name, value in own.items() if value is not None}

    def get(self, target):
        answer, body = self.ask("GET", "/api/" + target, headers={"Cookie": self.cookie})
        assert answer.status == 200, (target, answer.status, body)
        return body

    def state(self):
        return json.loads(self.get("state"))

    def change(self, target, expected=200, **members):
        answer, body = self.ask("POST", "/api/" + target, json.dumps(members), self.headers())
        assert answer.status == expected, (target, members, answer.status, body)
        return json.loads(body)

    def finished(self, expected=0):
        """Waits until what was started has ended; its lines."""
        job = {}

        def ended():
            job.update(self.state()["job"])
            return not job["running"]
        wait_for(ended)
        assert job["code"] == expected, job
        return job["lines"]

    def close(self):
        self.process.terminate()
        code = ended(self.process)
        self.process.stdout.close()
        self.log.seek(0)
        log = self.log.read()
        self.log.close()
        assert code == 0 and "Sanitizer" not in log, (code, log)


class Web(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.clips = os.path.join(self.folder, "clips")

    def page(self, *arguments, **variables):
        page = Page(self.folder, *arguments, **variables)
        self.addCleanup(page.close)
        return page

    def listen(self, *arguments, **variables):
        kwsd = Daemon(COMMAND, SOURCE, "-i", "-", "--branch", "full", "--control", self.folder + "/control", "--save-clips", self.clips,
                      *arguments, env={"XDG_DATA_HOME": self.folder + "/share", **variables})
        kwsd.__enter__()
        self.addCleanup(kwsd.__exit__, None, None, None)
        self.assertIsNotNone(kwsd.told("READY=1"), kwsd.log())
        return kwsd

    def test_only_the_page_itself_is_let_in(self):
        """1,000 requests that are malformed, of other sites or without the secrets: each is refused, and nothing changes."""
        config = pathlib.Path(self.folder, "kwsd/kwsd.toml")
        config.parent.mkdir()
        config.touch()
        self.listen(XDG_CONFIG_HOME=self.folder)
        page = self.page(XDG_CONFIG_HOME=self.folder)
        self.assertRegex(page.set_cookie, r"^kwsd-[0-9a-f]{8}=[0-9a-f]{32}; Path=/; HttpOnly; SameSite=Strict$")
        wait_for(lambda: page.state()["keywords"])
        before = page.state()["keywords"]
        chance = random.Random(22)
        good = json.dumps({"value": 0.99})
        heads = [{"Host": "evil.example"}, {"Host": "127.0.0.1"}, {"Host": "localhost:1"}, {"Origin": "http://evil.example"},
                 {"Origin": None}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"}, {"Cookie": None},
                 {"Cookie": "kwsd-00000000=" + 32 * "0"}, {"X_Kwsd_Token": None}, {"X_Kwsd_Token": 32 * "f"},
                 {"Content_Type": "text/plain"}, {"Content_Type": "application/x-www-form-urlencoded"}, {"Content_Type": None},
                 {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}]
        targets = ["threshold", "keep", "mute", "model/add", "record", "take", "enroll", "train", "stop", "mark", "remove", "take/sound"]
        bodies = ["", "{", "[]", "null", '{"value":2}', '{"value":"1"}', '{"value":0.5,"word":"halt"}', '{"value":0.5,"path":"/etc"}',
                  '{"word":"../../etc"}', '{"name":"/etc/passwd"}', '{"id":"../../etc/passwd","as":"missed"}', "\xff\xfe", 5000 * "[", 5000 * " "]
        refused = 0
        for _ in range(600):  # in good form, of somebody else
            target, head = chance.choice(targets), chance.choice(heads)
            answer, body = page.ask("POST", "/api/" + target, good, page.headers(**head))
            self.assertIn(answer.status, (401, 403, 415, 421), (target, head, body))
            refused += 1
        for _ in range(200):  # of the page, malformed
            target = chance.choice(targets[:7] + targets[9:11])
            answer, body = page.ask("POST", "/api/" + target, chance.choice(bodies).encode(errors="replace"), page.headers())
            self.assertIn(answer.status, (400, 404, 409, 413), (target, body))
            refused += 1
        for _ in range(200):  # no HTTP, or not quite
            bytes_ = bytearray(f"POST /api/threshold HTTP/1.1\r\nHost: {page.host}\r\nContent-Length: {len(good)}\r\n\r\n{good}".encode())
            for _ in range(chance.randrange(1, 6)):
                bytes_[chance.randrange(len(bytes_))] = chance.randrange(256)
            with socket.create_connection(("127.0.0.1", page.port), timeout=LIMIT) as connection:
                connection.sendall(bytes_)
                connection.shutdown(socket.SHUT_WR)
                answer = b""
                with contextlib.suppress(ConnectionResetError):
                    while got := connection.recv(4096):
                        answer += got
            self.assertRegex(answer[:12], rb"^(HTTP/1\.1 4\d\d)?")
            self.assertNotIn(b" 200 ", answer[:20])
            refused += 1
        self.assertEqual(refused, 1000)
        self.assertEqual(page.state()["keywords"], before)
        self.assertFalse(page.state()["status"]["muted"])
        page.change("threshold", value=0.99)  # there is something to keep now
        for head in heads:
            answer, body = page.ask("POST", "/api/keep", "{}", page.headers(**head))
            self.assertIn(answer.status, (401, 403, 415, 421), (head, body))
        self.assertEqual(config.read_bytes(), b"")
        page.change("keep")
        self.assertIn(b"stop=0.99", config.read_bytes())

    def test_files_paths_and_limits(self):
        page = self.page()
        for target, kind in (("/", "text/html"), ("/app.js", "text/javascript"), ("/style.css", "text/css")):
            answer, body = page.ask("GET", target)
            self.assertEqual((answer.status, answer.getheader("Content-Type").split(";")[0]), (200, kind))
            policy = answer.getheader("Content-Security-Policy")
            self.assertIn("default-src 'none'", policy)
            self.assertNotIn("unsafe", policy)
            self.assertNotRegex(body.decode(), r"https?://(?!www\.w3\.org/2000/svg)")  # nothing from elsewhere
        for target in ("/../etc/passwd", "/assets/../app.js", "/api/sound/..%2f..%2fetc%2fpasswd", "/api/curve/..%2fcommands",
                       "/api/sound/" + 16 * "0", "/nosuch", "/%00"):
            self.assertEqual(page.ask("GET", target, headers={"Cookie": page.cookie})[0].status, 404, target)
        self.assertEqual(page.ask("GET", "/?token=" + 32 * "0")[0].status, 403)
        line = f"GET / HTTP/1.1\r\nHost: {page.host}\r\nCookie: "
        for more, status in ((0, 200), (1, 431)):  # 8192 bytes, to the byte
            self.assertEqual(self.raw(page, line + (8192 - len(line) - 4 + more) * "x" + "\r\n\r\n"), status)
        chunked = "".join(f"{name}: {value}\r\n" for name, value in page.headers(Host=page.host, Transfer_Encoding="chunked").items())
        self.assertEqual(self.raw(page, f"POST /api/stop HTTP/1.1\r\n{chunked}\r\n2\r\n{{}}\r\n0\r\n\r\n"), 411)
        two = "".join(f"{name}: {value}\r\n" for name, value in page.headers(Host=page.host, Content_Length=2).items())
        with socket.create_connection(("127.0.0.1", page.port), timeout=LIMIT) as connection:  # two requests at once, and a half
            connection.sendall(2 * f"POST /api/stop HTTP/1.1\r\n{two}\r\n{{}}".encode() + b"GET / HT")
            answers = b""
            while answers.count(b'{"ok":true}') < 2:
                answers += connection.recv(4096) or self.fail(answers)
        answer, _ = page.ask("POST", "/api/mute", 5000 * " ", page.headers())
        self.assertEqual(answer.status, 413)
        idle = [socket.create_connection(("127.0.0.1", page.port), timeout=LIMIT) for _ in range(80)]
        self.assertEqual(idle[79].recv(1), b"")  # 64 are enough for one page
        for connection in idle:
            connection.close()
        wait_for(lambda: self.try_state(page))
        self.assertIn("error", page.state()["status"])  # no kwsd runs
        page.change("mute", 409, muted=True)
        self.assertIn("expected an address of this machine", self.refused("--uri", "tcp://0.0.0.0:0"))

    def raw(self, page, request):
        """The status of the answer to these bytes."""
        with socket.create_connection(("127.0.0.1", page.port), timeout=LIMIT) as connection:
            connection.sendall(request.encode())
            return int(connection.recv(4096)[9:12])

    @staticmethod
    def try_state(page):
        try:
            return page.state()
        except (ConnectionError, http.client.HTTPException):
            return None

    def refused(self, *arguments):
        ran = subprocess.run([*COMMAND, "web", *arguments], capture_output=True, text=True, timeout=LIMIT,
                             env=environment(SOURCE, XDG_DATA_HOME=self.folder))
        self.assertEqual(ran.returncode, 2, ran.stderr)
        return ran.stderr

    def events(self, page):
        """The stream of changes, as lines."""
        connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=LIMIT)
        connection.request("GET", "/api/events", headers={"Cookie": page.cookie})
        self.addCleanup(connection.close)
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.getheader("Content-Type")), (200, "text/event-stream"))
        self.addCleanup(answer.close)
        while line := answer.readline():
            if line.startswith(b"data: "):
                yield json.loads(line[6:])

    def test_scores_detections_and_clips_of_a_kwsd(self):
        kwsd = self.listen()
        page = self.page("--save-clips", self.clips)
        wait_for(lambda: page.state()["keywords"])
        events = self.events(page)
        sound, at = read_pcm(SOURCE / "tests" / "data" / "stop.wav"), 0
        highest, level, found = 0, -99, None
        until = time.monotonic() + LIMIT
        while not (found and highest > 0.3 and level > -60) and time.monotonic() < until:
            message = next(events)
            if scores := message.get("live", {}).get("scores"):  # each fifth of a second
                highest, level = max(highest, *scores), max(level, message["live"]["level"])
                kwsd.write(sound[at:at + 6400])
                at = (at + 6400) % len(sound)
            if message.get("kwsd", {}).get("event") == "detection":
                found = message["kwsd"]["keyword"]
        self.assertEqual(found, "stop")
        self.assertGreater(highest, 0.3)
        wait_for(lambda: page.state()["clips"])
        state = page.state()
        clip = state["detections"][0]["clip"]
        self.assertEqual((state["detections"][0]["keyword"], clip["word"], clip["mark"]), ("stop", "stop", "none"))
        self.assertEqual(page.get("sound/" + clip["id"])[:4], b"RIFF")
        page.change("mark", id=clip["id"], **{"as": "false_accept"})
        self.assertEqual(page.state()["clips"][0]["mark"], "false_accept")
        self.assertEqual(len(os.listdir(self.folder + "/share/kwsd/mistakes/not_stop")), 1)
        page.change("threshold", word="stop", value=0.25)
        thresholds = next(row for row in page.state()["keywords"] if row["keyword"] == "stop")["thresholds"]
        self.assertEqual(thresholds, {"full": 0.25, "half": 0.25, "quarter": 0.25})
        page.change("mute", muted=True)
        wait_for(lambda: page.state()["status"]["muted"])
        self.assertTrue(json.loads(page.get("curve/commands"))["points"])
        kwsd.stop()
        wait_for(lambda: "error" in page.state()["status"])

    def test_pages_that_leave_as_a_detection_comes(self):
        """kwsd web, held up in between, finds both at once: the message is sent, and the page is gone."""
        with socket.socket(socket.AF_UNIX) as control:
            control.bind(self.folder + "/control")
            control.listen()
            links = queue.SimpleQueue()
            answering = threading.Thread(target=self.answer_requests, args=(control, links))
            answering.start()
            self.addCleanup(answering.join)
            page = self.page()
            kwsd = links.get(timeout=LIMIT)
            for _ in range(20):
                with socket.create_connection(("127.0.0.1", page.port), timeout=LIMIT) as one:
                    one.sendall(f"GET /api/events HTTP/1.1\r\nHost: {page.host}\r\nCookie: {page.cookie}\r\n\r\n".encode())
                    self.assertIn(b" 200 OK", one.recv(4096))
                    page.process.send_signal(signal.SIGSTOP)
                    kwsd.sendall(b'{"event":"detection","keyword":"stop"}\n')
                page.process.send_signal(signal.SIGCONT)
                self.assertEqual(page.state()["status"], {"ok": True})
            self.assertEqual(len(page.state()["detections"]), 20)

    @staticmethod
    def answer_requests(control, links):
        """Of a kwsd, until kwsd web ends."""
        link, _ = control.accept()
        links.put(link)
        with link:
            while requests := link.recv(65536):
                link.sendall(b'{"ok":true}\n' * requests.count(b"\n"))

    def test_near_misses_are_heard_and_flagged(self):
        near = os.path.join(self.folder, "near")
        kwsd = self.listen("--save-near-misses", near)
        page = self.page("--save-clips", self.clips, "--save-near-misses", near)
        wait_for(lambda: page.state()["keywords"])
        self.assertTrue(page.state()["keeps_near_misses"])
        events = self.events(page)
        while "live" not in next(events):  # the page is open
            pass
        self.assertEqual(page.state()["near_misses"], [])
        page.change("threshold", word="stop", value=1)
        kwsd.write(read_pcm(SOURCE / "tests" / "data" / "stop.wav") + bytes(64000))
        while next(events) != {"changed": "sounds"}:
            pass
        wait_for(lambda: page.state()["near_misses"])
        state = page.state()
        self.assertEqual([(sound["word"], sound["mark"]) for sound in state["near_misses"]], [("stop", "none")])
        self.assertEqual((state["clips"], state["detections"]), ([], []))
        sound = state["near_misses"][0]["id"]
        wait_for(lambda: len(page.get("sound/" + sound)) >= 64000)
        page.change("remove", 400, id=sound)  # kwsd's
        page.change("mark", id=sound, **{"as": "missed"})
        self.assertEqual(page.state()["near_misses"][0]["mark"], "missed")
        self.assertEqual(len(os.listdir(self.folder + "/share/kwsd/mistakes/stop")), 1)  # enroll --mistakes reads it

    def test_thresholds_are_kept_where_kwsd_reads_them(self):
        config = pathlib.Path(self.folder, "config", "kwsd", "kwsd.toml")
        config.parent.mkdir(parents=True)
        config.write_bytes(b"\xef\xbb\xbf# mine\r\nthreshold = [\"go=0.7\"] # strict\r\n")
        kwsd = self.listen(XDG_CONFIG_HOME=config.parent.parent)
        page = self.page(XDG_CONFIG_HOME=config.parent.parent)
        wait_for(lambda: page.state()["keywords"])

        def in_force(word):
            return next(row for row in page.state()["keywords"] if row["keyword"] == word)["thresholds"]

        def refused(text):
            before = config.read_bytes()
            self.assertIn(text, page.change("keep", 400)["error"])
            self.assertEqual(config.read_bytes(), before)
        refused("no threshold was changed")
        page.change("threshold", word="stop", value=0.41)
        self.assertEqual(page.change("keep"), {"ok": True, "file": str(config), "kept": ["stop=0.41"], "left_out": []})
        kept = b"\xef\xbb\xbf# mine\r\nthreshold = [\"go=0.7\", \"stop=0.41\"] # strict\r\n"
        self.assertEqual(config.read_bytes(), kept)
        refused("no threshold was changed")
        page.change("model/add", name="jarvis")
        self.feed_until(kwsd, page, ["commands", "jarvis"])
        page.change("threshold", word="jarvis", value=0.3)
        refused("(not: jarvis)")  # its next start would find a threshold of an unknown word
        page.change("threshold", word="go", value=0.5)
        self.assertEqual(page.change("keep"), {"ok": True, "file": str(config), "kept": ["go=0.5"], "left_out": ["jarvis"]})
        self.ctl("threshold", "yes=0.5", "--branch", "half")
        refused("yes: found a threshold for one branch alone")
        kwsd.reload()
        self.feed_until(kwsd, page, ["commands"])
        self.assertEqual(in_force("stop"), {"full": 0.41, "half": 0.41, "quarter": 0.41})
        self.assertEqual(in_force("go"), {"full": 0.5, "half": 0.5, "quarter": 0.5})
        config.write_text("threshold = 7\n")
        page.change("threshold", word="stop", value=0.2)
        self.assertIn("kwsd.toml:1", page.change("keep", 503)["error"])
        self.assertEqual(config.read_text(), "threshold = 7\n")

    def ctl(self, *arguments):
        subprocess.run([*COMMAND, "ctl", "--control", self.folder + "/control", *arguments], check=True, timeout=LIMIT,
                       stdout=subprocess.DEVNULL, env=environment(SOURCE))

    def test_thresholds_that_kwsd_would_not_find_again(self):
        """It has other files than the page, as the service of the system; and no file can be written."""
        self.listen(KWSD_THRESHOLD="stop=0.6")
        config = pathlib.Path(self.folder, "own.toml")
        config.touch()
        page = self.page("--config", str(config))
        wait_for(lambda: page.state()["keywords"])
        page.change("threshold", word="stop", value=0.5)
        error = page.change("keep", 503)["error"]
        self.assertTrue(error.startswith(f"{config}: written, but "), error)
        self.assertTrue(error.endswith("which need stop=0.5"), error)
        self.assertEqual(config.read_text(), 'threshold = ["stop=0.5"]\n')
        page = self.page(KWSD_SYSTEM_CONFIG=self.folder + "/nosuch/kwsd.toml")  # /dev/null/kwsd/kwsd.toml is the user's own
        self.assertIn("/dev/null/kwsd/kwsd.toml: cannot be written: Not a directory", page.change("keep", 507)["error"])
        self.assertEqual(page.state()["keywords"][0]["thresholds"].keys(), {"full", "half", "quarter"})

    def test_from_nothing_to_a_deployed_word(self):
        """Recorded at this machine and in a browser, enrolled, trained by a stand-in, deployed."""
        if len(COMMAND) > 1:
            self.skipTest("an emulated kwsd cannot start another")
        trainer = os.path.join(self.folder, "train")
        pathlib.Path(trainer).write_text(TRAINER)
        os.chmod(trainer, stat.S_IRWXU)
        kwsd = self.listen()
        page = self.page("--train", trainer, KWSD_INPUT=self.quiet_word_first())
        page.change("enroll", 400, word="marmalade")  # no recordings
        answer, _ = page.ask("POST", "/api/take/sound", bytes(800), page.headers(Content_Type="application/octet-stream"))
        self.assertEqual(answer.status, 400)  # nobody records
        page.change("record", word="marmalade", count=3)
        lines = page.finished()
        self.assertIn('3/3  say "marmalade"', lines)
        self.assertIn("too quiet", " ".join(lines))
        dropped = page.state()["dropped"]
        self.assertEqual(page.get("sound/" + dropped[0]["id"])[:4], b"RIFF")
        page.change("remove", 400, id=dropped[0]["id"])
        wait_for(lambda: len(page.state()["recordings"]) == 3)
        self.record_in_browser(page, "marmalade", 2)
        self.assertEqual(page.state()["dropped"], [])
        recordings = page.state()["recordings"]
        self.assertEqual(len(recordings), 5)
        self.assertEqual(page.get("sound/" + recordings[0]["id"])[:4], b"RIFF")
        page.change("mark", id=recordings[0]["id"], **{"as": "missed"})
        page.change("remove", id=recordings[1]["id"])
        self.assertEqual(len(page.state()["recordings"]), 4)
        if os.environ.get("KWSD_TEST_SHORT"):
            page.change("train", word="marmalade")
            page.finished()
        else:
            page.change("enroll", word="marmalade", mistakes=True)
            lines = " ".join(page.finished())
            self.assertIn("thresholds", lines)
            self.assertRegex(lines, r"missed before: [01] of 1 right")  # the one that was marked
        state = page.state()
        self.assertEqual((state["own"], state["job"]["model"]), (["marmalade"], "marmalade"))
        page.change("model/add", name="marmalade")
        name = "jarvis" if os.environ.get("KWSD_TEST_SHORT") else "marmalade"  # inside the file
        self.feed_until(kwsd, page, ["commands", name])
        page.change("model/remove", name="marmalade")
        self.feed_until(kwsd, page, ["commands"])
        page.change("train", word="robot", quick=True, mistakes=True)
        lines = page.finished()
        self.assertIn("info: epoch 3/3: 3\t0.5\t83.00\t73.50\t70\t60\t1", lines)
        arguments = pathlib.Path(self.folder, "share/arguments").read_text().split("\n")
        self.assertEqual(arguments[:2], ["word", "robot"])
        self.assertIn("--quick", arguments)
        self.assertIn("--mistakes", arguments)
        self.assertEqual(page.state()["reports"][-1], "robot")
        answer, body = page.ask("GET", "/api/report/robot", headers={"Cookie": page.cookie})
        self.assertIn(b"<title>Report", body)
        self.assertTrue(answer.getheader("Content-Security-Policy").startswith("sandbox; default-src 'none'"))
        self.assertEqual(page.ask("GET", "/api/report/marmalade2", headers={"Cookie": page.cookie})[0].status, 404)
        page.change("model/add", name="robot")
        self.feed_until(kwsd, page, ["commands", "jarvis"])

    def quiet_word_first(self):
        """A recording: "stop" much too quiet, then the words of demo.wav."""
        quiet = array.array("h", read_pcm(SOURCE / "tests" / "data" / "stop.wav"))
        path = os.path.join(self.folder, "words.wav")
        with wave.open(path, "wb") as file:
            file.setparams((1, 2, 16000, 0, "NONE", ""))
            file.writeframes(array.array("h", [sample // 60 for sample in quiet]).tobytes() + bytes(16000) + read_pcm(DEMO))
        return path

    def feed_until(self, kwsd, page, models):
        """Sound, so that models take over."""
        silence = bytes(32000)

        def there():
            kwsd.write(silence)
            return page.state()["status"]["models"] == models
        wait_for(there)
        wait_for(lambda: kwsd.write(silence) or kwsd.out.until("reloaded", 0.2))

    def record_in_browser(self, page, word, count):
        sound = read_pcm(DEMO)
        page.change("take", word=word, count=count, rate=16000)
        for start in range(0, len(sound), 8000):
            answer, body = page.ask("POST", "/api/take/sound", sound[start:start + 8000],
                                    page.headers(Content_Type="application/octet-stream"))
            self.assertEqual(answer.status, 200, body)  # also after the last word: it may be on its way
        self.assertIn(f'{count}/{count}  say "{word}"', page.finished())

    def test_behind_nginx(self):
        """The lines of the manual; the page's name there is kwsd.example."""
        nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        if not nginx:
            self.skipTest("nginx is not installed")
        page = self.page("--host", "kwsd.example")
        manual = (SOURCE / "config/man/kwsd.1").read_text().replace("\\-", "-")
        lines = manual.split("location / {", 1)[1].split("}", 1)[0].replace("127.0.0.1:2780", page.host)
        front = self.folder + "/nginx"
        pathlib.Path(self.folder, "conf").write_text(
            f"daemon off; pid {self.folder}/pid; error_log {self.folder}/error; worker_processes 1; user root;\nevents {{}}\n"
            "http { access_log off;\n"
            + "".join(f"{kind}_temp_path {self.folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            + f"server {{ listen unix:{front}; location / {{" + lines + "} } }\n")
        proxy = subprocess.Popen([nginx, "-c", self.folder + "/conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(ended, proxy)
        self.addCleanup(proxy.terminate)

        def ask(target, **headers):
            with contextlib.closing(http.client.HTTPConnection("kwsd.example", timeout=LIMIT)) as connection:
                connection.sock = connect(front)
                connection.request("POST", "/api/" + target, "{}", page.headers(**headers))
                return connection.getresponse().status
        self.assertEqual(ask("stop", Origin="https://kwsd.example"), 200)
        self.assertEqual(ask("stop", Origin="https://evil.example"), 403)
        self.assertEqual(ask("stop", Origin="https://kwsd.example", Host="evil.example"), 421)

    def test_a_child_has_no_network_and_ends_when_it_is_stopped(self):
        if len(COMMAND) > 1:
            self.skipTest("an emulated kwsd cannot start another")
        trainer = os.path.join(self.folder, "train")
        pathlib.Path(trainer).write_text(f"""#!{sys.executable}
import socket, subprocess, sys, time
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK):
    try:
        socket.socket(family)
        print("socket", family, flush=True)
    except PermissionError:
        print("denied", flush=True)
socket.socket(socket.AF_UNIX)
print("local", flush=True)
import os
print("open", sorted(map(int, os.listdir("/proc/self/fd")))[:3], len(os.listdir("/proc/self/fd")), flush=True)
subprocess.Popen(["sleep", "1000"])
time.sleep(1000)
""")
        os.chmod(trainer, stat.S_IRWXU)
        page = self.page("--train", trainer)
        page.change("train", word="marmalade")
        wait_for(lambda: len(page.state()["job"]["lines"]) >= 5)
        self.assertEqual(page.state()["job"]["lines"], ["denied", "denied", "denied", "local", "open [0, 1, 2] 4"])
        page.change("record", 503, word="other", count=3)  # one at a time
        page.change("take", 503, word="other", count=3, rate=16000)
        page.change("stop")
        self.assertEqual(page.finished(128 + 15), page.state()["job"]["lines"])


if __name__ == "__main__":
    run_tests(at_once=2)
