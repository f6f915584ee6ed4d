#!/usr/bin/env python3
"""From nothing to a phrase of one's own: record -> train -> eval, run and live, with synthetic voices. The training is
so short (about 15 s of one core) that the model is poor; that it hears most of what new voices say is enough here.

usage: own_word_test.py KWSD KWSD_TRAIN [FOLDER]     with FOLDER everything is kept there
"""
import json
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import wave

from environment import LIMIT, environment

BASE = pathlib.Path(__file__).parents[2] / "models" / "base.pt"
WORD = "hey marmalade"
OTHERS = "banana,lemonade,hello,computer,parade,mama,seven,music,window,yellow"
SKIPPED = 77


def tool(*arguments, **options):
    variables = environment()
    result = subprocess.run(list(map(str, arguments)), capture_output=True, text=True, env=variables, timeout=LIMIT, **options)
    if result.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, arguments))}: exit code {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def people():
    """Voices of espeak-ng, each with a pitch of its own."""
    draw = random.Random(5)
    variants = [f"{accent}+{sex}{n}" for accent in ("en-us", "en-gb", "en-gb-scotland")
                for sex, count in (("m", 7), ("f", 4)) for n in range(1, count + 1)]
    draw.shuffle(variants)
    return [(voice, draw.randint(30, 70)) for voice in variants]


def say(folder, voice, pitch):
    """Somebody says the word three times, with pauses: what a microphone would record."""
    draw = random.Random(voice)
    samples, rate = [], 22050
    for speed in (135, 160, 190):
        file = folder / "word.wav"
        tool("espeak-ng", "-v", voice, "-p", pitch, "-s", speed, "-a", 60, "-w", file, WORD)
        with wave.open(str(file)) as clip:
            rate = clip.getframerate()
            spoken = struct.unpack(f"<{clip.getnframes()}h", clip.readframes(clip.getnframes()))
        samples += [draw.randint(-8, 8) for _ in range(rate)] + list(spoken)
    samples += [draw.randint(-8, 8) for _ in range(rate)]
    said = folder / "said.wav"
    with wave.open(str(said), "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", ""))
        out.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return said


def record(kwsd, folder, everybody, into):
    for number, (voice, pitch) in enumerate(everybody):
        tool(kwsd, "record", WORD, "--count", 3, "--dir", folder / into, "--speaker", f"{into}-{number}",
             "--from-file", say(folder, voice, pitch))


def train(trainer, folder):
    data = ("--data", folder / "recordings", "--data", folder / "others", "--keywords", WORD, "--cache", folder / "cache")
    tool(trainer, "train", *data, "--init", BASE, "--epochs", 8, "--batch-size", 32, "--stage-one", 0.3, "--average", 0.95,
         "--learning-rate", 0.004, "--room-chance", 0, "--spec-chance", 0.2, "--noise-chance", 0.4, "--threads", 1, "--data-threads", 1,
         "--out", folder / "own.pt")
    tool(trainer, "export", *data, "--checkpoint", folder / "own.pt", "--name", "own", "--out", folder / "own.kwsm")
    return folder / "own.kwsm"


def own_word(kwsd, trainer, folder):
    everybody = people()
    record(kwsd, folder, everybody[:25], "recordings")
    record(kwsd, folder, everybody[25:], "new")
    tool(trainer, "synth", "--words", OTHERS, "-o", folder / "others", "--speakers", 20, "--per-speaker", 1, "--seed", 2)
    tool(trainer, "synth", "--words", OTHERS, "-o", folder / "new", "--speakers", 3, "--per-speaker", 1, "--seed", 3)
    model = train(trainer, folder)
    stream = folder / "stream.wav"
    tool(kwsd, "mix", "--words", folder / "new", "-o", stream)
    report = json.loads(tool(kwsd, "eval", "--stream", stream, "--labels", folder / "stream.tsv", "-m", model, "--json",
                             "--plot", folder / "stream.svg"))
    heard = tool(kwsd, "run", "-m", model, "-i", stream, "--format", "text").splitlines()
    lines = tool(kwsd, "live", "-m", model, "-i", stream).splitlines()
    chosen = report["branches"]["full"]["chosen"]
    print(f"{chosen['hits']} of {report['keywords']} '{WORD}' by new voices heard, {chosen['false_accepts']} false accepts "
          f"among {report['other_words']} other words; model of {model.stat().st_size} bytes")
    assert chosen["hits"] >= 0.75 * report["keywords"], chosen
    assert chosen["false_accepts"] <= 0.2 * report["other_words"], chosen
    assert heard == [WORD] * (chosen["hits"] + chosen["false_accepts"]), heard
    assert lines[-1] == f"{len(heard)} detected", lines


def main():
    kwsd, trainer = sys.argv[1:3]
    if not shutil.which("espeak-ng"):
        print("skipped: espeak-ng is not installed")
        return SKIPPED
    with tempfile.TemporaryDirectory() as holder:
        folder = pathlib.Path(sys.argv[3] if len(sys.argv) > 3 else holder)
        folder.mkdir(parents=True, exist_ok=True)
        own_word(kwsd, trainer, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
