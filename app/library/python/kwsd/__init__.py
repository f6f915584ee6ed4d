"""Spots keywords in streams of sound: Python over libkwsd.so.0, without a compiler.

    with kwsd.Spotter("commands") as spotter, spotter.stream() as stream:
        for word in stream.push(samples):        # 16 kHz mono: int16 or float32
            print(word.keyword, word.end)

Samples are bytes (int16, little-endian), an array.array ('h' or 'f'), a numpy array (int16 or float32, contiguous), or
another object with the buffer protocol and one of these two formats. A Spotter may be shared by threads; a Stream is
used by one thread at a time, and raises Busy otherwise.
"""
from __future__ import annotations

import ctypes
import os
import pathlib
from typing import Any, Iterable, Iterator, NamedTuple, Optional, Sequence, Union

__all__ = ["Spotter", "Stream", "Detection", "Error", "Busy", "Microphone", "SAMPLE_RATE", "version"]

SAMPLE_RATE = 16000
BRANCHES = ("full", "half", "quarter")
_most_found = 64


class Error(Exception):
    """What libkwsd says of a call that failed."""


class Busy(Error):
    """Another thread is using the stream."""


class Detection(NamedTuple):
    keyword: str
    score: float      #: 0 to 1
    threshold: float  #: that it passed
    start: float      #: of the word, about; seconds of the stream
    end: float
    branch: str       #: "full", "half" or "quarter"
    model: int        #: index of the model in the order of opening
    level: float      #: RMS of the word, dB of full scale
    snr: float        #: dB over the noise floor of the last 5 s


class _Detection(ctypes.Structure):
    _fields_ = [("keyword", ctypes.c_char_p), ("score", ctypes.c_float), ("threshold", ctypes.c_float),
                ("start", ctypes.c_double), ("end", ctypes.c_double), ("branch", ctypes.c_int),
                ("model", ctypes.c_int), ("level", ctypes.c_float), ("snr", ctypes.c_float),
                ("reserved", ctypes.c_double * 4)]


_here = pathlib.Path(__file__).parent


def _load() -> ctypes.CDLL:
    """The library: $KWSD_LIBRARY, libkwsd.so.0 beside this file (in a wheel), or as the dynamic linker finds it."""
    bundled = _here / "libkwsd.so.0"
    library = ctypes.CDLL(os.environ.get("KWSD_LIBRARY") or (str(bundled) if bundled.exists() else bundled.name))
    pointer, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    places = ctypes.POINTER(pointer)
    for name, result, arguments in (
            ("version", text, []), ("error", text, []),
            ("spotter_open", ctypes.c_int, [ctypes.POINTER(text), size, places]),
            ("spotter_open_bytes", ctypes.c_int, [ctypes.POINTER(text), ctypes.POINTER(size), size, places]),
            ("spotter_close", ctypes.c_int, [pointer]),
            ("spotter_keyword_count", ctypes.c_int, [pointer]),
            ("spotter_keyword", text, [pointer, size]),
            ("stream_open", ctypes.c_int, [pointer, places]),
            ("stream_close", ctypes.c_int, [pointer]),
            ("stream_push_int16", ctypes.c_int, [pointer, pointer, size, ctypes.POINTER(_Detection), size]),
            ("stream_push_float", ctypes.c_int, [pointer, pointer, size, ctypes.POINTER(_Detection), size]),
            ("stream_reset", ctypes.c_int, [pointer]),
            ("stream_set_threshold", ctypes.c_int, [pointer, text, ctypes.c_int, ctypes.c_float]),
            ("stream_threshold", ctypes.c_int, [pointer, text, ctypes.c_int, ctypes.POINTER(ctypes.c_float)]),
            ("stream_set_branch", ctypes.c_int, [pointer, ctypes.c_int]),
            ("stream_set_muted", ctypes.c_int, [pointer, ctypes.c_int])):
        function = getattr(library, "kwsd_" + name)
        function.restype = result
        function.argtypes = arguments
    return library


_library = _load()


def version() -> str:
    """Version of libkwsd."""
    return str(_library.kwsd_version().decode())


def _check(status: int) -> int:
    if status < 0:
        raise (Busy if status == -5 else Error)(_library.kwsd_error().decode(errors="replace"))
    return status


def _branch(branch: Optional[str]) -> int:
    if branch is not None and branch not in BRANCHES:
        raise ValueError(f"branch: found {branch!r}, expected 'full', 'half' or 'quarter'")
    return -1 if branch is None else BRANCHES.index(branch)


Model = Union[str, "os.PathLike[str]", bytes]


def _place(model: Union[str, "os.PathLike[str]"]) -> bytes:
    """The file of a model that a wheel brings along, or what was given."""
    bundled = _here / "models" / f"{os.fspath(model)}.kwsm"
    return os.fsencode(bundled if isinstance(model, str) and "/" not in model and bundled.exists() else model)


