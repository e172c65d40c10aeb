"""The program `tesseract`, as a process: strips of one line each in, words with their places out.

All strips of a call go through standard input as one TIFF of many pages, so that the language is loaded once for all
of them, and no file is written. A process gets one core, so much CPU time, and so much memory.
"""

import io
import os
import re
import resource
import shutil
import subprocess
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from octavo.errors import EngineFailed, EngineTimeout, EngineUnavailable, ResourcesExhausted
from octavo.frozen import frozen

_PATIENCE: Final = (
    10  # times its CPU time that a process may take by the clock: on a busy machine it waits for its turn
)
_MEMORY: Final = 2 << 30  # bytes of address space: the largest language, Cyrillic's script, takes 0.3 GB
_LIST_SECONDS: Final = 20.0  # CPU time to list languages, which takes 0.02 s
_LINE: Final = "13"  # `--psm`: a line as it is. Looked for within the strip (7), some Arabic lines come back empty
_SCRIPT: Final = "0"  # `--psm`: orientation and script, nothing read
_ROW: Final = re.compile(r"([1-5])\t(\d+)\t\d+\t\d+\t\d+\t\d+\t(\d+)\t\d+\t(\d+)\t\d+\t(-?[\d.]+)\t(.*)")
_DIRECTION_MARKS: Final = re.compile(
    "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)  # Tesseract puts some around words

Strip = NDArray[np.uint8]  # rows x columns, grey: one line of text


@frozen
class Run:
    """Characters that Tesseract took for one piece, and where they are on the strip."""

    text: str
    start: int  # column
    end: int
    confidence: float  # 0..1


@frozen
class ReadStrip:
    """What one strip says: words with spaces between them in the order they are read, from either side."""

    words: tuple[Run, ...] = ()

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def confidence(self) -> float:
        """Mean over the characters; 0 where there are none."""
        characters = sum(len(word.text) for word in self.words)
        return sum(word.confidence * len(word.text) for word in self.words) / characters if characters else 0.0


class Tesseract:
    """The program, found. Safe to call from several threads; every call is a process of its own."""

    def __init__(self, command: str, *, seconds: float) -> None:
        """`seconds`: CPU time that one call may take. Raises EngineUnavailable where there is no such program."""
        program = shutil.which(command)
        if program is None:
            raise EngineUnavailable(
                f"no program {command!r} here: install Tesseract (Debian: apt install tesseract-ocr)"
            )
        self._program = program
        self._seconds = seconds
        said = self._run(["--version"], b"", _LIST_SECONDS)
        self.version = said.split("\n", 1)[0].removeprefix("tesseract").strip()
        _, *codes = self._run(["--list-langs"], b"", _LIST_SECONDS).splitlines()
        self.codes = frozenset(code.strip() for code in codes if code.strip())

    @property
    def described(self) -> str:
        return f"Tesseract {self.version}"

    def read(self, strips: Sequence[Strip], code: str) -> list[ReadStrip]:
        """What the strips say in the language of this code. Raises EngineTimeout, EngineFailed, ResourcesExhausted."""
        if not strips:
            return []
        words = ["-l", code, "--psm", _LINE, "-c", "page_separator=", "tsv", "txt"]
        return read_strips(self._run(["stdin", "stdout", *words], _tiff(strips), self._seconds), len(strips))

    def script(self, strips: Sequence[Strip]) -> str | None:
        """The script that most of the strips are in, by its own detection; None where that sees none, or is missing."""
        if "osd" not in self.codes or not strips:
            return None
        words = ["stdin", "stdout", "--psm", _SCRIPT]
        try:
            said = self._run(words, _tiff([_below_each_other(strips)]), self._seconds)
        except EngineFailed:  # "Too few characters"
            return None
        found = re.search(r"^Script: (\w+)", said, re.MULTILINE)
        return found.group(1) if found else None

    def _run(self, arguments: Sequence[str], handed_in: bytes, seconds: float) -> str:
        """What it prints. Its environment has nothing of ours but the place of its data."""
        environment = {"OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8"}
        if data := os.environ.get("TESSDATA_PREFIX"):
            environment["TESSDATA_PREFIX"] = data
        try:
            process = subprocess.Popen(  # noqa: S603 - the program of the settings, and words of ours
                [self._program, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                cwd="/",
            )
        except OSError as error:
            raise ResourcesExhausted("Tesseract cannot be started: the machine has no room for a process") from error
        _limit(process.pid, seconds)
        try:
            printed, _ = process.communicate(handed_in, timeout=_PATIENCE * seconds)
        except subprocess.TimeoutExpired as error:
            raise EngineTimeout(f"Tesseract took more than {_PATIENCE * seconds:.0f} s") from error
        finally:
            process.kill()
            process.wait()
        if process.returncode == -_CPU_SPENT:
            raise EngineTimeout(f"Tesseract took more than {seconds:.0f} s of CPU")
        if process.returncode:
            raise EngineFailed(f"Tesseract ended with status {process.returncode}")
        return printed.decode("utf-8", "replace")


_CPU_SPENT: Final = 24  # SIGXCPU, which Windows does not name


def _limit(pid: int, seconds: float) -> None:
    """Hold a process to CPU time and memory. It is not held in the moment before, in which it has read nothing."""
    if hasattr(resource, "prlimit"):  # Linux; elsewhere the clock alone ends it
        whole = int(seconds) + 1
        try:
            resource.prlimit(pid, resource.RLIMIT_CPU, (whole, whole + 1))
            resource.prlimit(pid, resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        except ProcessLookupError:
            return  # it has ended


def _tiff(strips: Sequence[Strip]) -> bytes:
    """A page each, not packed: packing would take longer than reading it back."""
    from PIL import Image  # late: a start takes 20 ms less without it

    first, *others = (Image.fromarray(strip) for strip in strips)
    data = io.BytesIO()
    first.save(data, "TIFF", save_all=True, append_images=others)
    return data.getvalue()


def _below_each_other(strips: Sequence[Strip]) -> Strip:
    """The strips as one picture, with as much white between two as they are high."""
    width = max(strip.shape[1] for strip in strips)
    rows = [np.pad(strip, ((0, len(strip)), (0, width - strip.shape[1])), constant_values=255) for strip in strips]
    return np.concatenate(rows)


def read_strips(printed: str, count: int) -> list[ReadStrip]:
    """What was printed as `tsv` and `txt` for `count` pages: the first has the places, the second the spaces.

    Pieces are not words in every script: in Korean each syllable may be one, and only the text knows where words end.
    """
    runs: list[list[Run]] = [[] for _ in range(count)]
    texts = [""] * count
    page = -1
    for line in printed.split("\n"):
        if row := _ROW.fullmatch(line):
            level, number, left, width, confidence, text = row.groups()
            page = int(number) - 1
            if level == "5" and 0 <= page < count and (text := _DIRECTION_MARKS.sub("", text).strip()):
                sure = min(1.0, max(0.0, float(confidence) / 100))
                runs[page].append(Run(text, int(left), int(left) + int(width), sure))
        elif 0 <= page < count:
            texts[page] += " " + _DIRECTION_MARKS.sub("", line)
    return [ReadStrip(tuple(_words(pieces, text.split()))) for pieces, text in zip(runs, texts, strict=True)]


def _words(pieces: Sequence[Run], words: Sequence[str]) -> list[Run]:
    """The pieces put together to the words of the text; as they are where they do not spell it."""
    if "".join(piece.text for piece in pieces) != "".join(words):
        return list(pieces)
    found = []
    left = iter(pieces)
    for word in words:
        parts = [next(left)]
        while sum(len(part.text) for part in parts) < len(word):
            parts.append(next(left))
        if "".join(part.text for part in parts) != word:  # a space within a piece
            return list(pieces)
        found.append(_joined(parts))
    return found


def _joined(parts: Sequence[Run]) -> Run:
    text = "".join(part.text for part in parts)
    sure = sum(part.confidence * len(part.text) for part in parts) / len(text)
    return Run(text, min(part.start for part in parts), max(part.end for part in parts), sure)
