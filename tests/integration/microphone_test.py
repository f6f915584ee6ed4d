#!/usr/bin/env python3
"""kwsd on a microphone that comes and goes. Takes about half a minute: sound has its own pace.

usage: microphone_test.py [--rounds N] [--strict] SOURCE_DIR KWSD

--rounds N: unplugs and plugs in N times instead of once. --strict, on a machine that has time: back within 2 s,
ended within 1 s.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import time

import microphone
from daemon import Daemon

FIRST_SECONDS = 10.6  # of demo.wav: four words
# Where windows lie depends on when the microphone starts; dense ones find the same wherever that is.
OPTIONS = ["--branch", "full", "--hop-ms", "16"]


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def words_of(kwsd, path, seconds):
    """What a file run finds in the first seconds."""
    pcm = microphone.read_pcm(path)[:int(seconds * 32000)]
    result = subprocess.run([kwsd, "run", "-i", "-", *OPTIONS], input=pcm, capture_output=True, check=True)
    return [e["keyword"] for e in map(json.loads, result.stdout.splitlines()) if e["event"] == "detection"]


class Trial:
    """One kwsd on one microphone."""

    def __init__(self, kwsd, mic, data):
        self.kwsd, self.mic, self.data = kwsd, mic, data
        self.slowest_return = 0

    def hears(self, path, wanted, seconds=0):
        self.mic.play(path, seconds)
        for word in wanted:
            found = self.kwsd.out.until("detection", 20)
            check(found and found["keyword"] == word, f"found {found}, expected {word}")

    def hears_stop(self):
        self.hears(self.data / "stop.wav", ["stop"])

    def fails(self, fault, reason=""):
        fault()
        lost = self.kwsd.out.until("device_lost", 10)
        check(lost and reason in lost["reason"], f"found {lost}, expected a loss")
        check(self.kwsd.told("STATUS=waiting for", 5), "the service manager is not told")

    def returns(self, repair):
        repair()
        start = time.monotonic()
        check(self.kwsd.out.until("device_restored", 10), "the microphone is not found again:\n" + self.kwsd.log())
        self.slowest_return = max(self.slowest_return, time.monotonic() - start)
        check(self.kwsd.told("STATUS=listening to 'pimic'", 5), "the service manager is not told")
        self.hears_stop()

    def run(self, rounds, wanted):
        check(self.kwsd.told("STATUS=waiting for 'pimic'", 10), "does not wait for a microphone:\n" + self.kwsd.log())
        check(self.kwsd.told("WATCHDOG=1", 10), "the watchdog is not fed while there is no microphone")
        self.mic.start_server()
        check(self.kwsd.out.until("device_restored", 10), "the microphone is not found:\n" + self.kwsd.log())
        self.hears(self.data / "demo.wav", wanted, FIRST_SECONDS)
        for _ in range(rounds):
            self.fails(self.mic.unplug)
            self.returns(self.mic.plug)
        self.fails(self.mic.stall, "no sound arrives")
        self.returns(self.mic.go_on)
        self.fails(self.mic.crash)
        self.returns(self.mic.start_server)
        code, seconds = self.kwsd.stop()
        check(code == 0, f"ended with {code}")
        log = self.kwsd.log()
        check(log.count("waiting for it") == rounds + 3, f"expected one line for each loss:\n{log}")
        return seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("kwsd")
    options = parser.parse_args()
    if reason := microphone.missing():
        print(f"skipped: {reason}")
        return 77
    data = options.source / "tests" / "data"
    mic = microphone.Microphone()
    try:
        with Daemon([options.kwsd], options.source, "-i", "pimic", *OPTIONS, env=mic.environment,
                    watchdog_ms=2000, stdin=False) as kwsd:
            trial = Trial(kwsd, mic, data)
            seconds = trial.run(options.rounds, words_of(options.kwsd, data / "demo.wav", FIRST_SECONDS))
            print(f"{options.rounds} replugs, 1 stall, 1 crash of the sound server: all survived; "
                  f"back within {trial.slowest_return:.2f} s, ended within {seconds:.2f} s")
            check(not options.strict or (trial.slowest_return < 2 and seconds < 1), "too slow")
    finally:
        mic.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
