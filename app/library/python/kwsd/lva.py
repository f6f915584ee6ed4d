"""A wake-word engine for Linux Voice Assistant, which loads its engines in its own process.

It wants an object with .id, .wake_word and process_streaming(16 kHz int16 mono, 1,024 samples), and a manifest, a JSON
file, for each model: {"type": "kwsd", "wake_word": "computer", "model": "computer.kwsm"}, the path being relative to
the manifest, or the name of an installed model.
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

    @classmethod
    def from_config(cls, config_path: Union[str, "pathlib.Path"]) -> "KwsdWakeWord":
        path = pathlib.Path(config_path)
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if config.get("type") != "kwsd":
            raise Error(f"{path}: found type {config.get('type')!r}, expected 'kwsd'")
        file = path.parent / config["model"]
        return cls(path.stem, config["wake_word"], str(file) if file.suffix == ".kwsm" else config["model"])

    def process_streaming(self, audio: bytes) -> bool:
        """Whether the wake word ended in these samples."""
        return any(word.keyword == self.wake_word for word in self._stream.push(audio))

    def reset(self) -> None:
        self._stream.reset()
