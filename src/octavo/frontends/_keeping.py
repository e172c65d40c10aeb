"""What `octavo parse` keeps in its output folder: finished pages of documents under way, and what it wrote."""

import asyncio
import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from octavo import dropins, renderers
from octavo.api import NoPictures
from octavo.corpus import records
from octavo.corpus.records import Place, Writing
from octavo.document import Document, Page
from octavo.frontends._inputs import Input, Part
from octavo.frozen import frozen
from octavo.jobs.checkpoints import Checkpoint, reading_digest, spelled
from octavo.settings import EngineSettings, ParseOptions, PictureNames, Profile

_WORTH_KEEPING_SECONDS = 2.0  # a page takes 2 ms and 200 KB to keep: what was read in less is read again


@frozen
class Keeping:
    """How documents are read and written in one run."""

    output: Path
    options: ParseOptions
    settings: EngineSettings

    def place(self, entry: Input) -> Place:
        return Place(self.output, entry.place, entry.stem)

    def is_up_to_date(self, entry: Input) -> bool:
        """Whether a document of files was read already. Blocks."""
        files = [part for part in entry.parts if isinstance(part, Path)]
        if self.place(entry).record is None or len(files) < len(entry.parts):
            return False
        try:
            parts = [file.read_bytes() for file in files]
        except OSError:  # reading it will say why
            return False
        return self.begun(entry, parts).is_up_to_date

    def begun(self, entry: Input, parts: Sequence[bytes]) -> "Ours":
        """What is there of a document with these bytes. Blocks: it goes over all of them."""
        alike = reading_digest(parts, self.options, self.settings)
        written = hashlib.sha256(alike.encode() + spelled(self.options, without=("password",))).hexdigest()
        reading = records.WayOfReading(_source(entry.parts), written)
        kept = Kept(Checkpoint(self.output / records.FOLDER / records.PAGES, alike))
        return Ours(self.place(entry), reading, kept, tuple(self._names(entry)))

    def _names(self, entry: Input) -> Iterator[str]:
        """The files of the result as far as they can be told before it is there: those of a document without pages,
        and pictures that another document may have given the same names."""
        empty = Document(entry.stem, (), page_count=0)
        for name in self.options.formats:
            for artifact in dropins.load(renderers, name).render(empty, NoPictures(), self.options):
                yield artifact.name
        shared = self.options.picture_names is PictureNames.OFFICIAL or self.options.profile is not Profile.FAITHFUL
        if shared and "crops" in self.options.formats:
            folder = self.output / entry.place
            yield from (path.relative_to(folder).as_posix() for path in folder.glob("imgs/cropped_page*.jpg"))


@frozen
class Ours:
    """What is there of one document."""

    place: Place
    reading: records.WayOfReading
    pages: "Kept"
    names: tuple[str, ...]

    @property
    def is_up_to_date(self) -> bool:
        return self.place.is_up_to_date(self.reading.digest)

    def refuse_what_is_taken(self) -> None:
        """Before it is read for nothing. Raises OutputTaken."""
        self.place.refuse_what_is_taken(self.reading, self.names)

    def writing(self, *, overwrite: bool) -> Writing:
        return self.place.writing(self.reading, overwrite=overwrite)


class Kept:
    """Pages of one document: those of an earlier run, and those of this one, when there is enough to be worth it."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._waiting: list[Page] = []
        self._since = time.monotonic()

    async def earlier(self, *, fresh: bool) -> Mapping[int, Page]:
        """What an earlier run left; `fresh`: forgotten."""
        if fresh:
            await self.discard()
        return await asyncio.to_thread(self._checkpoint.pages)

    async def keep(self, page: Page) -> None:
        self._waiting.append(page)
        if time.monotonic() - self._since > _WORTH_KEEPING_SECONDS:
            await self.flush()

    async def flush(self) -> None:
        """Write down what waits."""
        pages, self._waiting = self._waiting, []
        self._since = time.monotonic()
        await asyncio.to_thread(self._keep, pages)

    def _keep(self, pages: Sequence[Page]) -> None:
        for page in pages:
            self._checkpoint.keep(page)

    async def discard(self) -> None:
        await asyncio.to_thread(self._checkpoint.discard)


def _source(parts: Iterable[Part]) -> str:
    """Where a document comes from, not to be read back: addresses may hold secrets."""
    digest = hashlib.sha256()
    for part in parts:
        said = part if isinstance(part, bytes) else str(part.resolve() if isinstance(part, Path) else part).encode()
        digest.update(hashlib.sha256(said).digest())
    return digest.hexdigest()
