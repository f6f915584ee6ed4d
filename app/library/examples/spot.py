#!/usr/bin/env python3
"""As spot.c, in Python: arecord -q -r 16000 -f S16_LE -t raw | ./spot.py"""
import sys

import kwsd

with kwsd.Spotter(sys.argv[1] if len(sys.argv) > 1 else "commands") as spotter, spotter.stream() as stream:
    for word in stream.detections(iter(lambda: sys.stdin.buffer.read(1024), b"")):
        print(f"{word.keyword} {word.start:.3f} {word.end:.3f} {word.score:.2f}", flush=True)
