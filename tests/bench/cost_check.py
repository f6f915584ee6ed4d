#!/usr/bin/env python3
"""Counts instructions and modelled Cortex-A53 cycles of the kernels, and compares them with committed figures.

  cost_check.py --program cost_program --plugin libkwsd_a53_trace.so --figures figures.tsv [--update] [--split]
  cost_check.py --figures figures.tsv --table        the comparison with the published kernels, from the committed figures

Exit code 0: no figure rose by more than 2 %, and a second of audio costs what it may. 1: otherwise. 77: cannot be run here (says why).
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from a53_model import Core, decode  # noqa: E402

SKIPPED = 77
LIMIT = 1.02
# Million instructions a second, from samples to posteriors, by what the name of the row has.
MOST_PER_SECOND = (("streaming, narrow", 3.0), ("streaming, hop of 96 ms, full", 4.6), ("streaming, hop of 96 ms, half", 4.2),
                   ("streaming, hop of 96 ms, quarter", 4.0), ("", 6))
COMPARED = (("float32", "float32, XNNPACK"), ("dabnn", "daBNN-like"), ("bolt", "Bolt-like"), ("fbck", "FBCK"), ("a53", "`a53`"))
README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "neon", "README.md")
BEYOND_A53 = ["a76"]  # kernel sets that a Cortex-A53 cannot run: instructions alone are counted
EMULATOR = "qemu-aarch64"  # the dynamically linked one: static builds take no plugins


def skip(why):
    print("cost check skipped: " + why)
    sys.exit(SKIPPED)


class Trace:
    """What the plugin wrote: blocks of decoded instructions, and for each region the blocks that ran."""

    def __init__(self, lines):
        self.blocks = []  # (symbol, [Instruction])
        self.regions = []  # [[block number]]
        self.counts = []  # of a whole program: how often each block ran
        decoded = {}
        for line in lines:
            if line.startswith(" "):
                text = line.strip()
                if text not in decoded:
                    decoded[text] = decode(text)
                self.blocks[-1][1].append(decoded[text])
            elif line.startswith("block "):
                self.blocks.append((line.split(" ", 2)[2].strip(), []))
            elif line.startswith("region"):
                self.regions.append([])
            elif line.startswith("run"):
                if self.regions:
                    self.regions[-1] = [int(n) for n in line.split()[1:]]
            elif line.startswith("counts"):
                self.counts = [int(n) for n in line.split()[1:]]

    def cost(self, region):
        """(instructions, cycles, cycles by function) of one region."""
        core, by_symbol, count, before = Core(), Counter(), 0, 0
        for number in region:
            symbol, instructions = self.blocks[number]
            for i in instructions:
                core.issue(i)
            count += len(instructions)
            by_symbol[symbol] += core.cycle - before
            before = core.cycle
        return count, core.last, by_symbol


CORE = """processor\t: %d
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd03
CPU revision\t: 4

"""


def show_cortex_a53(folder):
    """What the files of a Raspberry Pi 3 say, in `folder`: qemu-user would show those of this machine."""
    for path, text in ("proc/cpuinfo", "".join(CORE % n for n in range(4))), \
            ("sys/devices/system/cpu/possible", "0-3\n"), ("sys/devices/system/cpu/present", "0-3\n"):
        os.makedirs(os.path.join(folder, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(folder, path), "w") as out:
            out.write(text)


def run(program, plugin, cpu, chosen):
    """Names of the regions that ran on `cpu` of qemu, and their trace."""
    emulator = shutil.which(EMULATOR)
    if emulator is None:
        skip("no %s (Debian package qemu-user)" % EMULATOR)
    for path in (program, plugin):
        if not os.path.exists(path):
            skip("%s was not built" % path)
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "trace")
        show_cortex_a53(folder)
        command = [emulator, "-cpu", cpu, "-L", folder, "-plugin", "%s,out=%s" % (plugin, out), program] + chosen
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if "plugin" in done.stderr and not os.path.exists(out):
            skip("this qemu takes no plugins: " + done.stderr.strip().splitlines()[0])
        if done.returncode != 0:
            sys.exit("%s failed (%d): %s" % (program, done.returncode, done.stderr.strip()))
        with open(out) as lines:
            return done.stdout.splitlines(), Trace(lines)


def measure(names, trace, split):
    figures = {}
    for name, region in zip(names, trace.regions):
        instructions, cycles, by_symbol = trace.cost(region)
        figures[name] = (instructions, cycles)
        if split:
            print("%-70s %9d instructions %9d cycles" % (name, instructions, cycles))
            for symbol, part in by_symbol.most_common(12 if split else 0):
                if part * 100 > cycles:
                    print("    %5.1f %%  %8d  %s" % (100 * part / cycles, part, symbol))
    return figures


def counted(program, plugin, cpu, chosen, split):
    names, trace = run(program, plugin, cpu, chosen)
    if len(names) != len(trace.regions):
        sys.exit("the program announced %d regions, the plugin saw %d" % (len(names), len(trace.regions)))
    return measure(names, trace, split)


def read_figures(path):
    figures = {}
    with open(path) as lines:
        for line in lines:
            if not line.startswith("#"):
                name, instructions, cycles = line.rstrip("\n").split("\t")
                figures[name] = tuple(None if figure == "-" else int(figure) for figure in (instructions, cycles))
    return figures


def write_figures(path, figures):
    with open(path, "w") as out:
        out.write("# kernel set, entry and shape\tinstructions (exact)\tCortex-A53 cycles (modelled)\n")
        for name, (instructions, cycles) in figures.items():
            out.write("\t".join([name] + ["-" if figure is None else str(figure) for figure in (instructions, cycles)]) + "\n")


def committed_float32(figures):
    """float32 needs XNNPACK for arm64, which the check's machine may lack: its figures are committed ones."""
    return {name: figure for name, figure in figures.items() if name.startswith("float32 ")}


