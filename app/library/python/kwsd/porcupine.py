"""The calls of pvporcupine on kwsd: change `import pvporcupine` to `from kwsd import porcupine as pvporcupine`.

| pvporcupine | here |
|---|---|
| access_key | accepted, not used |
| keywords= "porcupine", "bumblebee", ... | keywords of the installed models ("computer", "jarvis", "stop", ...) |
| keyword_paths= .ppn files | .kwsm model files; each counts as one keyword, whichever of its words is found |
| sensitivities= 0 to 1, higher finds more | 1 - threshold; default: the thresholds of the model |
| library_path, model_path, device | accepted, not used |
| frame_length 512, sample_rate 16000 | the same |
| process(frame): list of 512 int16 | the same, or bytes, array or numpy array |
| one index a frame | the same; two words in a frame come one after the other |
| PorcupineError and its kinds | PorcupineError, PorcupineInvalidArgumentError, PorcupineIOError |
"""
from __future__ import annotations

import array
import os
from typing import Any, Optional, Sequence

from . import Error, SAMPLE_RATE, Spotter, version as _version

__all__ = ["create", "Porcupine", "PorcupineError", "PorcupineInvalidArgumentError", "PorcupineIOError", "KEYWORDS"]


class PorcupineError(Exception):
    pass


class PorcupineInvalidArgumentError(PorcupineError):
    pass


class PorcupineIOError(PorcupineError):
    pass


def _models() -> list[str]:
    folders = [os.environ.get("KWSD_MODEL_DIR", ""), "/usr/share/kwsd/models"]
    for folder in folders:
        if folder and os.path.isdir(folder):
            return sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".kwsm"))
    return []


def _keywords() -> dict[str, str]:
    """Keyword -> the model that has it; of several, the one with the fewest keywords."""
    found: dict[str, tuple[int, str]] = {}
    for model in _models():
        try:
            with Spotter(model) as spotter:
                words = spotter.keywords
        except Error:
            continue
        for word in words:
            if word not in found or len(words) < found[word][0]:
                found[word] = (len(words), model)
    return {word: model for word, (_, model) in found.items()}


def __getattr__(name: str) -> Any:
    if name == "KEYWORDS":
        return set(_keywords())
    raise AttributeError(name)


class Porcupine:
    frame_length = 512
    sample_rate = SAMPLE_RATE

    def __init__(self, models: Sequence[str], words: Sequence[Optional[str]],
                 sensitivities: Optional[Sequence[float]]) -> None:
        distinct = list(dict.fromkeys(models))
        self._index: dict[tuple[int, Optional[str]], int] = {}
        for i, (model, word) in enumerate(zip(models, words)):
            self._index.setdefault((distinct.index(model), word), i)
        try:
            with Spotter(distinct) as spotter:
                self._stream = spotter.stream()
        except Error as error:
            raise PorcupineIOError(str(error)) from error
        self._waiting: list[int] = []
        self._thresholds = None
        if sensitivities is not None:
            self._thresholds = [1 - s for s in sensitivities]
            self._stream.set_threshold(min(self._thresholds))
            for word, threshold in zip(words, self._thresholds):
                if word is not None:
                    self._stream.set_threshold(threshold, word)

    @property
    def version(self) -> str:
        return _version()

    def process(self, pcm: Sequence[int]) -> int:
        """512 samples; the index of the keyword that was found, or -1."""
        frame = pcm if isinstance(pcm, (bytes, bytearray, memoryview, array.array)) or hasattr(pcm, "dtype") \
            else array.array("h", pcm)
        count = len(frame) // 2 if isinstance(frame, (bytes, bytearray)) else len(frame)
        if count != self.frame_length:
            raise PorcupineInvalidArgumentError(f"frame: found {count} samples, expected {self.frame_length}")
        try:
            found = self._stream.push(frame)
        except (Error, TypeError, ValueError) as error:
            raise PorcupineInvalidArgumentError(str(error)) from error
        for word in found:
            index = self._index.get((word.model, word.keyword), self._index.get((word.model, None), -1))
            if index >= 0 and (self._thresholds is None or word.score >= self._thresholds[index]):
                self._waiting.append(index)
        return self._waiting.pop(0) if self._waiting else -1

    def reset(self) -> None:
        self._stream.reset()
        self._waiting.clear()

    def delete(self) -> None:
        self._stream.close()


def create(access_key: Optional[str] = None, library_path: Optional[str] = None, model_path: Optional[str] = None,
           device: Optional[str] = None, keyword_paths: Optional[Sequence[str]] = None,
           keywords: Optional[Sequence[str]] = None, sensitivities: Optional[Sequence[float]] = None) -> Porcupine:
    if keyword_paths is None and not keywords:
        raise PorcupineInvalidArgumentError("found neither keywords nor keyword_paths, expected one of them")
    words: list[Optional[str]]
    if keyword_paths is not None:
        models, words = list(keyword_paths), [None] * len(keyword_paths)
    else:
        known = _keywords()
        unknown = [word for word in keywords or [] if word not in known]
        if unknown:
            raise PorcupineInvalidArgumentError(f"keywords: found {unknown}, expected some of {sorted(known)}")
        words = list(keywords or [])
        models = [known[word] for word in keywords or []]
    if sensitivities is not None:
        if len(sensitivities) != len(words):
            raise PorcupineInvalidArgumentError(f"sensitivities: found {len(sensitivities)}, expected {len(words)}")
        if not all(0 <= s <= 1 for s in sensitivities):
            raise PorcupineInvalidArgumentError("sensitivities: expected values from 0 to 1")
    return Porcupine(models, words, sensitivities)
