#!/usr/bin/env python3
"""A fleet whose broker restarts: how fast the clients come back, and how many at once. Takes about 5 minutes of one core.

usage: fleet.py PROGRAM [CLIENTS [SPREAD_SECONDS]]     PROGRAM is kwsd_mqtt_fleet
"""
import json
import pathlib
import subprocess
import sys

from broker import Broker
from daemon import LIMIT, Lines

PROGRAM, CLIENTS, SPREAD = sys.argv[1], int((sys.argv + ["", "1000"])[2] or 1000), int(sys.argv[3] if len(sys.argv) > 3 else 120)


def main():
    with Broker("allow_anonymous true", "max_connections -1") as broker:
        fleet = subprocess.Popen([PROGRAM, str(CLIENTS), str(broker.port), str(SPREAD), "3600", "1"], stdout=subprocess.PIPE)
        first, storm = [], []
        lines = Lines(fleet.stdout.fileno())  # one a second
        while not first or first[-1]["connected"] < CLIENTS:
            first.append(json.loads(lines.next(LIMIT)))
        broker.kill()
        broker.start()
        while not storm or storm[-1]["connected"] < CLIENTS or sum(s["losses"] for s in storm) < CLIENTS:
            storm.append(json.loads(lines.next(LIMIT)))
        rss = next(line for line in pathlib.Path(f"/proc/{broker.process.pid}/status").read_text().splitlines() if "VmRSS" in line)
        fleet.kill()
        fleet.wait(LIMIT)
    for name, seconds in (("start", first), ("after a restart of the broker", storm)):
        print(f"{name}: {CLIENTS} clients in {len(seconds)} s, at most {max(s['connections'] for s in seconds)} connections in one second, "
              f"detections delivered {seconds[-1]['delivered']}, expired {seconds[-1]['expired']}")
    print(f"broker: {rss}")


if __name__ == "__main__":
    main()