class Spotter:
    """Models, ready to run. Shared by any number of streams."""

    def __init__(self, models: Union[Model, Sequence[Model]] = "commands") -> None:
        """models: one or several; each a name ("commands"), a path, or the bytes of a model file. Raises Error."""
        self._handle = ctypes.c_void_p()
        given = [models] if isinstance(models, (str, bytes, os.PathLike)) else list(models)
        files = [model for model in given if isinstance(model, bytes)]
        if files and len(files) == len(given):
            sizes = (ctypes.c_size_t * len(files))(*[len(file) for file in files])
            data = (ctypes.c_char_p * len(files))(*files)
            _check(_library.kwsd_spotter_open_bytes(data, sizes, len(given), ctypes.byref(self._handle)))
        else:
            names = (ctypes.c_char_p * len(given))(*[model if isinstance(model, bytes) else _place(model) for model in given])
            _check(_library.kwsd_spotter_open(names, len(given), ctypes.byref(self._handle)))

    @property
    def keywords(self) -> list[str]:
        """Of all models, in their order."""
        count = _check(_library.kwsd_spotter_keyword_count(self._handle))
        return [_library.kwsd_spotter_keyword(self._handle, i).decode() for i in range(count)]

    def stream(self) -> "Stream":
        """A new stream; it goes on after the spotter is closed."""
        return Stream(self)

    def close(self) -> None:
        """May be called more than once."""
        handle, self._handle = self._handle, ctypes.c_void_p()
        if handle:
            _library.kwsd_spotter_close(handle)

    def __enter__(self) -> "Spotter":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.close()


class Stream:
    """One stream of sound, 16 kHz mono."""

    def __init__(self, spotter: Spotter) -> None:
        self._handle = ctypes.c_void_p()
        self._found = (_Detection * _most_found)()
        _check(_library.kwsd_stream_open(spotter._handle, ctypes.byref(self._handle)))

    def push(self, samples: Any) -> list[Detection]:
        """The samples that follow the last ones, any number; returns the words that they complete."""
        view = memoryview(samples)
        if not view.c_contiguous:
            raise ValueError("samples: expected contiguous memory")
        if view.format in ("B", "b", "c", "h", "<h"):
            if view.nbytes % 2 != 0:
                raise ValueError(f"samples: found {view.nbytes} bytes, expected an even number")
            push, count = _library.kwsd_stream_push_int16, view.nbytes // 2
        elif view.format in ("f", "<f"):
            push, count = _library.kwsd_stream_push_float, view.nbytes // 4
        else:
            raise TypeError(f"samples: found format {view.format!r}, expected int16 or float32")
        memory: Any = None
        if isinstance(samples, bytes):
            memory = samples
        elif view.readonly:
            memory = view.tobytes()
        elif count > 0:
            memory = ctypes.byref(ctypes.c_char.from_buffer(view))
        number = push(self._handle, memory, count, self._found, _most_found)
        if number == 0:
            return []
        return [Detection(f.keyword.decode(), f.score, f.threshold, f.start, f.end, BRANCHES[f.branch], f.model,
                          f.level, f.snr) for f in self._found[:_check(number)]]

    def detections(self, blocks: Iterable[Any]) -> Iterator[Detection]:
        """The words in blocks of samples, of a file for example; Microphone takes those of a sound card."""
        for block in blocks:
            yield from self.push(block)

    def reset(self) -> None:
        """Forgets the sound; the next sample is sample 0."""
        _check(_library.kwsd_stream_reset(self._handle))

    def set_threshold(self, threshold: float, keyword: Optional[str] = None, branch: Optional[str] = None) -> None:
        """0 to 1; of one keyword or all, in one branch or all."""
        name = None if keyword is None else keyword.encode()
        _check(_library.kwsd_stream_set_threshold(self._handle, name, _branch(branch), threshold))

    def threshold(self, keyword: str, branch: str = "full") -> float:
        value = ctypes.c_float()
        _check(_library.kwsd_stream_threshold(self._handle, keyword.encode(), _branch(branch), ctypes.byref(value)))
        return value.value

    def set_branch(self, branch: str) -> None:
        _check(_library.kwsd_stream_set_branch(self._handle, _branch(branch)))

    def set_muted(self, muted: bool) -> None:
        """While muted, samples pass, time goes on, and nothing is computed."""
        _check(_library.kwsd_stream_set_muted(self._handle, int(muted)))

    def close(self) -> None:
        """May be called more than once."""
        handle, self._handle = self._handle, ctypes.c_void_p()
        if handle:
            _library.kwsd_stream_close(handle)

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.close()


from .microphone import Microphone  # noqa: E402  (uses what stands above)
