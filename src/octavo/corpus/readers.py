"""Who turns the bytes of one document into its result: the engines of this process, or a server elsewhere."""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any, Protocol

from octavo.assemble import PackedPages
from octavo.corpus import tables
from octavo.corpus.items import Item
from octavo.corpus.tables import Rows
from octavo.document import Artifact, Document
from octavo.errors import EngineUnavailable
from octavo.fetch import Data
from octavo.frozen import frozen
from octavo.jobs.checkpoints import reading_digest, spelled
from octavo.parser import Parser
from octavo.renderers.report import problem_entry
from octavo.settings import EngineSettings, ParseOptions


@frozen
class ReadDocument:
    """A document that was read. Its files are made when they are asked for."""

    status: str  # success, partial
    pages: int  # that were asked for
    page_count: int
    problems: Sequence[Mapping[str, Any]]
    files: Iterator[Artifact]  # blocks
    rows: Callable[[], Rows]  # blocks


class Reader(Protocol):
    """Reads documents, several at a time, while it is open."""

    def opened(self) -> AbstractAsyncContextManager[None]:
        """Raises OctavoError where it cannot read here."""
        ...

    @property
    def digest(self) -> str:
        """Another one where other results would come out."""
        ...

    def reading(
        self, item: Item, data: bytes, on_page: Callable[[], None]
    ) -> AbstractAsyncContextManager[ReadDocument]:
        """A document read to its end; its files may be asked for within. Raises OctavoError."""
        ...


class Local:
    """With the engines of this process."""

    def __init__(self, settings: EngineSettings, options: ParseOptions) -> None:
        self._settings = settings
        self._options = options
        self._parser: Parser | None = None
        alike = reading_digest([], options, settings)
        self.digest = hashlib.sha256(alike.encode() + spelled(options, without=("password",))).hexdigest()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with Parser(self._settings) as self._parser:
            yield
        self._parser = None

    @asynccontextmanager
    async def reading(self, item: Item, data: bytes, on_page: Callable[[], None]) -> AsyncIterator[ReadDocument]:
        if self._parser is None:
            raise EngineUnavailable("the reader is not open")
        async with self._parser.open([Data(data)], self._options, name=item.stem) as reading:
            reading.only_files = True
            async for _ in reading:
                on_page()
            document = reproducible(reading.document)
            yield ReadDocument(
                document.status.value,
                len(document.pages),
                document.page_count,
                [problem_entry(problem) for problem in document.problems],
                reading.artifacts(document),
                lambda: tables.of(item.name, document, self._options),
            )


def reproducible(document: Document) -> Document:
    """Without what differs from one reading to the next: how long it took."""
    return replace(document, timings={}, pages=PackedPages(replace(page, timings={}) for page in document.pages))
