"""What was written of each document into an output folder, so that nothing of anybody else's is replaced there.

A record is a file of JSON lines in `.octavo/records` of the output folder: what the document was and how it was to be
read, a line for each file of the result before that file gets its name, and at the end how it went. So a file that a
process was killed over is still known as ours, and one that somebody has changed since is not.

Everything in `.octavo` may be deleted: then files that are there are nobody's, and documents are read anew.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from octavo import delivery
from octavo.document import Artifact, Status
from octavo.errors import DeliveryFailed, OutputTaken
from octavo.frozen import frozen

FOLDER = ".octavo"
PAGES = "pages"  # below it: of documents that are not finished


@frozen
class WayOfReading:
    """A document, and how it is read and written."""

    source: str  # a digest of where it comes from
    digest: str  # of its bytes, the options, the engine and our code: the same where the result would be


@frozen
class Record:
    """What is known of the last result in a place."""

    reading: WayOfReading
    files: Mapping[str, tuple[str, ...]]  # by name: digests of what we wrote there or were about to, the last one last
    outcome: Mapping[str, Any] | None  # how it went, as whoever ended it says it; None: it was not finished

    def is_of(self, reading: WayOfReading) -> bool:
        """Whether it is the same document's, changed or not."""
        return reading.source == self.reading.source or reading.digest == self.reading.digest


class Place:
    """Where the files of one document lie, and the record of them. Its methods block."""

    def __init__(self, output: Path, place: PurePosixPath, stem: str) -> None:
        self.folder = output / place
        self._file = output / FOLDER / "records" / place / f"{stem}.jsonl"
        self.record = _read(self._file)

    def is_up_to_date(self, digest: str) -> bool:
        """Whether what such a reading would give is there already, all of it, with nothing lost."""
        record = self.record
        if record is None or record.outcome is None or record.reading.digest != digest:
            return False
        whole = record.outcome.get("status") == Status.SUCCESS.value
        return whole and all(path.is_file() for path in self.files)

    @property
    def files(self) -> list[Path]:
        """Of the last result that was finished."""
        outcome = self.record.outcome if self.record else None
        return [self.folder / name for name in outcome["files"]] if outcome else []

    def refuse_what_is_taken(self, reading: WayOfReading, names: Iterable[str]) -> None:
        """Raises OutputTaken where a file of these names is not of this document, or was changed since we wrote it."""
        known = self._known(reading)
        for name in names:
            path = self.folder / name
            if path.exists() and _digest_of(path) not in known.get(name, ()):
                what = "was changed since Octavo wrote it" if name in known else "is there, and is not of this document"
                raise OutputTaken(f"{path.name!r} {what}: name another output folder, or --overwrite")

    def writing(self, reading: WayOfReading, *, overwrite: bool) -> "Writing":
        """Begin to write the result of this reading. Raises DeliveryFailed."""
        lines = [{"source": reading.source, "digest": reading.digest}]
        finished = self.record is not None and self.record.outcome is not None
        for name, digests in self._known(reading).items():
            lines += [{"file": name, "sha256": digest} for digest in (digests[-1:] if finished else digests)]
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        record = Artifact(self._file.name, "application/jsonl", text.encode())
        try:
            self.folder.mkdir(parents=True, exist_ok=True)  # for all to read, which those of the record are not
        except OSError as error:
            raise DeliveryFailed(f"{self.folder.name!r} cannot be made: {error.strerror}") from error
        delivery.to_folder([record], self._file.parent, private=True)
        return Writing(self, self._file, reading, overwrite=overwrite)

    def _known(self, reading: WayOfReading) -> Mapping[str, tuple[str, ...]]:
        """What we wrote here of the same document."""
        return self.record.files if self.record is not None and self.record.is_of(reading) else {}


@dataclass(slots=True)
class Writing:
    """The files of one result while they are written."""

    place: Place
    record: Path
    reading: WayOfReading
    overwrite: bool = field(kw_only=True)
    written: list[Path] = field(default_factory=list)

    def write(self, artifacts: Iterable[Artifact]) -> list[Path]:
        """All of them; where they lie. Raises OutputTaken, DeliveryFailed."""
        for artifact in artifacts:
            if not self.overwrite:
                self.place.refuse_what_is_taken(self.reading, [artifact.name])
            self._note({"file": artifact.name, "sha256": hashlib.sha256(artifact.data).hexdigest()})
            self.written += delivery.to_folder([artifact], self.place.folder)
        return self.written

    def end(self, outcome: Mapping[str, Any]) -> None:
        """All is written; `outcome` is kept for who comes again."""
        names = [path.relative_to(self.place.folder).as_posix() for path in self.written]
        self._note({"outcome": {**outcome, "files": names}})

    def _note(self, line: Mapping[str, Any]) -> None:
        try:
            with self.record.open("a", encoding="utf-8") as record:
                record.write(f"{json.dumps(line)}\n")
        except OSError as error:
            raise DeliveryFailed(f"the record cannot be written: {error.strerror or 'the system refused'}") from error


def _read(file: Path) -> Record | None:
    """The record in a file; None where there is none, or its first line is not whole."""
    try:
        lines = list(_lines(file.read_text(encoding="utf-8")))
        reading = WayOfReading(str(lines[0]["source"]), str(lines[0]["digest"]))
    except (OSError, UnicodeDecodeError, LookupError):
        return None
    files: dict[str, tuple[str, ...]] = {}
    outcome = None
    for line in lines[1:]:
        if "file" in line:
            name = str(line["file"])
            files[name] = (*files.get(name, ()), str(line.get("sha256")))
        elif isinstance(line.get("outcome"), dict):
            outcome = line["outcome"]
    return Record(reading, files, outcome)


def _lines(text: str) -> Iterator[dict[str, Any]]:
    """The objects in it; a line that was cut off by the end of a process is none."""
    for line in text.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield value


def _digest_of(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
