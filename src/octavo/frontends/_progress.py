"""A bar for people who wait: documents, pages, files, problems, and when it will end. On stderr, and only where someone
looks."""

import math
import sys
import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from rich.progress import Progress

_READING: Final = 0.8  # share of a document's time that is reading; 54 of 232 s were writing (100 pages, all formats)
_TOO_EARLY: Final = 0.02  # of the work: sooner, an end cannot be told
_STEPS: Final = 1000  # of the bar


@dataclass(slots=True)
class _Work:
    """A document under way."""

    pages: int = 0
    read: int = 0
    files: int = 0
    written: int = 0

    @property
    def done(self) -> float:
        """0..1."""
        read = self.read / self.pages if self.pages else 0.0
        written = self.written / self.files if self.files else 0.0
        return _READING * read + (1 - _READING) * min(1.0, written)


class Bar:
    """The work done of all there is, by bytes of documents; silent where stderr is no terminal."""

    def __init__(self, sizes: Mapping[Hashable, float], *, quiet: bool) -> None:
        """`sizes`: bytes of each document; infinite where they are not known."""
        known = [size for size in sizes.values() if math.isfinite(size)]
        usual = max(1.0, sum(known) / len(known)) if known else 1.0
        self._sizes = {key: max(1.0, size) if math.isfinite(size) else usual for key, size in sizes.items()}
        self._total = sum(self._sizes.values())
        self._finished = 0
        self._ended = 0.0  # bytes of documents that have
        self._known = 0  # pages
        self._read = 0
        self._files = 0
        self._written = 0
        self._problems = 0
        self._under_way: dict[Hashable, _Work] = {}
        self._began = time.monotonic()
        self._progress = None if quiet or not sys.stderr.isatty() else _drawn_bar()

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def opened(self, document: Hashable, pages: int) -> None:
        """A document with so many pages has begun."""
        self._under_way[document] = _Work(pages)
        self._known += pages
        self._show()

    def page(self, document: Hashable, problems: int) -> None:
        """A page of it is read."""
        self._under_way[document].read += 1
        self._read += 1
        self._problems += problems
        self._show()

    def read(self, document: Hashable, files: int) -> None:
        """All its pages are; so many files will be written."""
        self._under_way[document].files = files
        self._files += files
        self._show()

    def wrote(self, document: Hashable) -> None:
        """A file of it is written."""
        self._under_way[document].written += 1
        self._written += 1
        self._show()

    def document(self, document: Hashable) -> None:
        """It has ended, well or not."""
        self._under_way.pop(document, None)
        self._finished += 1
        self._ended += self._sizes[document]
        self._show()

    def line(self, text: str) -> None:
        """A line on standard error, above the bar."""
        if self._progress is None:
            sys.stderr.write(f"{text}\n")
        else:
            self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def result(self, text: str) -> None:
        """Text for standard output; where that is the same terminal, it goes above the bar too."""
        if self._progress is None or not sys.stdout.isatty():
            sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
            sys.stdout.flush()
        else:
            self.line(text)

    @property
    def share(self) -> float:
        """Of all the work that is done, 0..1."""
        under_way = sum(self._sizes[key] * work.done for key, work in self._under_way.items())
        return (self._ended + under_way) / self._total

    def said(self) -> str:
        """How far it is, in words."""
        seconds = time.monotonic() - self._began
        words = [f"{self._read}/{self._known} pages read"]
        words += [f"{self._read / seconds:.1f}/s"] if self._read and seconds else []
        words += [f"{self._written}/{self._files} files written"] if self._files else []
        words += [f"{self._problems} problem{'' if self._problems == 1 else 's'}"] if self._problems else []
        return ", ".join(words)

    def left(self) -> str:
        """How long it will take, from how long it took so far; nothing while that says too little."""
        share = self.share
        if share < _TOO_EARLY or share >= 1:
            return ""
        seconds = (time.monotonic() - self._began) * (1 - share) / share
        return f"{timedelta(seconds=round(seconds))} left"

    def _show(self) -> None:
        if self._progress is None:
            return
        several = len(self._sizes) > 1
        documents = f"{self._finished}/{len(self._sizes)} documents" if several else "reading"
        (task,) = self._progress.task_ids
        self._progress.update(
            task, description=documents, completed=_STEPS * self.share, said=self.said(), end=self.left()
        )


def _drawn_bar() -> "Progress":
    """Its library is loaded here: a fifteenth of a start, for nothing where nobody looks."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[said]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[end]}"),
        console=Console(stderr=True),
        transient=True,
    )
    progress.add_task("starting", total=_STEPS, said="", end="")
    return progress
