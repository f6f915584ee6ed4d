"""mosquitto for tests: a broker on a free port that can be killed, stopped and started again, and a subscriber."""
import contextlib
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from daemon import LIMIT, Lines, wait_for

BROKER = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")


def free_port():
    """Not one that the system gives to others of its own accord: a broker that restarts finds the port still free."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


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
                said = log.tell()
                self.process = subprocess.Popen([BROKER, "-c", str(self.dir / "conf")], stdout=log, stderr=log)
            try:
                wait_for(lambda: self.process.poll() is not None or self.answers(port, said))
            except TimeoutError:
                break
            if self.process.poll() is None:
                self.port = port
                return
        raise RuntimeError((self.dir / "log").read_text())

    def answers(self, port, said):
        """Whether it listens, and not another program that took the port: by its log from byte `said` on."""
        with socket.socket() as probe:
            probe.settimeout(LIMIT)
            return b" running" in (self.dir / "log").read_bytes()[said:] and probe.connect_ex(("127.0.0.1", port)) == 0

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait(LIMIT)

    def signal(self, which):
        self.process.send_signal(which)

    def publish(self, topic, payload, *options, lines=False):
        """With `lines`, each line of the payload is a message."""
        subprocess.run(["mosquitto_pub", "-V", "5", "-p", str(self.port), "-q", "1", "-t", topic, "-l" if lines else "-s", *options],
                       input=payload.encode(), check=True, timeout=LIMIT)


class Subscriber:
    """Messages of `topics` as (topic, payload, retained, seconds to expiry or None)."""

    def __init__(self, port, *topics, options=()):
        words = [word for topic in topics for word in ("-t", topic)]
        self.process = subprocess.Popen(["stdbuf", "-oL", "mosquitto_sub", "-V", "5", "-q", "1", "-p", str(port), "-d", *words, *options, "-F",
                                         r"message\t%r\t%E\t%t\t%p"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.lines = Lines(self.process.stdout.fileno())
        if not self.line(b"SUBACK", LIMIT):
            self.__exit__()
            raise RuntimeError("mosquitto_sub does not subscribe")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(LIMIT)
        self.process.stdout.close()

    def line(self, word, limit):
        """The next line with that word; None when the limit is over, however much mosquitto_sub says (it does: of pings)."""
        until = time.monotonic() + limit
        while line := self.lines.next(max(until - time.monotonic(), 0)):
            if word in line:
                return line
        return None

    def next(self, limit=LIMIT):
        if not (line := self.line(b"message\t", limit)):
            return None
        _, retained, expiry, topic, payload = line.decode().split("\t", 4)
        return topic, payload, retained == "1", int(expiry) if expiry else None

    def until(self, topic, payload=None, limit=LIMIT):
        """The next message with that end of its topic and, where it is given, that payload; None when the limit is over."""
        until = time.monotonic() + limit
        while message := self.next(max(until - time.monotonic(), 0)):
            if message[0].endswith(topic) and payload in (None, message[1]):
                return message
        return None
