#!/usr/bin/env python3
"""Tables 1 to 3 of the article on BiFSMN, and its FLOPs column, on Speech Commands as it is downloaded.

Every network gets as many epochs of the same windows; all 1-bit D-FSMNs start from the full-precision one of their data
set, which teaches those that are distilled. Accuracy is that of the test split: the official balanced test set where it is
there, else the testing list with as many unknown words as the average keyword has, and as much silence (10 % each).
Run again, it goes on where it stood. Leaves paper.md, paper.json and the checkpoints in --out.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

TEN = "yes,no,up,down,left,right,on,off,stop,go"
PAPER = json.loads((pathlib.Path(__file__).parent / "paper.json").read_text())

# The paper's net: MFCC as they are, two convs with a stride of 2 each way, 8 steps; what all networks see.
FRONT_END = "--no-spectrum --convs 16x5/2x2,32x5/2x2"
NO_HED = "--hed 0 --distill 0"
HED = "--hed 0.01 --distill 0"

TABLE_1 = {
    "vanilla": f"--binary --binarizer straight-through --one-branch {NO_HED}",
    "distillation": f"--binary --binarizer straight-through --one-branch {HED} --plain-features",
    "HED": f"--binary --binarizer straight-through --one-branch {HED}",
    "TBA": f"--binary --binarizer straight-through {NO_HED}",
    "HED and TBA": f"--binary --binarizer straight-through {HED}",
}
TABLE_2 = {
    "vanilla": TABLE_1["vanilla"],
    "BNN": f"--binary --binarizer bnn --one-branch {NO_HED}",
    "DoReFa": f"--binary --binarizer dorefa --one-branch {NO_HED}",
    "XNOR": f"--binary --binarizer xnor --one-branch {NO_HED}",
    "Bi-Real": f"--binary --binarizer bi-real --one-branch {NO_HED}",
    "IR-Net": f"--binary --binarizer ir-net --one-branch {NO_HED}",
    "RAD": f"--binary --binarizer rad --one-branch {NO_HED}",
    "HED and TBA": TABLE_1["HED and TBA"],
    "BiFSMN_S": TABLE_1["HED and TBA"],
}
ARCHITECTURES = {"FSMN": "fsmn-2015", "VGG19": "vgg19", "BC-ResNet": "bc-resnet", "Audiomer": "audiomer"}
WIDTHS = {"fsmn-2015": 128, "vgg19": 64, "bc-resnet": 8, "audiomer": 4}


def table_3(options):
    rows = {}
    for name, architecture in ARCHITECTURES.items():
        if architecture not in options.architectures:
            continue
        base = f"--architecture {architecture} --width {options.widths[architecture]} {options.shape}"
        rows[name] = base
        rows[f"{name} XNOR"] = f"{base} --binary --binarizer xnor"
        rows[f"{name} IR-Net"] = f"{base} --binary --binarizer ir-net"
    return rows


def arguments():
    parser = argparse.ArgumentParser(prog="paper.sh", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path, metavar="DATA", help="the data set, or a folder that holds it")
    parser.add_argument("--epochs", type=int, default=60, help="of every network [%(default)s; the article: 300]")
    parser.add_argument("--seeds", type=int, default=3, help="of Tables 1 and 2 [%(default)s]; Table 3 has one")
    parser.add_argument("--tables", default="1,2,3", help="which [%(default)s]")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("paper"), help="folder to write to [%(default)s]")
    parser.add_argument("--threads", type=int, default=1, help="that compute [%(default)s]")
    parser.add_argument("--data-threads", type=int, default=1, help="that make batches [%(default)s]")
    parser.add_argument("--batch-size", type=int, default=64, help="windows per step [%(default)s]")
    parser.add_argument("--widths", type=widths, default=WIDTHS, metavar="NAME=N,...",
                        help="of the architectures, for a CPU [" + ",".join(f"{k}={v}" for k, v in WIDTHS.items()) + "]")
    parser.add_argument("--architectures", default=",".join(ARCHITECTURES.values()), metavar="NAME,...", help="of Table 3 [%(default)s]")
    parser.add_argument("--shape", default=FRONT_END, metavar="OPTIONS",
                        help="of every D-FSMN, options of kwsd-train train [%(default)s]")
    parser.add_argument("--train", default="", metavar="OPTIONS", help="more options for every training")
    options = parser.parse_args()
    options.tables, options.architectures = options.tables.split(","), options.architectures.split(",")
    if unknown := set(options.architectures) - set(ARCHITECTURES.values()):
        parser.error(f"--architectures: found {', '.join(sorted(unknown))}, expected some of {', '.join(ARCHITECTURES.values())}")
    if options.epochs < 1 or options.seeds < 1 or not set(options.tables) <= {"1", "2", "3"}:
        parser.error("expected at least one epoch and seed, and tables of 1,2,3")
    return options


def widths(text):
    try:
        given = {name: int(width) for name, width in (one.split("=") for one in text.split(","))}
    except ValueError:
        given = {"": 0}
    if not set(given) <= set(WIDTHS):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected NAME=N,... of {', '.join(WIDTHS)}")
    return WIDTHS | given


class DataSet:
    """One version of Speech Commands: its name in the tables, and the options that read it."""

    def __init__(self, folder, extra):
        version = re.search(r"v0\.0([12])", folder.name)
        self.name = f"V{version.group(1)}-12" if version else folder.resolve().name
        self.folder = folder
        self.test = self.official_test(version)
        self.options = ["--data", str(folder), "--keywords", TEN, "--balanced", *extra]
        if self.test:
            self.options += ["--test-data", str(self.test)]

    def official_test(self, version):
        """speech_commands_test_set_v0.0x beside it or in it; None: the testing list."""
        names = [f"speech_commands_test_set_v0.0{version.group(1)}"] if version else []
        for name in [*names, "speech_commands_test_set"]:
            for place in (self.folder.parent / name, self.folder / name):
                if (place / "_unknown_").is_dir() and (place / "_silence_").is_dir():
                    return place
        return None

    def protocol(self):
        return f"the official balanced test set ({self.test.name})" if self.test else \
            "the testing list, of unknown words as many clips as of the average keyword, and as much silence made from noise"


def is_layout(folder):
    return all((folder / word).is_dir() for word in TEN.split(","))


def data_sets(data, cache):
    candidates = [data, *sorted(path for path in data.glob("speech_commands*") if path.is_dir())] if data.is_dir() else []
    found = [path for path in candidates if is_layout(path) and not (path / "_unknown_").is_dir()]
    if not found:
        sys.exit(f"paper.sh: {data}: no folder with one folder for each of {TEN}, expected Speech Commands as it is downloaded")
    extra = ["--cache", str(cache)]
    if (data / "noise").is_dir():
        extra += ["--noise", str(data / "noise")]
    return [DataSet(folder, extra) for folder in found]


class Run:
    """One network to train and test: where its files are, and what is left of it."""

    def __init__(self, data_set, table, name, network, seed, options):
        self.data_set, self.table, self.name, self.seed, self.epochs = data_set, table, name, seed, options.epochs
        self.network = network.split()
        self.base = options.out / f"{data_set.name}-{options.epochs}-{re.sub('[^A-Za-z0-9]+', '-', name).lower()}-{seed}"

    @property
    def checkpoint(self):
        return self.base.with_name(self.base.name + ".pt")

    @property
    def result(self):
        return self.base.with_name(self.base.name + ".json")

    def done(self):
        """Epochs that are trained."""
        log = self.base.with_name(self.base.name + ".log")
        return max(0, len(log.read_text().splitlines()) - 1) if log.exists() and self.checkpoint.exists() else 0

    def left(self):
        return 0 if self.result.exists() else max(0, self.epochs - self.done())


def call(*command):
    try:
        result = subprocess.run([str(part) for part in command], stdout=subprocess.DEVNULL)
    except FileNotFoundError:
        sys.exit(f"paper.sh: {command[0]}: not found in PATH")
    if result.returncode != 0:
        sys.exit(f"paper.sh: {' '.join(map(str, command))}: exit code {result.returncode}")


class Driver:
    def __init__(self, options):
        self.options = options
        self.trained = 0  # epochs, since the start
        self.since = time.monotonic()
        self.common = ["--epochs", options.epochs, "--batch-size", options.batch_size, "--threads", options.threads,
                       "--data-threads", options.data_threads, "--unknown-share", 1, "--silence-share", 1,
                       "--neighbour-chance", 0, *options.train.split()]

    def plan(self, sets):
        o = self.options
        runs = []
        for data_set in sets:
            sizes = "--memory-size 32 --hidden-size 64" if "--memory-size" not in o.shape else ""
            teachers = {}
            if "1" in o.tables or "2" in o.tables:
                teachers["full precision"] = Run(data_set, "2", "full precision", f"{o.shape} --one-branch", 1, o)
            if "2" in o.tables:
                small = f"{o.shape} {sizes} --one-branch"
                teachers["full precision, BiFSMN_S"] = Run(data_set, "2", "full precision, BiFSMN_S", small, 1, o)
            runs += [(run, None) for run in teachers.values()]
            rows = {}
            rows |= {name: ("1", network) for name, network in TABLE_1.items()} if "1" in o.tables else {}
            rows |= {name: ("2", network) for name, network in TABLE_2.items() if name not in rows} if "2" in o.tables else {}
            for name, (table, network) in rows.items():
                teacher = teachers["full precision, BiFSMN_S" if name == "BiFSMN_S" else "full precision"]
                network = f"{o.shape} {network} {sizes if name == 'BiFSMN_S' else ''}"
                runs += [(Run(data_set, table, name, network, seed, o), teacher) for seed in range(1, o.seeds + 1)]
            if "3" in o.tables:
                runs += [(Run(data_set, "3", name, network, 1, o), None) for name, network in table_3(o).items()]
        return runs

    def clock(self, runs):
        left = sum(run.left() for run, _ in runs)
        if self.trained == 0:
            return f"{left} epochs left"
        seconds = (time.monotonic() - self.since) / self.trained * left
        return f"{left} epochs left, about {int(seconds // 3600)} h {int(seconds % 3600 // 60):02} min"

    def run(self, runs):
        for number, (run, teacher) in enumerate(runs):
            if run.result.exists():
                continue
            print(f"paper.sh: {number + 1} of {len(runs)}: {run.data_set.name}, {run.name}, seed {run.seed}; {self.clock(runs)}",
                  file=sys.stderr, flush=True)
            before = run.done()
            taught = ["--init", teacher.checkpoint] if teacher else ["--hed", 0]
            if teacher and "--hed 0 " not in " ".join(run.network) + " ":
                taught += ["--teacher", teacher.checkpoint]
            call("kwsd-train", "train", *run.data_set.options, *self.common, *run.network, *taught, "--seed", run.seed,
                 "--resume", "--out", run.checkpoint)
            self.trained += run.done() - before
            size = run.base.with_name(run.base.name + ".size")
            call("kwsd-train", "describe", "--checkpoint", run.checkpoint, "--json", size)
            call("kwsd-train", "test", *run.data_set.options, "--checkpoint", run.checkpoint, "--json", run.result)


def article(data_set):
    """The article's accuracies, of V1-12 where the data set is neither."""
    return PAPER["accuracy"].get(data_set, PAPER["accuracy"]["V1-12"])


