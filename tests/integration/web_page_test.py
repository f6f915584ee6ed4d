#!/usr/bin/env python3
"""The page of kwsd web in Chromium: a word from nothing to its deployment by keyboard alone, names and focus of every
element, a phone's width, and pictures that are compared roughly. Skips where Chromium is not installed.

usage: web_page_test.py SOURCE_DIR COMMAND...
       web_page_test.py --picture FILE.png SOURCE_DIR COMMAND...     README's picture: the page after some words
       web_page_test.py --cpu SECONDS SOURCE_DIR COMMAND...          what an open page costs
KWSD_UPDATE_SCREENS=1 writes the pictures to compare with again (tests/data/screens/web.txt).
"""
import contextlib
import os
import pathlib
import stat
import sys
import tempfile
import threading
import time
import unittest

from chromium import Browser, program
from daemon import LIMIT, Daemon, read_pcm, run_tests, wait_for
from picture import decode

OPTION = sys.argv.pop(1)[2:] if sys.argv[1].startswith("--") else None
VALUE = sys.argv.pop(1) if OPTION else None
SOURCE = pathlib.Path(sys.argv[1]).resolve()
COMMAND = sys.argv[2:]
DEMO = SOURCE / "tests" / "data" / "demo.wav"
SCREENS = SOURCE / "tests" / "data" / "screens" / "web.txt"
CELL = 20  # pixels


class Setting:
    """A kwsd that hears the words of demo.wav again and again at their own pace, and its page."""

    def __init__(self, stack, **variables):
        from web_test import TRAINER, Page
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        sounds = "--save-clips", folder + "/clips", "--save-near-misses", folder + "/near"
        files = {"XDG_CONFIG_HOME": folder + "/config", "KWSD_SYSTEM_CONFIG": folder + "/nosuch.toml"}
        trainer = folder + "/train"
        pathlib.Path(trainer).write_text(TRAINER)
        os.chmod(trainer, stat.S_IRWXU)
        self.kwsd = stack.enter_context(Daemon(COMMAND, SOURCE, "-i", "-", "--branch", "full", "--control", folder + "/control",
                                               *sounds, env={"XDG_DATA_HOME": folder + "/share", **files}))
        assert self.kwsd.told("READY=1"), self.kwsd.log()
        self.page = Page(folder, *sounds, "--train", trainer, **files, **variables)
        stack.callback(self.page.close)
        wait_for(lambda: self.page.state()["keywords"])
        self.pieces, self.ended = 0, threading.Event()

    def speak(self, stack):
        sound = read_pcm(DEMO)

        def feed():
            while not self.ended.wait(0.1):
                for start in range(0, len(sound), 3200):
                    if self.ended.wait(0.1):
                        return
                    self.kwsd.write(sound[start:start + 3200])
        thread = threading.Thread(target=feed)
        thread.start()
        stack.callback(thread.join)
        stack.callback(self.ended.set)


def cells(path):
    """The mean brightness of each cell, as a letter from a (black) to z (white)."""
    width, height, size, rows = decode(pathlib.Path(path).read_bytes())
    grey = [[sum(row[x:x + 3]) / 3 for x in range(0, size * width, size)] for row in rows]
    lines = []
    for y in range(0, height - CELL + 1, CELL):
        means = [sum(sum(row[x:x + CELL]) for row in grey[y:y + CELL]) / CELL ** 2 for x in range(0, width - CELL + 1, CELL)]
        lines.append("".join(chr(ord("a") + int(mean / 255 * 25.99)) for mean in means))
    return lines


