"""One table from the measurements of leave-one-out.sh: leave_one_out.py RUNS, which holds without-COLLECTION.json; and
another where it holds two-stages-without-COLLECTION.json, too.

Writes RUNS/leave-one-out.json and prints Markdown: for each collection that a net was not trained on, the words that the
net misses at one threshold that keeps the false accepts on that collection within a rate. The collection with the most
misses is the worst: a threshold that has to hold anywhere is chosen there."""
import json
import pathlib
import sys

BRANCHES = ("full", "half", "quarter")
RATES = (0.5, 2)  # false accepts per hour


def rows_of(left, measured):
    """A row for each rate and branch: what is missed at the threshold that the left-out collection asks for."""
    snr = [w["condition"] for w in measured["words"]][:3]
    for point in measured["one_threshold"]:
        if point["per_hour"] not in RATES:
            continue
        for branch in BRANCHES:
            at = point["branches"][branch]
            yield {"left_out": left, "hours": at["worst_hours"], "per_hour": point["per_hour"], "branch": branch,
                   "threshold": at["threshold"], "false_accepts": at["worst_false_accepts"],
                   "false_accepts_per_hour": at["worst_per_hour"], "bounds_95_percent": at["worst_bounds_95_percent"],
                   "missed": dict(zip(snr, at["missed"]))}


def markdown(rows, conditions):
    out = "One threshold for all words.\n"
    for rate in RATES:
        part = [row for row in rows if row["per_hour"] == rate]
        names = list(part[0]["missed"]) if part else []
        out += f"\nAt most {rate:g} false accepts an hour there:\n\n| left out | hours | branch | threshold | an hour (95 % bounds) |"
        out += "".join(f" missed {name}, % |" for name in names) + "\n|---|---|---|---|---|" + "---|" * len(names) + "\n"
        for branch in BRANCHES:
            of_branch = [row for row in part if row["branch"] == branch]
            worst = max(of_branch, key=lambda row: row["missed"][names[0]], default=None)
            for row in of_branch:
                low, high = row["bounds_95_percent"]
                mark = " (worst)" if row is worst and len(of_branch) > 1 else ""
                out += f"| {row['left_out']}{mark} | {row['hours']:.2f} | {branch} | {row['threshold']:.2f} | " \
                       f"{row['false_accepts_per_hour']:.1f} ({low:.1f}..{high:.1f}) |"
                out += "".join(f" {100 * row['missed'][name]:.1f} |" for name in names) + "\n"
    if conditions:
        out += "\nFalse accepts an hour at the default threshold, by condition:\n\n| left out | condition | hours | full | half | quarter |\n" \
               "|---|---|---|---|---|---|\n"
        for row in conditions:
            rates = " | ".join(f"{row['branches'][branch]['per_hour']:.1f}" for branch in BRANCHES)
            out += f"| {row['collection']} | {row['condition']} | {row['hours']:.2f} | {rates} |\n"
    return out


def table(folder, prefix):
    """The rows, and their Markdown."""
    measured = {path.stem.removeprefix(prefix): json.loads(path.read_text()) for path in sorted(folder.glob(f"{prefix}*.json"))}
    rows = [row for left, one in measured.items() for row in rows_of(left, one)]
    conditions = [row for one in measured.values() for row in one["collections"]]
    return {"rows": rows, "measured": measured}, markdown(rows, conditions)


def main(folder):
    alone, text = table(folder, "without-")
    if not alone["measured"]:
        sys.exit(f"leave_one_out.py: {folder}: no file without-COLLECTION.json, expected the measurements of leave-one-out.sh")
    both, text_of_both = table(folder, "two-stages-without-")
    print(f"Each net was trained without the collection that it is measured on. {text}", end="")
    if both["measured"]:
        print(f"\nThe same nets with a second stage, which was trained without the collection, too. {text_of_both}", end="")
    (folder / "leave-one-out.json").write_text(json.dumps({**alone, "two_stages": both}, indent=1) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
