"""What `octavo batch` says while it runs: a bar, a line now and then where nobody watches, events for machines."""

import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from octavo.corpus.batch import Share
from octavo.corpus.desk import Ended
from octavo.corpus.items import Item
from octavo.corpus.markers import SUCCESS
from octavo.frontends._exits import Exit
from octavo.jobs.receipt import dollars

_EVERY_SECONDS: Final = 30.0  # a line, where stderr is no terminal
_TOO_EARLY: Final = 0.01  # of the work: sooner, an end cannot be told
_SHOWN: Final = 20  # documents with a loss, at the end; the summary has all


class BatchReport:
    """Counts what is done, and says it."""

    def __init__(self, out: TextIO, *, as_json: bool, quiet: bool, price_per_hour: float | None) -> None:
        self._as_json = as_json
        self._quiet = quiet
        self._price = price_per_hour
        self._out = out
        self._began = time.monotonic()
        self._said_at = self._began
        self._share = Share(0, 0, 0, ())
        self._bytes = 0  # of all documents to read; each counts one more
        self._bytes_done = 0
        self._pages = 0
        self._lost = 0
        self._others = 0
        self.ended_as: Counter[str] = Counter()
        console = Console(stderr=True)
        self._watched = console.is_terminal and not quiet
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[said]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not self._watched,
        )
        self._task = self._progress.add_task("listing", total=1.0, said="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    # --- what the batch tells ------------------------------------------------------------------------------------

    def listed(self, share: Share) -> None:
        self._share = share
        self._bytes = sum(item.size + 1 for item in share.to_read)
        counts = {"documents": share.documents, "mine": share.mine, "done_before": share.done}
        self._event("listed", counts | {"to_read": len(share.to_read)})
        self._show()

    def begun(self, item: Item) -> None:
        self._event("begun", {"document": item.name})

    def page(self, item: Item) -> None:
        self._pages += 1
        self._show()

    def ended(self, ended: Ended) -> None:
        self.ended_as[ended.status] += 1
        self._bytes_done += ended.item.size + 1
        self._lost += sum(problem["severity"] == "lost" for problem in ended.problems)
        self._event("document", ended.said)
        if ended.error is not None:
            self._line(f"octavo: {ended.item.name}: {ended.error.message} [{ended.error.code}]")
        self._show()

    def by_others(self, item: Item) -> None:
        self._others += 1
        self._bytes_done += item.size + 1
        self._show()

    def note(self, text: str) -> None:
        self._line(f"octavo: {text}")

    # --- the end -------------------------------------------------------------------------------------------------

    def end(self, summary: Mapping[str, Any] | None) -> Exit:
        """How it went, of this run and, where all is done, of the whole corpus."""
        seconds = time.monotonic() - self._began
        run = {
            "documents_read": self.ended_as.total(),
            **{status: self.ended_as[status] for status in ("success", "partial", "failed")},
            "pages": self._pages,
            "done_before": self._share.done,
            "done_by_others": self._others,
            "seconds": round(seconds, 3),
            "usd": dollars(seconds, self._price),
        }
        self._event("end", {"run": run, "corpus": summary})
        if not self._as_json and not self._quiet:
            for line in self._words(run, summary):
                self._out.write(f"{line}\n")
        whole = summary is None or (summary["documents"] == summary["success"] and not summary["archives"])
        return Exit.SUCCESS if whole and self.ended_as.total() == self.ended_as[SUCCESS] else Exit.PARTIAL

    def _words(self, run: Mapping[str, Any], summary: Mapping[str, Any] | None) -> list[str]:
        rate = f" ({self._pages / run['seconds']:.1f}/s)" if run["seconds"] else ""
        time_taken = timedelta(seconds=round(run["seconds"]))
        cost = "" if run["usd"] is None else f", ${run['usd']:.2f}"
        lines = [f"{run['documents_read']} documents read, {self._pages} pages in {time_taken}{rate}{cost}"]
        lines += [f"{run['done_before']} were done before"] if run["done_before"] else []
        lines += [f"{self._others} were read by other machines meanwhile"] if self._others else []
        if summary is None:
            return [*lines, "the corpus is not done: some documents are another run's"]
        counted = ", ".join(f"{summary[status]} {status}" for status in ("success", "partial", "failed"))
        lines.append(f"the corpus: {summary['documents']} documents, {summary['pages']} pages: {counted}")
        lines += [f"  {count} x {code}" for code, count in summary["lost"].items()]
        trouble = summary["trouble"]
        lines += [f"  {one['status']}: {one['document']}: {one['message']}" for one in trouble[:_SHOWN]]
        lines += [f"  and {len(trouble) - _SHOWN} more: see summary.json"] if len(trouble) > _SHOWN else []
        return lines + [f"  not read: archive {one['archive']} [{one['code']}]" for one in summary["archives"]]

    # --- saying it -----------------------------------------------------------------------------------------------

    def _event(self, name: str, said: Mapping[str, Any]) -> None:
        if self._as_json:
            self._out.write(json.dumps({"event": name, **said}, ensure_ascii=False) + "\n")
            self._out.flush()

    def _line(self, text: str) -> None:
        if self._watched:
            self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            sys.stderr.write(f"{text}\n")

    @property
    def said(self) -> str:
        """How far it is."""
        seconds = time.monotonic() - self._began
        words = [f"{self._pages} pages"]
        words += [f"{self._pages / seconds:.1f}/s"] if self._pages and seconds else []
        words += [f"{self._lost} lost"] if self._lost else []
        words += [f"{self.ended_as['failed']} failed"] if self.ended_as["failed"] else []
        cost = dollars(seconds, self._price)
        words += [] if cost is None else [f"${cost:.2f}"]
        share = self._bytes_done / self._bytes if self._bytes else 0.0
        if _TOO_EARLY < share < 1:
            words.append(f"{timedelta(seconds=round(seconds * (1 - share) / share))} left")
        return ", ".join(words)

    def _show(self) -> None:
        documents = f"{self.ended_as.total() + self._others}/{len(self._share.to_read)} documents"
        if self._watched:
            share = self._bytes_done / self._bytes if self._bytes else 0.0
            self._progress.update(self._task, description=documents, completed=share, said=self.said)
        elif not self._quiet and not self._as_json and time.monotonic() - self._said_at > _EVERY_SECONDS:
            self._said_at = time.monotonic()
            self._line(f"octavo: {documents}, {self.said}")
