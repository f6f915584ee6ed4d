#!/usr/bin/env python3
"""Linux Voice Assistant's own loader with kwsd's engine: lva_test.py SOURCE libkwsd.so LVA_CHECKOUT

Not part of ctest: the checkout (github.com/OHF-Voice/linux-voice-assistant) is somebody else's. Its engines and what it
needs of Home Assistant are stand-ins; of its own code, models.py and wake_word.py run as they are, with the changes that
kwsd/lva.py describes made in memory.
"""
import contextlib
import enum
import json
import os
import pathlib
import shutil
import sys
import tempfile
import types
import unittest

source, library, checkout = [pathlib.Path(argument).resolve() for argument in sys.argv[1:4]]
os.environ["KWSD_LIBRARY"] = str(library)
os.environ["KWSD_MODEL_DIR"] = str(source / "models")
sys.path.insert(0, str(source / "app/library/python"))
from kwsd import lva  # noqa: E402

for name, engine in (("pymicro_wakeword", "MicroWakeWord"), ("pyopen_wakeword", "OpenWakeWord")):
    sys.modules[name] = types.SimpleNamespace(**{engine: type(engine, (), {})})
package = types.ModuleType("linux_voice_assistant")  # its __init__ is not run
package.__path__ = [str(checkout / "linux_voice_assistant")]
sys.modules["linux_voice_assistant"] = package
from linux_voice_assistant import models, wake_word  # noqa: E402

demo = (source / "tests/data/demo.wav").read_bytes()[44:]


def patched():
    """The changes that kwsd/lva.py describes."""
    members = {member.name: member.value for member in models.WakeWordType}
    kinds = enum.Enum("WakeWordType", {**members, "KWSD": "kwsd"}, type=str)
    theirs = models.AvailableWakeWord.load

    def load(self):
        return lva.KwsdWakeWord.from_config(self.wake_word_path) if self.type == kinds.KWSD else theirs(self)
    models.WakeWordType = wake_word.WakeWordType = kinds
    models.AvailableWakeWord.load = load


@contextlib.contextmanager
def wake_words():
    """A folder as the package has it: the models that have a manifest."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for word in ("computer", "jarvis"):
            for suffix in (".json", ".kwsm"):
                shutil.copy(source / "models" / (word + suffix), folder)
        yield folder


class Loader(unittest.TestCase):
    def test_1_without_the_change_a_manifest_of_this_type_ends_it(self):
        with wake_words() as folder, self.assertRaises(ValueError):
            wake_word.find_available_wake_words([folder], "stop")

    def test_2_finds_loads_and_runs_the_wake_words(self):
        patched()
        with wake_words() as folder:
            (folder / "yes.json").write_text(json.dumps({"type": "kwsd", "wake_word": "yes", "model": "commands",
                                                         "kwsd": {"probability_cutoff": 0.5}}))
            available = wake_word.find_available_wake_words([folder], "stop")
            self.assertEqual(set(available), {"computer", "jarvis", "yes"})
            self.assertEqual({word: known.probability_cutoff for word, known in available.items()},
                             {word: json.loads((folder / f"{word}.json").read_text())["kwsd"]["probability_cutoff"]
                              for word in ("computer", "jarvis", "yes")})
            self.assertEqual(available["computer"].trained_languages, ["en"])
            loaded, active, fallback = wake_word.load_wake_models(available, ["yes", "computer"], "computer")
            self.assertEqual((set(loaded), active, fallback), ({"yes", "computer"}, {"yes", "computer"}, False))
            self.assertEqual(self.activations(loaded, available), ["yes"])
            loaded, active, fallback = wake_word.load_wake_models(available, [], "jarvis")
            self.assertEqual((set(loaded), active, fallback), ({"jarvis"}, {"jarvis"}, True))

    def activations(self, loaded, available):
        """As the loop in __main__.py goes over chunks of 1,024 samples."""
        found = []
        for at in range(0, len(demo), 2048):
            for engine in loaded.values():
                self.assertTrue(hasattr(engine, "id"))
                engine.probability_cutoff = available[engine.id].probability_cutoff
                if engine.process_streaming(demo[at:at + 2048]):
                    found.append(engine.wake_word)
        return found


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
