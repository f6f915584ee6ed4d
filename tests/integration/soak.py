#!/usr/bin/env python3
"""What kwsd survives, by trying: a day of sound, kills, full disks, a clock that jumps, busy CPUs, bad readers.

usage: soak.py [--hours H] [--minutes M] [--only NAME] SOURCE_DIR KWSD     prints a table; ends with 1 where anything was lost

--hours: of sound in the day; --minutes: of clients that do anything at random.

Wants root for the disk that is full (a tmpfs of 64 KiB), and libfaketime for the clock; says so where it skips.
"""
import argparse
import contextlib
import os
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time

from daemon import Daemon, Lines, read_pcm
from environment import environment

WINDOW_STEP = 2 * 2048  # bytes: a recording of whole steps is heard the same each time
REALTIME_BLOCK = 640    # bytes: 20 ms
NAMES = ("kills", "full_disk", "clock", "busy", "readers", "clients", "day")


class Trials:
    def __init__(self, source, kwsd, hours, minutes):
        self.source, self.kwsd, self.hours, self.minutes = source, kwsd, hours, minutes
        pcm = read_pcm(source / "tests" / "data" / "demo.wav")
        self.demo = pcm + bytes(-len(pcm) % WINDOW_STEP)
        self.stop = read_pcm(source / "tests" / "data" / "stop.wav")

    def daemon(self, *arguments, **options):
        env = {"KWSD_BRANCH": None, **(options.pop("env", None) or {})}
        return Daemon([self.kwsd], self.source, "-i", "-", *arguments, env=env, **options)

    def memory_kib(self, kwsd):
        status = pathlib.Path(f"/proc/{kwsd.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def day(self):
        """Hours of the same recording: memory must stay, and each hour must find what the first one found."""
        repeats = 3600 * 32000 // len(self.demo)
        hour_seconds = repeats * len(self.demo) / 32000
        found = [[] for _ in range(self.hours)]
        start, memory = time.monotonic(), []

        def collect(kwsd):
            for event in kwsd.out.events(600):
                if event["event"] == "detection":
                    hour = min(int(event["end"] / hour_seconds), self.hours - 1)
                    found[hour].append((event["keyword"], round(event["end"] - hour * hour_seconds, 3)))

        with self.daemon() as kwsd:
            collector = threading.Thread(target=collect, args=(kwsd,))
            collector.start()
            for hour in range(self.hours):
                for _ in range(repeats):
                    kwsd.write(self.demo)
                memory.append(self.memory_kib(kwsd))
                print(f"  hour {hour + 1}: {memory[-1]} KiB, {time.monotonic() - start:.0f} s", file=sys.stderr)
            kwsd.end()
            collector.join()
        # The first words of the first hour have nothing before them; they are compared as well.
        lost = sum(hour != found[0] for hour in found)
        growth = memory[-1] - memory[0]
        remark = (f"{self.hours} h in {time.monotonic() - start:.0f} s; {len(found[0])} words each hour; "
                  f"memory {memory[0]} KiB after hour 1, {growth:+d} KiB at the end")
        return self.hours, lost + (abs(growth) > 1024), remark

    def kills(self):
        """SIGKILL at a random time, with a socket and clips; the next one must start and hear."""
        random.seed(1)
        tries, lost = 20, 0
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(tries):
                with self.daemon("--socket", folder + "/events", "--save-clips", folder + "/clips") as kwsd:
                    with contextlib.suppress(BrokenPipeError):
                        kwsd.write(self.stop)
                        heard = kwsd.out.until("detection", 30)
                        threading.Timer(random.uniform(0, 0.05), kwsd.process.kill).start()
                        while kwsd.process.poll() is None:
                            kwsd.write(self.stop)
                    lost += heard is None
            return tries, lost, "each started over the socket and the clips of the one before"

    def full_disk(self):
        """Standard output, the log, clips and the socket on a disk that is full."""
        lost = 0
        command = [self.kwsd, "run", "-i", str(self.source / "tests/data/stop.wav")]
        variables = environment(self.source, KWSD_BRANCH=None)
        with open("/dev/full", "wb") as full:
            result = subprocess.run(command, env=variables, stdout=full, stderr=subprocess.PIPE)
            lost += result.returncode != 74 or b"No space left" not in result.stderr
            result = subprocess.run(command, env=variables, stdout=subprocess.PIPE, stderr=full)
            lost += result.returncode != 0 or b'"stop"' not in result.stdout
        with tempfile.TemporaryDirectory() as folder:
            if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=40", "tmpfs", folder],
                              stderr=subprocess.DEVNULL).returncode:
                return 2, lost, "clips and socket skipped: no tmpfs without root"
            try:
                with self.daemon("--save-clips", folder) as kwsd:
                    kwsd.write(self.demo)
                    lost += kwsd.end() != 0
                    words = sum(e["event"] == "detection" for e in kwsd.out.events())
                    lost += words != 8 or "cannot be written" not in kwsd.log()
                with contextlib.suppress(OSError):
                    for n in range(40):
                        pathlib.Path(folder, str(n)).touch()
                with self.daemon("--socket", folder + "/events") as kwsd:
                    lost += kwsd.process.wait(30) != 69 or "No space left" not in kwsd.log()
            finally:
                subprocess.run(["umount", folder], check=True)
        return 4, lost, "output: exit code 74; socket: 69; log and clips: goes on, all 8 words"

    def clock(self):
        """The wall clock goes back by an hour between two words."""
        library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
        if not library:
            return 0, 0, "skipped: faketime is not installed"
        with tempfile.TemporaryDirectory() as folder:
            clock = pathlib.Path(folder, "clock")
            clock.write_text("+0")
            env = {"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
                   "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
            with self.daemon(env=env, watchdog_ms=2000) as kwsd:
                kwsd.write(self.stop)
                first = kwsd.out.until("detection", 30)
                clock.write_text("-3600")
                kwsd.write(self.stop)
                second = kwsd.out.until("detection", 30)
                fed = kwsd.told("WATCHDOG=1", 5)
                lost = not (first and second and second["end"] > first["end"] and second["time"] < first["time"] and fed)
                lost += kwsd.stop()[0] != 0
        return 1, int(lost), "both words, stream time goes on, the watchdog is fed"

    def play(self, kwsd, seconds, until=lambda: False):
        """The recording over and over, at its own pace."""
        due, at = time.monotonic(), 0
        end = due + seconds
        while time.monotonic() < end and not until():
            kwsd.write(self.demo[at:at + REALTIME_BLOCK])
            at = (at + REALTIME_BLOCK) % len(self.demo)
            due += REALTIME_BLOCK / 32000
            time.sleep(max(due - time.monotonic(), 0))

    def busy(self):
        """All CPUs taken by others: the governor goes thin, nothing is lost; afterwards it comes back."""
        states = []
        with self.daemon("--realtime", "--status-interval", "1") as kwsd:
            def collect():
                states.extend(kwsd.out.events(120))
            collector = threading.Thread(target=collect)
            collector.start()

            def branch():
                changes = [e["to"] for e in states if e["event"] == "branch_changed"]
                return changes[-1] if changes else "full"
            self.play(kwsd, 5)
            others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count())]
            self.play(kwsd, 20, lambda: branch() == "quarter")
            self.play(kwsd, 5)
            thin = branch()
            for other in others:
                other.kill()
                other.wait()
            self.play(kwsd, 60, lambda: branch() == "full")
            wide = branch()
            kwsd.end()
            collector.join()
        overruns = states[-1]["overruns"]
        remark = f"went to {thin}, came back to {wide}, {overruns} samples lost"
        return 1, int(thin != "quarter" or wide != "full" or overruns > 0), remark

    def readers(self):
        """10,000 connections that hang up at once, 30 readers that never read, while words are heard."""
        with tempfile.TemporaryDirectory() as folder, self.daemon("--socket", folder + "/events", "--status-interval", "0.01") as kwsd:
            kwsd.told("READY=1")

            def connect():
                made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                made.connect(folder + "/events")
                return made
            deaf = [connect() for _ in range(30)]
            words = []
            collector = threading.Thread(target=lambda: words.extend(e for e in kwsd.out.events(120) if e["event"] == "detection"))
            collector.start()
            before = self.memory_kib(kwsd)
            for _ in range(100):
                for _ in range(100):
                    connect().close()
                kwsd.write(self.demo)
            growth = self.memory_kib(kwsd) - before
            code = kwsd.end()
            collector.join()
            for reader in deaf:
                reader.close()
            lost = 800 - len(words) + (code != 0)
            return 10030, lost, f"{len(words)} of 800 words; memory {growth:+d} KiB (30 queues of 64 KiB among it)"


    def clients(self):
        """Clients of the socket that do at random what a client can, while one that behaves must get every word."""
        random.seed(2)
        with tempfile.TemporaryDirectory() as folder, self.daemon("--socket", folder + "/events", "--status-interval", "1") as kwsd:
            kwsd.told("READY=1")

            def connect(*_):
                made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                made.setblocking(False)
                made.connect(folder + "/events")
                clients.append(made)

            def leave(client):
                clients.remove(client)
                client.close()
            actions = (connect, connect, leave, lambda c: c.recv(random.randrange(1, 5000)),
                       lambda c: c.send(random.randbytes(random.randrange(1, 70000))),
                       lambda c: socket.send_fds(c, [b"x"], [0] * random.randrange(1, 100)),
                       lambda c: c.shutdown(random.choice((socket.SHUT_RD, socket.SHUT_WR, socket.SHUT_RDWR))),
                       lambda c: c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, random.randrange(0, 100000)))
            clients, heard, tries = [], {}, 0
            good = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            good.connect(folder + "/events")

            def listen(name, lines):
                heard[name] = sum(e["event"] == "detection" for e in lines.events(120))
            threads = [threading.Thread(target=listen, args=pair) for pair in (("output", kwsd.out), ("socket", Lines(good.fileno())))]
            for thread in threads:
                thread.start()
            before, end, words = self.memory_kib(kwsd), time.monotonic() + 60 * self.minutes, 0
            while time.monotonic() < end:
                kwsd.write(self.stop)
                words += 1
                for _ in range(300):
                    may = (connect,) if not clients else (leave,) if len(clients) > 400 else actions
                    with contextlib.suppress(OSError):
                        random.choice(may)(random.choice(clients) if clients else None)
                    tries += 1
            growth = self.memory_kib(kwsd) - before
            code = kwsd.end()
            for thread in threads:
                thread.join()
            for client in (good, *clients):
                client.close()
        lost = 2 * words - sum(heard.values()) + (code != 0)
        return tries, lost, f"{self.minutes:g} min; {heard['output']} and {heard['socket']} of {words} words; memory {growth:+d} KiB"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--only", choices=NAMES)
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("kwsd", type=pathlib.Path)
    options = parser.parse_args()
    trials = Trials(options.source.resolve(), str(options.kwsd.resolve()), options.hours, options.minutes)
    total = 0
    print("| fault | tries | losses | what was seen |\n|---|---|---|---|")
    for name in [options.only] if options.only else NAMES:
        tries, lost, remark = getattr(trials, name)()
        total += lost
        print(f"| {name.replace('_', ' ')} | {tries} | {lost} | {remark} |", flush=True)
    return int(total > 0)


if __name__ == "__main__":
    sys.exit(main())
