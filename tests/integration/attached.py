#!/usr/bin/env python3
"""What clients cost `kwsd run`: instructions of each of its threads (callgrind), and the delay of its events, alone and with `kwsd ctl
subscribe`, `kwsd mqtt` (and mosquitto), `kwsd metrics`, `kwsd wyoming` and `kwsd ws` running. Takes three minutes; the instructions do
not depend on load, the delays do.

usage: attached.py [--seconds S] SOURCE_DIR KWSD
"""
import argparse
import contextlib
import pathlib
import re
import subprocess
import tempfile
import time

from broker import Broker, Subscriber
from daemon import LIMIT, Daemon, read_pcm, wait_for
from environment import environment

BLOCK_SECONDS = 0.02


class Trial:
    def __init__(self, options):
        self.kwsd, self.source = options.kwsd, options.source
        demo = read_pcm(self.source / "tests/data/demo.wav") + bytes(32000)
        size = int(options.seconds * 32000) // 640 * 640
        self.pcm = (demo * (size // len(demo) + 1))[:size]

    @contextlib.contextmanager
    def clients(self, folder):
        """All of them, connected."""
        events, control = folder + "/events", folder + "/control"
        with contextlib.ExitStack() as stack:
            def start(*words):
                process = subprocess.Popen([self.kwsd, *words], env=environment(self.source), stdout=subprocess.DEVNULL,
                                           stderr=subprocess.DEVNULL)
                stack.callback(process.wait, LIMIT)
                stack.callback(process.kill)
            broker = stack.enter_context(Broker())
            subscriber = stack.enter_context(Subscriber(broker.port, "kwsd/test/#"))
            start("ctl", "--control", control, "subscribe")
            start("mqtt", "--broker", f"mqtt://127.0.0.1:{broker.port}", "--events", events, "--control", control, "--id", "test")
            start("metrics", "--control", control, "--textfile", folder + "/metrics.prom", "--interval", "1")
            start("wyoming", "--uri", f"unix://{folder}/wyoming")
            start("ws", "--uri", f"unix://{folder}/ws")
            assert subscriber.until("availability", "online")
            wait_for(lambda: pathlib.Path(folder, "metrics.prom").exists())
            yield

    def run(self, command, attached):
        """The seconds from the block that ends a word to the event on standard output, for each word."""
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            sockets = ["--socket", folder + "/events", "--control", folder + "/control"]
            kwsd = stack.enter_context(Daemon([*command, self.kwsd], self.source, "-i", "-", "--branch", "full", "--status-interval", "5",
                                              *sockets))
            assert kwsd.told("READY=1"), kwsd.log()
            if attached:
                stack.enter_context(self.clients(folder))
            sent, delays, start = [], [], time.monotonic()
            for at in range(0, len(self.pcm), 640):
                wait = start + BLOCK_SECONDS * len(sent) - time.monotonic()
                event = kwsd.out.until("detection", max(wait, 0))
                if event:
                    delays.append(time.monotonic() - sent[min(int(event["end"] / BLOCK_SECONDS), len(sent) - 1)])
                time.sleep(max(start + BLOCK_SECONDS * len(sent) - time.monotonic(), 0))
                kwsd.write(self.pcm[at:at + 640])
                sent.append(time.monotonic())
            assert kwsd.end() == 0, kwsd.log()
            return sorted(delays)

    def instructions(self, attached):
        """Of each thread, in the order in which they started."""
        with tempfile.TemporaryDirectory() as folder:
            self.run(["valgrind", "-q", "--tool=callgrind", "--separate-threads=yes", f"--callgrind-out-file={folder}/out"], attached)
            files = sorted(pathlib.Path(folder).glob("out*-*"))
            return [int(re.search(r"^(?:totals|summary): (\d+)", file.read_text(), re.M)[1]) for file in files]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=36)
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("kwsd")
    trial = Trial(parser.parse_args())
    counts = []
    for attached in (False, True):
        name = "with all of them" if attached else "alone"
        delays = trial.run([], attached)
        print(f"{name}: {len(delays)} words; from the block that ends one to its event {delays[len(delays) // 2]:.3f} s (median), "
              f"{delays[-1]:.3f} s (most)", flush=True)
        counts.append(trial.instructions(attached))
        print(f"{name}: instructions of each thread {counts[-1]}", flush=True)
    ratios = [after / before for before, after in zip(*counts)]
    inference = max(range(1, len(ratios)), key=lambda thread: counts[0][thread])
    print(f"inference: {ratios[inference]:.4f} times as many; each thread {[round(ratio, 4) for ratio in ratios]}")


if __name__ == "__main__":
    main()