class WebPage(unittest.TestCase):
    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)

    def start(self, *flags, **variables):
        setting = Setting(self.stack, **variables)
        browser = self.stack.enter_context(Browser(*flags))
        browser.open(setting.page.url)
        browser.wait("document.querySelectorAll('#keywords li').length > 0")
        return setting, browser

    def test_a_word_from_nothing_to_its_deployment_by_keyboard_alone(self):
        setting, browser = self.start(f"--use-file-for-fake-audio-capture={DEMO}")
        setting.speak(self.stack)
        browser.tab_to("Word or phrase")
        browser.type("marmalade")
        browser.tab_to("Recordings")
        browser.key("ArrowDown")  # four
        browser.tab_to("Microphone")
        browser.key("ArrowDown")  # the browser's
        browser.tab_to("Record")
        browser.key("Enter")
        browser.wait("document.querySelectorAll('#recordings li').length >= 4")
        browser.wait("!document.querySelector('#enroll').disabled")
        browser.tab_to("Enroll, in seconds")
        browser.key("Enter")
        browser.wait("!document.querySelector('#deploy').hidden", LIMIT)
        browser.tab_to('Listen for "marmalade"')
        browser.key("Enter")
        wait_for(lambda: "marmalade" in setting.page.state()["status"]["models"])
        browser.wait("document.querySelector('[aria-label=\"Threshold of marmalade\"]') !== null")

        threshold = browser.evaluate("Number(document.querySelector('[aria-label=\"Threshold of marmalade\"]').value)")
        browser.tab_to("Threshold of marmalade")
        browser.key("ArrowLeft")

        def lower():
            rows = setting.page.state()["keywords"]
            return abs(next(r for r in rows if r["keyword"] == "marmalade")["thresholds"]["full"] - threshold + 0.01) < 1e-6
        wait_for(lower)
        browser.tab_to("Threshold of stop")
        browser.key("ArrowLeft")
        browser.tab_to("Keep the thresholds")
        browser.key("Enter")
        browser.wait("document.querySelector('#kept').textContent.startsWith('Kept in ')")
        self.assertRegex(browser.evaluate("document.querySelector('#kept').textContent"),
                         r"^Kept in .*/config/kwsd/kwsd\.toml: stop=0\.\d+\. Without those of .* name: marmalade\.$")

        browser.tab_to("Short trial training")
        browser.key(" ")
        browser.tab_to("Train, in minutes")
        browser.key("Enter")
        browser.wait("/Training .* has ended/.test(document.querySelector('#prompt').textContent)")
        self.assertEqual(browser.evaluate("document.querySelectorAll('#training polyline').length"), 1)

        browser.wait("document.querySelectorAll('#clips li').length > 0")
        browser.tab_to("Play *")
        browser.key("Enter")
        browser.wait("document.querySelector('#player').duration > 0")
        browser.tab_to("False accept: *")
        browser.key(" ")
        wait_for(lambda: any(clip["mark"] == "false_accept" for clip in setting.page.state()["clips"]))

        setting.page.change("threshold", value=1)  # nothing is detected any more
        browser.wait("document.querySelectorAll('#near li').length > 0")
        browser.tab_to("Play nearly *")
        browser.key("Enter")
        browser.wait("document.querySelector('#player').duration > 0")
        browser.tab_to("That was the word: nearly *")
        browser.key(" ")
        wait_for(lambda: any(sound["mark"] == "missed" for sound in setting.page.state()["near_misses"]))
        self.assertEqual(browser.complaints(), [])

    def test_what_cannot_be_kept_is_one_line_until_it_can(self):
        setting, browser = self.start()
        browser.tab_to("Keep the thresholds")
        browser.key("Enter")
        browser.wait("document.querySelector('#notice').textContent === 'no threshold was changed'")
        setting.page.change("threshold", word="stop", value=0.41)
        browser.key("Enter")
        browser.wait("document.querySelector('#kept').textContent.endsWith('kwsd.toml: stop=0.41.')")
        self.assertTrue(browser.evaluate("document.querySelector('#notice').hidden"))
        browser.tab_to("Threshold of stop")
        browser.key("ArrowLeft")
        browser.wait("document.querySelector('#kept').textContent === ''")

    def test_every_element_has_a_name_and_shows_the_focus_and_nothing_is_wider_than_a_phone(self):
        setting, browser = self.start()
        setting.page.change("mute", muted=True)
        browser.wait("document.querySelector('#status').textContent.startsWith('Muted')")
        total = browser.evaluate("[...document.querySelectorAll('a, button, input, select, summary, pre')]"
                                 ".filter((e) => e.checkVisibility() && !e.disabled).length")
        names = []
        for _ in range(total):
            browser.key("Tab")
            names.append(browser.focused())
            self.assertNotEqual(browser.evaluate("getComputedStyle(document.activeElement).outlineStyle"), "none", names)
        self.assertNotIn("", names)
        self.assertEqual(len(set(names)), total, names)
        roles = [node["role"]["value"] for node in browser.call("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
        for role in ("banner", "main", "heading", "meter", "slider", "status", "list"):
            self.assertIn(role, roles)
        seen = {}
        for width, dark in ((1000, False), (360, False), (360, True)):
            browser.size(width, 700, dark)
            self.assertLessEqual(browser.evaluate("document.documentElement.scrollWidth"), width)
            path = os.path.join(self.stack.enter_context(tempfile.TemporaryDirectory()), "page.png")
            browser.wait("document.querySelector('#level-text').textContent !== ''")
            browser.screenshot(path, whole=False)
            seen[f"{width} {'dark' if dark else 'light'}"] = cells(path)
        self.compare(seen)
        self.assertEqual(browser.complaints(), [])

    def compare(self, seen):
        if os.environ.get("KWSD_UPDATE_SCREENS"):
            SCREENS.write_text("".join(f"{name}\n" + "\n".join(lines) + "\n\n" for name, lines in seen.items()))
        kept = {text.split("\n")[0]: text.split("\n")[1:] for text in SCREENS.read_text().strip().split("\n\n")}
        self.assertEqual(kept.keys(), seen.keys())
        for name, lines in seen.items():
            self.assertEqual([len(line) for line in lines], [len(line) for line in kept[name]], name)
            apart = [abs(ord(a) - ord(b)) for line, old in zip(lines, kept[name]) for a, b in zip(line, old)]
            self.assertLess(sum(apart) / len(apart), 1.5, (name, lines))  # fonts differ; a lost section or colour shows
            self.assertLess(sum(step > 8 for step in apart) / len(apart), 0.05, (name, lines))


def picture(path):
    with contextlib.ExitStack() as stack:
        setting = Setting(stack, KWSD_INPUT=DEMO)
        setting.speak(stack)
        setting.page.change("record", word="marmalade", count=4)
        setting.page.finished()
        browser = stack.enter_context(Browser())
        browser.size(900, 1060)
        browser.open(setting.page.url)
        browser.wait("document.querySelectorAll('#detections li').length >= 4")
        browser.evaluate("document.querySelector('#word').value = 'marmalade'")
        browser.screenshot(path, whole=False)


def tree(process):
    """A process and those that it started."""
    children = [int(name) for task in pathlib.Path(f"/proc/{process}/task").iterdir() for name in (task / "children").read_text().split()]
    return [process] + [one for child in children for one in tree(child)]


def cpu(seconds):
    def used(process):
        total = 0
        for one in tree(process):
            fields = pathlib.Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")
    with contextlib.ExitStack() as stack:
        setting = Setting(stack)
        setting.speak(stack)
        processes = {"kwsd run": setting.kwsd.process.pid, "kwsd web": setting.page.process.pid}
        browser = stack.enter_context(Browser())
        processes["Chromium"] = browser.process.pid
        for what in ("no page", "an open page", "the same, muted"):
            if what == "an open page":
                browser.open(setting.page.url)
                browser.wait("document.querySelectorAll('#keywords li').length > 0")
                time.sleep(3)
            elif what != "no page":
                setting.page.change("mute", muted=True)
                time.sleep(35)  # the strip of scores is empty then
            before = {name: used(process) for name, process in processes.items()}
            time.sleep(seconds)
            shares = {name: 100 * (used(process) - before[name]) / seconds for name, process in processes.items()}
            print(what, ", ".join(f"{name}: {share:.2f} % of a core" for name, share in shares.items()))


if __name__ == "__main__":
    if program() is None:
        print("skipped: Chromium is not installed")
        sys.exit(77)
    if OPTION == "picture":
        picture(VALUE)
    elif OPTION == "cpu":
        cpu(float(VALUE))
    else:
        run_tests()
