"""What `octavo parse` says about each document: lines for people, JSON for machines, one exit code for all."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from octavo.document import Document, Problem, Severity, Status
from octavo.errors import OctavoError
from octavo.frontends._exits import FAULT_EXITS, Exit
from octavo.frontends._inputs import Input
from octavo.frontends._progress import Bar
from octavo.frozen import frozen
from octavo.renderers.report import problem_entry

LOSSES_SHOWN = 5  # per document, for people; the JSON has all


@frozen
class Outcome:
    """How one input ended: a document and its files, or an error."""

    entry: Input
    document: Document | None = None
    files: tuple[Path, ...] = ()
    markdown: bytes | None = None  # where it is printed, not written
    error: OctavoError | None = None
    pages_kept: int = 0  # of an earlier run that was interrupted
    earlier: Mapping[str, Any] | None = None  # of a document that is up to date: what `for_the_record` said of it


@frozen
class Told:
    """What is said of an outcome. It holds no document: it may wait long for those named before it."""

    status: Status | None  # None: an error
    error: OctavoError | None
    complaints: tuple[str, ...]  # lines for standard error
    result: str | None  # for standard output


def exit_code(told: Sequence[Told]) -> Exit:
    """PARTIAL where something is there and something is missing; otherwise the fault nearest to us."""
    errors = [one.error for one in told if one.error]
    if errors and len(errors) == len(told):
        faults = {FAULT_EXITS[error.fault] for error in errors}
        return next(code for code in (Exit.OURS, Exit.UPSTREAM, Exit.CALLER) if code in faults)
    return Exit.SUCCESS if all(one.status is Status.SUCCESS for one in told) else Exit.PARTIAL


@frozen
class Report:
    """Says how each input ended."""

    bar: Bar
    as_json: bool
    quiet: bool
    several: bool
    told: list[Told] = field(default_factory=list)

    def of(self, outcome: Outcome) -> Told:
        """What is to be said of an input that has ended."""
        self.bar.document(outcome.entry.place)
        shown, complaints = outcome.entry.shown, []
        if outcome.error:
            complaints.append(f"octavo: {shown}: {outcome.error.message} [{outcome.error.code}]")
        if outcome.document and not self.quiet:
            complaints += [f"octavo: {shown}: {line}" for line in losses(outcome.document.problems)]
        status = outcome.document.status if outcome.document else None
        if outcome.earlier is not None:
            status = Status(outcome.earlier["status"])
        return Told(status, outcome.error, tuple(complaints), self._result(outcome))

    def _result(self, outcome: Outcome) -> str | None:
        if self.as_json:
            return json.dumps(as_json(outcome), ensure_ascii=False)
        if outcome.markdown is not None:
            return outcome.markdown.decode()
        if outcome.earlier is not None and not self.quiet:
            pages = _count(len(outcome.earlier["pages"]), "page")
            return f"{outcome.entry.shown}: up to date, {pages}; --fresh reads it again"
        if outcome.document and not self.quiet:
            return "\n".join(summary(outcome, several=self.several))
        return None

    def say(self, told: Told) -> None:
        """Errors and losses go to standard error; results to standard output."""
        self.told.append(replace(told, complaints=(), result=None))
        for line in told.complaints:
            self.bar.line(line)
        if told.result is not None:
            self.bar.result(told.result)


def summary(outcome: Outcome, *, several: bool) -> list[str]:
    """What was read and where it is: a line for one of several documents, a list for a single one."""
    document = outcome.document
    if document is None:
        return []
    pages = _count(len(document.pages), "page")
    doubtful = sum(problem.severity is Severity.DOUBTFUL for problem in document.problems)
    head = f"{outcome.entry.shown}: {pages} in {document.timings.get('total', 0.0):.1f} s"
    head += f", {outcome.pages_kept} of them kept from an earlier run" if outcome.pages_kept else ""
    head += f", {doubtful} doubtful" if doubtful else ""
    places = _places(outcome.files)
    if several:
        return [f"{head} -> {outcome.files[0].parent}/" if outcome.files else head]
    return [head, *(f"  {place}" for place in places)]


def losses(problems: Sequence[Problem]) -> list[str]:
    """What is on the page and not in the result."""
    lost = [problem for problem in problems if problem.severity is Severity.LOST]
    lines = [_loss(problem) for problem in lost[:LOSSES_SHOWN]]
    return [*lines, f"and {len(lost) - LOSSES_SHOWN} more losses"] if len(lost) > LOSSES_SHOWN else lines


def _loss(problem: Problem) -> str:
    page = "" if problem.page is None else f"page {problem.page + 1}"
    place = f"{page}: " if page and not problem.message.startswith(page) else ""
    return f"{place}{problem.message} [{problem.code}]"


def as_json(outcome: Outcome) -> dict[str, object]:
    """One document for a machine; page numbers count from 1, boxes are 0..1000 of the page."""
    error = outcome.error
    said = for_the_record(outcome) if outcome.earlier is None else outcome.earlier
    return {
        "input": outcome.entry.shown,
        **{name: value for name, value in said.items() if name != "files"},
        "files": [file.as_posix() for file in outcome.files],
        "up_to_date": outcome.earlier is not None,
        "pages_kept": outcome.pages_kept,
        "markdown": None if outcome.markdown is None else outcome.markdown.decode(),
        "error": {
            "code": error.code,
            "message": error.message,
            "fault": error.fault.value,
            "retryable": error.retryable,
        }
        if error
        else None,
    }


def for_the_record(outcome: Outcome) -> dict[str, object]:
    """What is still true of a document when the next run comes to it."""
    document = outcome.document
    return {
        "status": document.status.value if document else "error",
        "name": document.name if document else outcome.entry.stem,
        "pages": [page.number + 1 for page in document.pages] if document else [],
        "page_count": document.page_count if document else None,
        "problems": [problem_entry(problem) for problem in document.problems] if document else [],
        "engines": dict(document.engines) if document else {},
        "seconds": round(document.timings.get("total", 0.0), 3) if document else None,
    }


def _places(files: Sequence[Path]) -> list[str]:
    """Files beside the document one by one, those in folders below as a count."""
    if not files:
        return []
    top = min((file.parent for file in files), key=lambda folder: len(folder.parts))
    below = Counter(file.parent for file in files if file.parent != top)
    return [str(file) for file in files if file.parent == top] + [
        f"{folder}/ ({_count(number, 'file')})" for folder, number in below.items()
    ]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