def spread(values):
    if len(values) == 1:
        return f"{values[0]:.2f}"
    return f"{statistics.mean(values):.2f} ± {statistics.stdev(values):.2f}"


class Tables:
    """What the results say, as Markdown and JSON."""

    def __init__(self, sets, runs, options):
        self.sets, self.options = sets, options
        self.results = {}  # (data set, row) -> [result of each seed]
        self.sizes = {}
        for run, _ in runs:
            key = (run.data_set.name, run.name)
            self.results.setdefault(key, []).append(json.loads(run.result.read_text()))
            self.sizes[key] = json.loads(run.base.with_name(run.base.name + ".size").read_text())

    def accuracy(self, data_set, name, branch):
        results = self.results[(data_set, name)]
        return [r["accuracy"][branch] for r in results] if branch < len(results[0]["accuracy"]) else []

    def published(self, data_set, name):
        value = article(data_set).get(name)
        return "" if value is None else f"{value:.2f}"

    def row(self, data_set, name, reference):
        size = self.sizes[(data_set, name)]
        branches = [spread(values) if (values := self.accuracy(data_set, name, b)) else "" for b in range(3)]
        flops = size["branches"][0]["flops"]
        saved = self.sizes[reference]["branches"][0]["flops"] / flops if reference in self.sizes else None
        return [name, *branches, self.published(data_set, name), f"{size['parameters'] / 1e6:.3f}", f"{size['bytes'] / 1024:.0f}",
                f"{flops / 1e6:.3f}", f"{saved:.1f}" if saved else ""]

    HEAD = ["", "8 blocks, %", "4", "2", "article, %", "parameters, M", "KiB", "FLOPs, M", "fewer, times"]

    def rows(self, table, data_set):
        names = {"1": ["full precision", *TABLE_1], "2": ["full precision", *TABLE_2],
                 "3": ["full precision", *table_3(self.options)]}[table]
        out = []
        for name in names:
            if (data_set, name) not in self.results:
                continue
            reference = name.split(" ")[0] if name.split(" ")[0] in ARCHITECTURES else \
                "full precision, BiFSMN_S" if name == "BiFSMN_S" else "full precision"
            out.append(self.row(data_set, name, (data_set, reference)))
        return out

    def order(self, table, data_set):
        """Where the order of the rows is not the article's."""
        ours = {r[0]: statistics.mean(self.accuracy(data_set, r[0], 0)) for r in self.rows(table, data_set)}
        theirs = {name: article(data_set).get(name) for name in ours}
        known = [name for name in ours if theirs[name] is not None]
        apart = [f"{a} / {b}" for i, a in enumerate(known) for b in known[i + 1:]
                 if (ours[a] - ours[b]) * (theirs[a] - theirs[b]) < 0]
        if len(known) < 2:
            return "The article's figures for these rows were not at hand (paper.json): the order is not compared."
        return f"In another order than in the article: {', '.join(apart)}." if apart else "The order is the article's."

    def clips(self, data_set):
        return next(r[0]["clips"] for key, r in self.results.items() if key[0] == data_set)

    def markdown(self):
        o = self.options
        titles = {"1": "Table 1: distillation, HED, TBA", "2": "Table 2: binarizers", "3": "Table 3: architectures"}
        text = f"{o.epochs} epochs for every network, {o.seeds} seed{'s' if o.seeds > 1 else ''} (Table 3 and full precision: one), " \
               "mean and standard deviation. FLOPs: real multiply-adds, and 1-bit ones divided by 64.\n"
        for data_set in self.sets:
            clips = self.clips(data_set.name)
            text += f"\nTest of {data_set.name}: {data_set.protocol()}, {clips} clips; a run of 90 % has a standard error of " \
                    f"{100 * (0.09 / clips) ** 0.5:.1f} points.\n"
            for table in o.tables:
                text += f"\n### {titles[table]}, {data_set.name}\n\n| {' | '.join(self.HEAD)} |\n|{'---|' * len(self.HEAD)}\n"
                text += "".join(f"| {' | '.join(row)} |\n" for row in self.rows(table, data_set.name))
                text += f"\n{self.order(table, data_set.name)}\n"
        return text

    def json(self):
        o = self.options
        out = {"epochs": o.epochs, "seeds": o.seeds, "article": PAPER, "data_sets": {}}
        for data_set in self.sets:
            entry = {"protocol": data_set.protocol(), "clips": self.clips(data_set.name), "tables": {}}
            for table in o.tables:
                entry["tables"][table] = {
                    row[0]: {"accuracy": [r["accuracy"] for r in self.results[(data_set.name, row[0])]],
                             "article": article(data_set.name).get(row[0]),
                             "parameters": self.sizes[(data_set.name, row[0])]["parameters"],
                             "bytes": self.sizes[(data_set.name, row[0])]["bytes"],
                             "branches": self.sizes[(data_set.name, row[0])]["branches"]}
                    for row in self.rows(table, data_set.name)}
            out["data_sets"][data_set.name] = entry
        return json.dumps(out, indent=1) + "\n"


def main():
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sets = data_sets(options.data, options.out / "cache")
    if shutil.which("kwsd-train") is None:
        sys.exit("paper.sh: kwsd-train: not found in PATH")
    driver = Driver(options)
    runs = driver.plan(sets)
    driver.run(runs)
    tables = Tables(sets, runs, options)
    (options.out / "paper.json").write_text(tables.json())
    (options.out / "paper.md").write_text(tables.markdown())
    print(f"paper.sh: {options.out / 'paper.md'}", file=sys.stderr)


if __name__ == "__main__":
    main()
