#!/usr/bin/env python3
"""Many Wyoming streams in real time on one core: what is lost, wrong or late, and what a connection costs. Takes a minute, and most
of the other core.

usage: streams.py [--streams N] [--seconds S] SOURCE_DIR KWSD      ends with 1 where anything was lost or wrong
"""
import argparse
import json
import os
import pathlib
import resource
import select
import socket
import subprocess
import sys
import time

from daemon import connect, network_server, read_pcm
from environment import environment

CHUNK_SECONDS = 0.064
CHUNK_BYTES = 2048
FORMAT = {"rate": 16000, "width": 2, "channels": 1}


def message(kind, data, payload=b""):
    line = {"type": kind, "version": "1.9.0", "data": data, "payload_length": len(payload)}
    return json.dumps(line).encode() + b"\n" + payload


class Stream:
    def __init__(self, path):
        self.socket, self.start = connect(path), 0
        self.sent_at, self.backlog, self.received, self.found, self.delays = [], b"", b"", [], []

    def due(self):
        return self.start + CHUNK_SECONDS * (len(self.sent_at) + 1)

    def send(self, chunk):
        self.sent_at.append(time.monotonic())
        self.flush(chunk)

    def flush(self, more=b""):
        self.backlog += more
        try:
            self.backlog = self.backlog[self.socket.send(self.backlog, socket.MSG_DONTWAIT):]
        except BlockingIOError:
            pass  # the server is behind

    def receive(self):
        self.received += self.socket.recv(65536)
        while b"\n" in self.received:
            line, rest = self.received.split(b"\n", 1)
            header = json.loads(line)
            size = header.get("data_length", 0)
            if len(rest) < size:
                return
            self.received = rest[size:]
            if header["type"] == "detection":
                data = json.loads(rest[:size])
                self.found.append((data["name"], data["timestamp"]))
                self.delays.append(time.monotonic() - self.sent_at[min(int(data["timestamp"] / 1000 / CHUNK_SECONDS), len(self.sent_at) - 1)])


class Process:
    """Of a server: found by its socket's path on its command line."""

    def __init__(self, path):
        self.pid = next(int(folder.name) for folder in pathlib.Path("/proc").iterdir() if folder.name.isdigit()
                        and path.encode() in (folder / "cmdline").read_bytes())

    def memory(self):
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0])

    def seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def expected(command, source, pcm):
    """What `kwsd run` finds in that sound: (word, milliseconds)."""
    ran = subprocess.run([*command, "run", "-i", "-", "--branch", "full", "--no-wall-clock"], input=pcm, env=environment(source),
                         capture_output=True, check=True, timeout=600)
    events = [json.loads(line) for line in ran.stdout.splitlines()]
    return [(event["keyword"], round(1000 * event["end"])) for event in events if event["event"] == "detection"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("kwsd")
    options = parser.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    demo = read_pcm(options.source / "tests/data/demo.wav") + bytes(32000)
    count = int(options.seconds / CHUNK_SECONDS)
    pcm = (demo * (count * CHUNK_BYTES // len(demo) + 1))[:count * CHUNK_BYTES]
    wanted = expected([options.kwsd], options.source, pcm)
    chunks = [message("audio-chunk", FORMAT, pcm[at:at + CHUNK_BYTES]) for at in range(0, len(pcm), CHUNK_BYTES)]
    server = network_server(["taskset", "-c", "0", options.kwsd], options.source, "wyoming", "--max-connections", str(options.streams + 1))
    os.sched_setaffinity(0, os.sched_getaffinity(0) - {0} or {0})
    with server as path:
        process = Process(path)
        with connect(path) as first:  # so that what all share is there
            first.sendall(message("audio-start", FORMAT) + b"".join(chunks[:100]) + message("ping", {}))
            first.recv(1)
        memory, used = process.memory(), process.seconds()
        streams = [Stream(path) for _ in range(options.streams)]
        by_descriptor = {stream.socket.fileno(): stream for stream in streams}
        poll = select.epoll()
        for descriptor in by_descriptor:
            poll.register(descriptor, select.EPOLLIN)
        for stream in streams:  # kwsd accepts 100 a second
            stream.socket.sendall(message("audio-start", FORMAT) + message("ping", {}))
            stream.socket.recv(4096)
        for i, stream in enumerate(streams):
            stream.start = time.monotonic() + CHUNK_SECONDS * i / options.streams
        behind, used = 0.0, process.seconds()
        while any(len(stream.sent_at) < count or stream.backlog for stream in streams):
            now = time.monotonic()
            for stream in streams:
                if len(stream.sent_at) < count and stream.due() <= now:
                    behind = max(behind, now - stream.due())
                    stream.send(chunks[len(stream.sent_at)])
                elif stream.backlog:
                    stream.flush()
            for descriptor, _ in poll.poll(0.004):
                by_descriptor[descriptor].receive()
        for stream in streams:  # all of it has been recognized once the answer comes
            stream.socket.sendall(message("ping", {}))
        grown, cpu = process.memory() - memory, process.seconds() - used
        until = time.monotonic() + 60
        while any(len(stream.found) < len(wanted) for stream in streams) and time.monotonic() < until:
            for descriptor, _ in poll.poll(0.1):
                by_descriptor[descriptor].receive()
    lost = sum(len(set(wanted) - set(stream.found)) for stream in streams)
    wrong = sum(len(set(stream.found) - set(wanted)) for stream in streams)
    delays = sorted(delay for stream in streams for delay in stream.delays)
    print(f"{options.streams} streams of {options.seconds:g} s: {options.streams * len(wanted)} words, {lost} lost, {wrong} wrong; "
          f"{100 * cpu / options.seconds:.0f} % of one core; {grown / options.streams:.0f} KiB a connection; from the chunk with the end of a word to its "
          f"message {delays[len(delays) // 2]:.2f} s (median), {delays[int(0.99 * len(delays))]:.2f} s (99 %), {delays[-1]:.2f} s (most); "
          f"the client itself was up to {behind:.2f} s late")
    return 1 if lost or wrong or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
