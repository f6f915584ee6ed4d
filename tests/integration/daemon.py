"""A kwsd that runs while a test talks to it. Every wait is for a condition, with a limit that only a defect reaches."""
import concurrent.futures
import contextlib
import faulthandler
import json
import os
import pathlib
import queue
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import wave

from environment import WATCHDOG, environment

LIMIT = 180  # seconds; emulators and sanitizers are slow


def read_pcm(path):
    with wave.open(str(path), "rb") as file:
        return file.readframes(file.getnframes())


def wait_for(condition, limit=LIMIT):
    """Until it holds; the limit is one that only a defect reaches."""
    until = time.monotonic() + limit
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError("what was waited for did not come")
        time.sleep(0.02)


def connect(path):
    """A socket, each of whose waits has the limit, to the program that listens there, or soon will."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(LIMIT)
    wait_for(lambda: client.connect_ex(path) == 0)
    return client


def run_tests(at_once=1, only="", limit=WATCHDOG):
    """The main module's tests with `only` in their names, several at once where most of their time is waiting; then the program ends.
    After the limit it says where each thread stands."""
    faulthandler.dump_traceback_later(limit, exit=True)
    cases = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    tests = [test for case in cases for test in case if only in test.id()]
    start, whole = time.monotonic(), unittest.TestResult()
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for test, result in zip(tests, pool.map(lambda test: test.run(unittest.TestResult()), tests)):
            for kind, reports in (("FAIL", result.failures), ("ERROR", result.errors), ("skipped", result.skipped)):
                for _, report in reports:
                    print(f"{kind}: {test.id()}\n{report}", file=sys.stderr, flush=True)
            whole.failures += result.failures + result.errors
    print(f"{len(tests)} tests in {time.monotonic() - start:.1f} s, {len(whole.failures)} failed", file=sys.stderr)
    sys.exit(1 if whole.failures or not tests else 0)


def ended(process):
    """Its exit code. A process that does not end within the limit is killed."""
    try:
        return process.wait(LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(LIMIT)
        raise


@contextlib.contextmanager
def network_server(command, source, name, *options):
    """`kwsd NAME` in the full branch, whatever the load; the path of its socket. It must not end by itself, and ends well."""
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/socket"
        process = subprocess.Popen([*command, name, "--uri", "unix://" + path, "--branch", "full", *options],
                                   env=environment(source), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: os.path.exists(path) or process.poll() is not None)
        try:
            yield path
            assert process.poll() is None, process.returncode
        finally:
            process.terminate()
            code = ended(process)
        assert code == 0, code


class Lines:
    """Lines of a file descriptor, each with a time limit."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.buffer = b""

    def next(self, limit=LIMIT):
        """The next line; b"" at the end; None when the limit is over."""
        until = time.monotonic() + limit
        while b"\n" not in self.buffer:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.descriptor], [], [], left)[0]:
                return None
            got = os.read(self.descriptor, 65536)
            if not got:
                return b""
            self.buffer += got
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def events(self, limit=LIMIT):
        """Events up to the end, which is to come within the limit."""
        until = time.monotonic() + limit
        while True:
            line = self.next(max(until - time.monotonic(), 0))
            if line is None:
                raise TimeoutError("no event, and no end either")
            if not line:
                return
            yield json.loads(line)

    def until(self, kind, limit=LIMIT):
        """The next event of this kind; None when the limit is over."""
        until = time.monotonic() + limit
        while True:
            line = self.next(max(until - time.monotonic(), 0))
            if not line:
                return None
            event = json.loads(line)
            if event["event"] == kind:
                return event


class Daemon:
    """`kwsd run ARGUMENTS` in the full branch, whatever the load, with pipes for its input, events and log, and a service
    manager that listens."""

    def __init__(self, command, source, *arguments, env=None, watchdog_ms=None, preexec_fn=None, pass_fds=(), stdin=True):
        self.folder = tempfile.TemporaryDirectory()
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(self.path("notify"))
        variables = environment(source, **{"XDG_CONFIG_HOME": self.path("config"), "NOTIFY_SOCKET": self.path("notify"), **(env or {})})
        if watchdog_ms:
            variables["WATCHDOG_USEC"] = str(1000 * watchdog_ms)
        self.messages = queue.Queue()
        threading.Thread(target=self.listen_as_manager, daemon=True).start()
        self.log_file = open(self.path("log"), "wb+")
        self.process = subprocess.Popen([*command, "run", *map(str, arguments)], env=variables,
                                        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=self.log_file, preexec_fn=preexec_fn, pass_fds=pass_fds)
        self.out = Lines(self.process.stdout.fileno())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(LIMIT)
        self.manager.shutdown(socket.SHUT_RD)
        complaints = [line for line in self.log().splitlines() if "Sanitizer" in line]
        for file in (self.process.stdin, self.process.stdout, self.log_file, self.manager):
            with contextlib.suppress(BrokenPipeError, AttributeError):
                file.close()
        self.folder.cleanup()
        assert not complaints, complaints

    def listen_as_manager(self):
        with contextlib.suppress(OSError):
            while message := self.manager.recv(4096):
                self.messages.put(message.decode())

    def path(self, name):
        return str(pathlib.Path(self.folder.name) / name)

    def log(self):
        return pathlib.Path(self.path("log")).read_text()

    def write(self, data):
        """All of `data`; each piece within the limit."""
        left, pipe = memoryview(data), self.process.stdin.fileno()
        while left:
            if not select.select([], [pipe], [], LIMIT)[1]:
                raise TimeoutError("kwsd does not read its input")
            left = left[os.write(pipe, left[:select.PIPE_BUF]):]  # a pipe with room has room for so much

    def told(self, prefix, limit=LIMIT):
        """What the service manager is told next that begins so; None when the limit is over."""
        until = time.monotonic() + limit
        while True:
            try:
                message = self.messages.get(timeout=max(until - time.monotonic(), 0.001))
            except queue.Empty:
                return None
            if message.startswith(prefix):
                return message

    def logged(self, text, limit=LIMIT):
        """Whether the log says so within the limit."""
        until = time.monotonic() + limit
        while text not in self.log():
            if time.monotonic() > until or self.process.poll() is not None:
                return text in self.log()
            time.sleep(0.02)
        return True

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self):
        """SIGTERM; returns the exit code and the seconds that it took."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(LIMIT)
        return code, time.monotonic() - start

    def end(self):
        """End of input; returns the exit code."""
        self.process.stdin.close()
        return self.process.wait(LIMIT)
