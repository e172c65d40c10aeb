"""A bar for people who wait: documents, pages, pages per second, problems. On stderr, and only where someone looks."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text


class Bar:
    """Pages done of those known so far; silent where stderr is no terminal."""

    def __init__(self, documents: int, *, quiet: bool) -> None:
        self._documents = documents
        self._finished = 0
        self._known = 0
        self._problems = 0
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("pages"),
            _Rate(),
            TextColumn("{task.fields[problems]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._progress.add_task("starting", total=None, problems="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def opened(self, pages: int) -> None:
        """A document with so many pages has begun."""
        self._known += pages
        self._show()

    def page(self, problems: int) -> None:
        """A page is done."""
        self._problems += problems
        self._progress.advance(self._task)
        self._show()

    def document(self) -> None:
        """A document has ended, well or not."""
        self._finished += 1
        self._show()

    def line(self, text: str) -> None:
        """A line on standard error, above the bar."""
        if self._progress.disable:
            sys.stderr.write(f"{text}\n")
        else:
            self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def result(self, text: str) -> None:
        """Text for standard output; where that is the same terminal, it goes above the bar too."""
        if self._progress.disable or not sys.stdout.isatty():
            sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
            sys.stdout.flush()
        else:
            self.line(text)

    def _show(self) -> None:
        documents = f"{self._finished}/{self._documents} documents" if self._documents > 1 else "reading"
        problems = f"{self._problems} problem{'' if self._problems == 1 else 's'}" if self._problems else ""
        self._progress.update(self._task, description=documents, total=self._known, problems=problems)


class _Rate(ProgressColumn):
    """Pages per second over the whole run: rich's own speed is that of the last half minute."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.completed / task.elapsed:.1f}/s" if task.completed and task.elapsed else "")
