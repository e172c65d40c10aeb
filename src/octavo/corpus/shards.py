"""Rows of many documents in one file: `pages-00003-of-00012.parquet`, and so for `blocks` and `documents`.

Which file a document's rows go to, its name decides, so that every machine says the same and a corpus that grows
rewrites no more than it must. A file is made once all its documents are done, by whoever finds that, in the order of
their names: it is the same whoever read them.
"""

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Self

from octavo.corpus import markers, tables
from octavo.corpus.items import Item
from octavo.corpus.leases import Leases
from octavo.corpus.markers import FAILED, HOME, Markers
from octavo.corpus.tables import Rows
from octavo.errors import SourceInvalid
from octavo.frozen import frozen
from octavo.settings import Shape

_WRITERS: Final = {Shape.PARQUET: (tables.as_parquet, "parquet"), Shape.JSONL: (tables.as_jsonl, "jsonl.gz")}


@frozen
class Plan:
    """What all runs on one target keep to."""

    files: int  # of each table

    @classmethod
    def for_documents(cls, count: int, documents_per_file: int) -> Self:
        return cls(max(1, math.ceil(count / documents_per_file)))

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """Raises SourceInvalid."""
        files = said.get("files")
        if not isinstance(files, int) or files < 1:
            raise SourceInvalid("the target's plan.json is damaged")
        return cls(files)

    @property
    def said(self) -> dict[str, Any]:
        return {"files": self.files}

    def file_of(self, item: Item) -> int:
        return int(item.key[:12], 16) % self.files

    def name(self, table: str, number: int, suffix: str) -> str:
        return f"{table}-{number:05d}-of-{self.files:05d}.{suffix}"


def wanted(shapes: Collection[Shape]) -> bool:
    """Whether rows are."""
    return any(shape in _WRITERS for shape in shapes)


def make(
    plan: Plan, items: Sequence[Item], done: Markers, leases: Leases, shapes: Collection[Shape], number: int
) -> bool:
    """Write the files of this number, where all their documents are done and they are not there yet. False where
    another machine does it. `items` are all of the corpus, in order. Blocks."""
    mine = [item for item in items if plan.file_of(item) == number]
    if not mine or not all(done.is_done(item) for item in mine):
        return True
    made_of = "".join(f"{item.key}{done.digest_of(item)}{done.trouble.get(item.key)}" for item in mine)
    digest = hashlib.sha256(f"{sorted(shapes)} {made_of}".encode()).hexdigest()
    marker = f"{HOME}/files/{number:05d}.{digest[:16]}"
    if done.store.version(marker):
        return True
    lease = leases.claimed(digest[:32]) if leases.may_be_free(digest[:32]) else None
    if lease is None:
        return False
    try:
        if not done.store.version(marker):
            _write(plan, number, mine, done, shapes)
            done.store.create(marker, b"made")
    finally:
        leases.release(lease)
    return True


def _write(plan: Plan, number: int, items: Sequence[Item], done: Markers, shapes: Collection[Shape]) -> None:
    rows: dict[str, list[Mapping[str, Any]]] = {table: [] for table in tables.TABLES}
    for item in items:
        said = markers.read(done.store, done.done_path(item)) or {}
        rows["documents"].append(_document(item, said))
        if said.get("status") != FAILED:
            of_one = Rows.unpacked(done.store.get(done.rows_path(item)))
            rows["pages"] += of_one.pages
            rows["blocks"] += of_one.blocks
    for shape in sorted({*shapes} & _WRITERS.keys()):
        writer, suffix = _WRITERS[shape]
        for table, of_table in rows.items():
            done.store.put(plan.name(table, number, suffix), writer(table, of_table))


def _document(item: Item, said: Mapping[str, Any]) -> dict[str, Any]:
    error = said.get("error") or {}
    return {
        "document": item.name,
        "status": said.get("status"),
        "page_count": said.get("page_count"),
        "pages": said.get("pages"),
        "error": error.get("code"),
        "message": error.get("message"),
        "problems": [problem["code"] for problem in said.get("problems", ())],
    }
