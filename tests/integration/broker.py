"""mosquitto for tests: a broker on a free port that can be killed, stopped and started again, and a subscriber."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

from daemon import LIMIT, Lines, wait_for

BROKER = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    """`lines`: further lines of its configuration; "{dir}" is its folder."""

    def __init__(self, *lines):
        self.folder = tempfile.TemporaryDirectory()
        self.dir = pathlib.Path(self.folder.name)
        self.dir.chmod(0o755)
        self.lines = lines or ("allow_anonymous true",)
        self.port = self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        self.folder.cleanup()

    def start(self):
        """Again on the same port, where there was one."""
        for _ in range(1 if self.port else 10):  # another program may take a port that was free
            port = self.port or free_port()
            text = "\n".join([f"listener {port} 127.0.0.1", "max_queued_messages 0", *self.lines]).replace("{dir}", str(self.dir))
            (self.dir / "conf").write_text(text + "\n")
            with open(self.dir / "log", "ab") as log:
                self.process = subprocess.Popen([BROKER, "-c", str(self.dir / "conf")], stdout=log, stderr=log)
            try:
                wait_for(lambda: self.process.poll() is not None or self.answers(port))
            except TimeoutError:
                break
            if self.process.poll() is None:
                self.port = port
                return
        raise RuntimeError((self.dir / "log").read_text())

    @staticmethod
    def answers(port):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()

    def signal(self, which):
        self.process.send_signal(which)

    def publish(self, topic, payload, *options):
        subprocess.run(["mosquitto_pub", "-V", "5", "-p", str(self.port), "-q", "1", "-t", topic, "-m", payload, *options], check=True,
                       timeout=LIMIT)


class Subscriber:
    """Messages of `topics` as (topic, payload, retained, seconds to expiry or None)."""

    def __init__(self, port, *topics, options=()):
        words = [word for topic in topics for word in ("-t", topic)]
        self.process = subprocess.Popen(["stdbuf", "-oL", "mosquitto_sub", "-V", "5", "-q", "1", "-p", str(port), "-d", *words, *options, "-F",
                                         r"message\t%r\t%E\t%t\t%p"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.lines = Lines(self.process.stdout.fileno())
        while line := self.lines.next():
            if b"SUBACK" in line:
                return
        raise RuntimeError("mosquitto_sub does not subscribe")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def next(self, limit=LIMIT):
        while line := self.lines.next(limit):
            if line.startswith(b"message\t"):
                _, retained, expiry, topic, payload = line.decode().split("\t", 4)
                return topic, payload, retained == "1", int(expiry) if expiry else None
        return None

    def until(self, topic, payload=None, limit=LIMIT):
        """The next message with that end of its topic and, where it is given, that payload."""
        while message := self.next(limit):
            if message[0].endswith(topic) and payload in (None, message[1]):
                return message
        return None

    def json(self, topic):
        return json.loads(self.until(topic)[1])
