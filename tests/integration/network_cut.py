#!/usr/bin/env python3
"""kwsd mqtt and mosquitto in two network namespaces whose link goes down and up: no detection is lost, and availability is right.
Needs root and iproute2; takes 3 minutes, most of them waiting.

usage: network_cut.py SOURCE_DIR COMMAND...     COMMAND is kwsd
"""
import contextlib
import json
import os
import subprocess
import sys
import time

NAMES = [f"kwsd-{os.getpid()}-{end}" for end in ("broker", "client")]
ADDRESSES = ["10.77.0.1", "10.77.0.2"]

if __name__ == "__main__" and "KWSD_NAMESPACES" not in os.environ:  # first run: the namespaces, and this program in the broker's
    def ip(*words):
        subprocess.run(["ip", *words], check=True, timeout=60)

    with contextlib.ExitStack() as stack:
        for name in NAMES:
            ip("netns", "add", name)
            stack.callback(ip, "netns", "delete", name)
        ip("link", "add", "kwsd0", "netns", NAMES[0], "type", "veth", "peer", "name", "kwsd0", "netns", NAMES[1])
        for name, address in zip(NAMES, ADDRESSES):
            ip("-n", name, "address", "add", address + "/30", "dev", "kwsd0")
            for link in ("lo", "kwsd0"):
                ip("-n", name, "link", "set", link, "up")
        sys.exit(subprocess.run(["ip", "netns", "exec", NAMES[0], sys.executable, *sys.argv],
                                env={**os.environ, "KWSD_NAMESPACES": " ".join(NAMES)}, timeout=900).returncode)

import mqtt_test
from broker import Broker, Subscriber, free_port

NAMESPACES = os.environ.get("KWSD_NAMESPACES", "").split()


class Cut(mqtt_test.Mqtt):
    def client(self, uri, events, *options):
        mqtt_test.COMMAND[:] = ["ip", "netns", "exec", NAMESPACES[1], *sys.argv[2:]]
        return super().client(f"mqtt://{ADDRESSES[0]}:{self.port}", events, *options)

    def link(self, end, state):
        subprocess.run(["ip", "-n", NAMESPACES[end], "link", "set", "kwsd0", state], check=True, timeout=60)

    def cut(self, end, seconds, *options):
        """A detection before, five during and one after a cut; returns the availability that was seen from the cut on, and for how
        long detections came late."""
        self.port = free_port()
        broker = self.enter(Broker("allow_anonymous true", f"listener {self.port} {ADDRESSES[0]}"))
        kwsd, _, subscriber = self.started(broker, *options)
        watch = self.enter(Subscriber(broker.port, "kwsd/test/availability"))
        self.assertEqual(watch.next()[1], "online")
        kwsd.send(mqtt_test.detection(0))
        self.assertEqual(self.numbers(subscriber, 1), [0])
        self.link(end, "down")
        for number in range(1, 6):
            kwsd.send(mqtt_test.detection(number))
            time.sleep(seconds / 5)
        self.link(end, "up")
        start = time.monotonic()
        kwsd.send(mqtt_test.detection(6))
        found = []
        while not set(range(1, 7)) <= set(found):
            self.assertTrue(more := self.numbers(subscriber, 1, after=0), found)
            found += more
        late = time.monotonic() - start
        time.sleep(3)  # for what comes twice, and for the last state
        while message := subscriber.until("/detection", limit=0.1):
            found.append(json.loads(message[1])["seq"])
        states = []
        while message := watch.next(0.1):
            states.append(message[1])
        print(f"cut at the {('broker', 'client')[end]}'s end, {seconds} s, {' '.join(options) or 'defaults'}: detections {found}, the last "
              f"{late:.1f} s after the link was up; availability {states}", flush=True)
        self.assertEqual(sorted(set(found)), list(range(1, 7)))
        self.assertEqual(found, sorted(found))
        return states

    def test_cut_of_20_s_is_survived_by_the_connection(self):
        for end in (0, 1):
            self.assertEqual(self.cut(end, 20), [])

    def test_cut_that_is_longer_than_the_keepalive(self):
        for end in (0, 1):
            self.assertEqual(self.cut(end, 20, "--keepalive-seconds", "5"), ["offline", "online"])

    def test_cut_of_a_minute(self):
        self.assertEqual(self.cut(0, 59), ["offline", "online"])


if __name__ == "__main__":
    mqtt_test.run_tests(only="test_cut")