def table(figures):
    """Cycles of the windows of all compared kernels: whole against whole, stream against stream; times are those of float32."""
    lines = ["| kernels | " + " | ".join("%s, %s" % (kind, branch) for kind in ("whole", "stream")
                                         for branch in ("full", "half", "quarter")) + " |", "|---" * 7 + "|"]
    for name, title in COMPARED:
        cells = []
        for kind in ("whole window", "window in a stream"):
            for branch in ("full", "half", "quarter"):
                cycles, slowest = (figures["%s %s, %s" % (of, kind, branch)][1] for of in (name, "float32"))
                cells.append("{:,}".format(cycles) + ("" if name == "float32" else " (%.1fx)" % (slowest / cycles)))
        lines.append("| %s | %s |" % (title, " | ".join(cells)))
    return "\n".join(lines) + "\n"


def compare(found, committed):
    worse = 0
    for name, (instructions, cycles) in found.items():
        if name not in committed:
            print("new, not in the committed figures: " + name)
            worse += 1
            continue
        for what, now, before in zip(("instructions", "cycles"), (instructions, cycles), committed[name]):
            if before is not None and now > before * LIMIT:
                worse += 1
                print("%s: %s rose from %d to %d (%+.1f %%)" % (name, what, before, now, 100 * (now / before - 1)))
    for name in committed.keys() - found.keys() - committed_float32(committed).keys():
        print("in the committed figures, not found: " + name)
        worse += 1
    return worse


def report_hops(found):
    """Prints the cost of a second of audio from the rows "SET hop of N ms, BRANCH: STAGE"; False if it is too high."""
    hops = {}
    for name, (instructions, cycles) in found.items():
        match = re.match(r"(.+ hop of (\d+) ms, .+): (\w+)$", name)
        if match:
            hops.setdefault((match[1], int(match[2])), []).append((match[3], instructions, cycles))
    within = True
    for (hop, ms), stages in hops.items():
        a_second = 1000 / ms / 1e6
        total = sum(instructions for _, instructions, _ in stages) * a_second
        most = next(most for part, most in MOST_PER_SECOND if part in hop)
        within = within and total <= most
        cycles = [cycles for _, _, cycles in stages]
        modelled = "" if None in cycles else " and %.2f M cycles" % (sum(cycles) * a_second)
        print("%s: %.2f M instructions%s a second of audio (at most %g M instructions)" % (hop, total, modelled, most))
        for stage, instructions, _ in stages:
            print("    %-12s %5.1f %%  %.3f M" % (stage, 100 * instructions * a_second / total, instructions * a_second))
    return within


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program")
    parser.add_argument("--plugin")
    parser.add_argument("--figures", required=True)
    parser.add_argument("--update", action="store_true", help="write the figures instead of comparing")
    parser.add_argument("--table", action="store_true", help="print the table of neon/README.md from the figures, and end")
    parser.add_argument("--split", action="store_true", help="print every figure, split by function")
    parser.add_argument("--windows", action="store_true", help="whole windows too (no comparison)")
    parser.add_argument("--only", metavar="TEXT", help="only regions with TEXT in their names (no comparison)")
    parser.add_argument("sets", nargs="*", help="only these kernel sets (no comparison)")
    arguments = parser.parse_args()
    if arguments.table:
        print(table(read_figures(arguments.figures)), end="")
        return 0
    if not arguments.program or not arguments.plugin:
        parser.error("--program and --plugin are needed but for --table")
    chosen = ["--windows"] if arguments.windows else []
    chosen += (["--only", arguments.only] if arguments.only else []) + arguments.sets
    found = counted(arguments.program, arguments.plugin, "cortex-a53", chosen, arguments.split)
    if not arguments.sets or set(arguments.sets) & set(BEYOND_A53):
        more = counted(arguments.program, arguments.plugin, "max", chosen if arguments.sets else chosen + BEYOND_A53, arguments.split)
        found.update((name, (instructions, None)) for name, (instructions, _) in more.items() if name not in found)
    within = report_hops(found)
    if arguments.update:
        write_figures(arguments.figures, {**committed_float32(read_figures(arguments.figures)), **found})
        return 0
    if chosen:
        return 0
    committed = read_figures(arguments.figures)
    worse = compare(found, committed)
    with open(README) as text:
        if table(committed) not in text.read():
            print("neon/README.md has another table than --table prints")
            worse += 1
    print("%d figures, %d rose by more than %.0f %% or changed name" % (len(found), worse, 100 * (LIMIT - 1)))
    return 0 if within and not worse else 1


if __name__ == "__main__":
    sys.exit(main())
