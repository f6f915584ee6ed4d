#!/usr/bin/env python3
"""What `kwsd enroll` with five recordings costs a Raspberry Pi 3: instructions, counted, and modelled cycles of its Cortex-A53.

  enroll_cost.py PLUGIN KWSD [ROOT]        libkwsd_a53_trace.so, and kwsd for arm64, with the system in the folder ROOT if its
                                           libraries are not those of this machine. Needs qemu-user, espeak-ng; 20 minutes

The emulator is slow: the program runs with a 64th, a 32nd and a 16th of the negatives, and what it costs with all of them is
the line through the first and the third; the second says how straight that line is.

A block of instructions costs what it takes when it follows itself; caches and branch prediction are perfect. One thread.
"""
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from a53_model import cycles_of  # noqa: E402
from cost_check import EMULATOR, Trace, show_cortex_a53  # noqa: E402

NEGATIVES = pathlib.Path(__file__).parents[2] / "models" / "negatives.kwsn"
HERTZ = 1.2e9  # Raspberry Pi 3
PARTS = (64, 32, 16)


def part_of(negatives, part):
    """Every `part`th run of a file of negatives (models/FORMAT.md), and its share of the frames."""
    payload, at = negatives[20:], 0

    def take(form):
        nonlocal at
        values = struct.unpack_from("<" + form, payload, at)
        at += struct.calcsize("<" + form)
        return values

    def text():
        nonlocal at
        length = take("I")[0]
        at += length

    coefficients = take("6I3f")[5]
    at += 8 * coefficients
    for _ in range(take("H")[0]):
        text(), text(), take("d")
    head, runs = payload[:at], []
    for _ in range(take("H")[0]):
        start = at
        take("BB"), text()
        frames = take("H")[0]
        runs.append((payload[start:at], frames))
    chosen, sound, total = [], [], 0
    for i, (row, frames) in enumerate(runs):
        if i % part == 0:
            chosen.append(row)
            sound.append(payload[at + total * coefficients:at + (total + frames) * coefficients])
        total += frames
    cut = head + struct.pack("<H", len(chosen)) + b"".join(chosen) + b"".join(sound)
    share = sum(map(len, sound)) / (total * coefficients)
    return negatives[:12] + struct.pack("<II", len(cut), zlib.crc32(cut)) + cut, share


def cost(plugin, root, command):
    """(instructions, cycles) of a whole run of a program."""
    with tempfile.TemporaryDirectory() as folder:
        show_cortex_a53(folder)
        for name in ("lib", "usr") if root else ():
            os.symlink(os.path.abspath(os.path.join(root, name)), os.path.join(folder, name))
        out = os.path.join(folder, "trace")
        subprocess.run([shutil.which(EMULATOR), "-cpu", "cortex-a53", "-L", folder, "-plugin", "%s,out=%s,whole=on" % (plugin, out),
                        *command], check=True, stdout=subprocess.DEVNULL)
        with open(out) as lines:
            trace = Trace(lines)
    instructions = cycles = 0
    for (_, block), count in zip(trace.blocks, trace.counts):
        if count:
            instructions += count * len(block)
            cycles += count * (cycles_of(block * 2) - cycles_of(block))
    return instructions, cycles


def main():
    plugin, kwsd, root = (*sys.argv[1:], None)[:3]
    negatives, seen = NEGATIVES.read_bytes(), []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(5):
            subprocess.run(["espeak-ng", "-v", "en-us+m3", "-s", str(140 + 15 * number), "-w", "%s/%d.wav" % (folder, number), "marmalade"],
                           check=True)
        for part in PARTS:
            cut, share = part_of(negatives, part)
            path = pathlib.Path(folder, "part.kwsn")
            path.write_bytes(cut)
            found = cost(plugin, root, [kwsd, "enroll", "marmalade", folder, "--base", str(NEGATIVES.parent / "base.kwsm"), "--negatives", str(path),
                                  "--threads", "1", "-o", folder + "/m.kwsm"])
            seen.append((share, *found))
            print("%.4f of the negatives: %.2f G instructions, %.2f G cycles" % (share, found[0] / 1e9, found[1] / 1e9), flush=True)
    (first, *low), (middle, *between), (last, *high) = seen

    def line(at, which):
        return low[which] + (high[which] - low[which]) * (at - first) / (last - first)

    print("the second lies %+.1f %% from the line" % (100 * (between[1] / line(middle, 1) - 1)))
    print("all negatives: %.1f G instructions, %.1f G cycles: %.1f s of one core at %.1f GHz" %
          (line(1, 0) / 1e9, line(1, 1) / 1e9, line(1, 1) / HERTZ, HERTZ / 1e9))


if __name__ == "__main__":
    main()
