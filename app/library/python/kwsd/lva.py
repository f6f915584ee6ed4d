"""A wake-word engine for Linux Voice Assistant (LVA), which loads its engines in its own process.

LVA wants an object with .id, .wake_word and process_streaming(16 kHz int16 mono, any number of samples), and a manifest,
a JSON file, for each wake word in one of the folders given by --wake-word-dir; the name of the file is the id:

    {"type": "kwsd", "wake_word": "computer", "model": "computer.kwsm", "kwsd": {"probability_cutoff": 0.8}}

`model` is a file beside the manifest, or the name of an installed model. LVA shows probability_cutoff as the sensitivity
of the wake word. Package kwsd installs such manifests in /usr/share/kwsd/models.

LVA as it is (August 2026) knows two types of engines and ends at a manifest of a third. Three places need a change:

1. linux_voice_assistant/models.py, WakeWordType: one more member, KWSD = "kwsd".
2. The same file, AvailableWakeWord.load, before the error at its end: for WakeWordType.KWSD, import KwsdWakeWord from
   kwsd.lva and return KwsdWakeWord.from_config(self.wake_word_path).
3. linux_voice_assistant/__main__.py, the loop over the active wake words: after the branches for MicroWakeWord and
   OpenWakeWord, one for KwsdWakeWord that sets wake_word.probability_cutoff to the threshold, and `activated` to
   wake_word.process_streaming(audio_chunk). No features are computed for it.

tests/integration/lva_test.py makes these changes in memory to a checkout of LVA and runs its loader.
"""
from __future__ import annotations

import json
import pathlib
from typing import Any, Union

from . import Error, Spotter

__all__ = ["KwsdWakeWord"]


class KwsdWakeWord:
    def __init__(self, id: str, wake_word: str, model: Union[str, bytes]) -> None:
        """id: of the manifest; wake_word: a keyword of the model. Raises Error."""
        self.id = id
        self.wake_word = wake_word
        with Spotter(model) as spotter:
            if wake_word not in spotter.keywords:
                raise Error(f"{id}: found the wake word {wake_word!r}, expected one of {spotter.keywords}")
            self._stream = spotter.stream()
        self._cutoff = self._stream.threshold(wake_word)

    @classmethod
    def from_config(cls, config_path: Union[str, "pathlib.Path"]) -> "KwsdWakeWord":
        path = pathlib.Path(config_path)
        try:
            config: Any = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise Error(f"{path}: {error}") from error
        options = config.get("kwsd", {}) if isinstance(config, dict) else None
        if not isinstance(options, dict):
            raise Error(f"{path}: found no object, or 'kwsd' is none, expected a manifest")
        if config.get("type") != "kwsd":
            raise Error(f"{path}: found type {config.get('type')!r}, expected 'kwsd'")
        for field in ("wake_word", "model"):
            if not isinstance(config.get(field), str):
                raise Error(f"{path}: {field}: found {config.get(field)!r}, expected a text")
        file = path.parent / config["model"]
        engine = cls(path.stem, config["wake_word"], str(file) if file.suffix == ".kwsm" else config["model"])
        cutoff = options.get("probability_cutoff")
        if cutoff is not None:
            if not isinstance(cutoff, (int, float)):
                raise Error(f"{path}: probability_cutoff: found {cutoff!r}, expected a number")
            engine.probability_cutoff = cutoff
        return engine

    @property
    def probability_cutoff(self) -> float:
        """The threshold of the wake word, 0 to 1; at first the model's."""
        return self._cutoff

    @probability_cutoff.setter
    def probability_cutoff(self, cutoff: float) -> None:
        if cutoff != self._cutoff:
            self._stream.set_threshold(cutoff, self.wake_word)
            self._cutoff = cutoff

    def process_streaming(self, audio: bytes) -> bool:
        """Whether the wake word ended in these samples."""
        return any(word.keyword == self.wake_word for word in self._stream.push(audio))

    def reset(self) -> None:
        self._stream.reset()
