"""Words from a microphone, or from whatever else calls back with blocks of sound.

    with kwsd.Spotter("computer") as spotter, kwsd.Microphone(spotter.stream()) as words:
        for word in words:
            print(word.keyword)

The card is opened with sounddevice (Debian: python3-sounddevice), which is imported only then. Another source calls
Microphone.callback itself, and is given as `source`.
"""
from __future__ import annotations

import queue
from typing import Any, Callable, ContextManager, Iterator, Optional, Union

from . import SAMPLE_RATE, Detection, Error, Stream

__all__ = ["Microphone"]

#: Called with the Microphone; returns what is entered while it listens, and calls Microphone.callback from any thread.
Source = Callable[["Microphone"], ContextManager[Any]]


class Microphone(Iterator[Detection]):
    """Detections in the sound that a callback delivers: 16 kHz, mono, int16. Entered before it is iterated over.

    The callback copies a block into a queue and never waits. The thread that iterates recognizes; where it is late by
    more than `seconds`, blocks are dropped, counted in `lost`, and replaced by silence, so that times stay right.
    """

    def __init__(self, stream: Stream, device: Union[int, str, None] = None, block: int = 512, seconds: float = 10.0,
                 source: Optional[Source] = None) -> None:
        """stream: used by the thread that iterates. device: index or part of the name of an input; None: the default
        one. block: samples in a block, 1 or more. seconds: of sound that may wait, above 0."""
        if block < 1 or not seconds > 0:
            raise ValueError(f"block, seconds: found {block} and {seconds}, expected at least 1 and more than 0")
        self._stream = stream
        self._device = device
        self._block = block
        self._source = source or _sounddevice
        self._entered: Optional[ContextManager[Any]] = None
        self._blocks: "queue.SimpleQueue[Union[bytes, int, None]]" = queue.SimpleQueue()  # int: samples that are lost
        self._most_waiting = max(1, int(seconds * SAMPLE_RATE / block))
        self._gap = 0
        self._found: list[Detection] = []
        self._ended = False
        #: Samples that were dropped because the reader was late.
        self.lost = 0
        #: Blocks before which the sound card itself had lost sound.
        self.overflows = 0

    def callback(self, data: Any, frames: int, time: Any = None, status: Any = None) -> None:
        """As sounddevice calls it: `frames` samples of int16 in an object with the buffer protocol. Any one thread."""
        if getattr(status, "input_overflow", False):
            self.overflows += 1
        if self._blocks.qsize() >= self._most_waiting:
            self._gap += frames
            self.lost += frames
            return
        if self._gap:
            self._blocks.put(self._gap)
            self._gap = 0
        self._blocks.put(bytes(data))

    def end(self) -> None:
        """No more sound comes: iteration ends after what waits. Any thread."""
        self._blocks.put(None)

    def __next__(self) -> Detection:
        """Waits for the next word. StopIteration after the end of the sound."""
        while not self._found:
            block = None if self._ended else self._blocks.get()
            if block is None:
                self._ended = True
                raise StopIteration
            if isinstance(block, int):
                while block > 0:
                    samples = min(block, SAMPLE_RATE)
                    self._found += self._stream.push(bytes(2 * samples))
                    block -= samples
            else:
                self._found += self._stream.push(block)
        return self._found.pop(0)

    def __enter__(self) -> "Microphone":
        """Opens the source. Raises Error where sounddevice is missing, and what sounddevice raises."""
        self._entered = self._source(self)
        self._entered.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        """Closes the source; the stream stays open."""
        entered, self._entered = self._entered, None
        if entered is not None:
            entered.__exit__(*exception)
        self.end()


def _sounddevice(microphone: Microphone) -> ContextManager[Any]:
    try:
        import sounddevice  # type: ignore
    except (ImportError, OSError) as missing:  # OSError: no PortAudio
        raise Error(f"sounddevice: {missing}; expected the package python3-sounddevice") from missing
    opened: ContextManager[Any] = sounddevice.RawInputStream(
        samplerate=SAMPLE_RATE, blocksize=microphone._block, device=microphone._device, channels=1, dtype="int16",
        callback=microphone.callback, finished_callback=microphone.end)
    return opened
