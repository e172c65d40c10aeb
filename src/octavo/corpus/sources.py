"""What a corpus is named by, as documents: a folder, a pattern, a bucket, a list of addresses, a table, an archive.

    letters/                        all files below that are not hidden
    'letters/**/*.pdf'              those that a pattern fits
    s3://bucket/prefix              all objects below; gs://, az:// as well, with a pattern too
    list.txt                        an address, a path or an object a line
    list.jsonl, list.parquet        rows with `source` (or `url`, `path`, `file`), and perhaps `id` (or `name`)
    crawl.warc.gz, scans.tar        the documents inside, also of those that any of the above names

Names are paths below what was named; they come out the same on every machine that lists the same.
"""

import asyncio
import hashlib
import io
import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import translate
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final
from urllib.parse import urlsplit

from octavo.corpus import archives, stores, tables
from octavo.corpus.archives import Archive
from octavo.corpus.items import Item
from octavo.corpus.stores import BUCKETS, CorpusStore, scheme_of
from octavo.errors import EngineUnavailable, OctavoError, SourceEmpty, SourceInvalid, SourceNotFound, SourceTooLarge
from octavo.fetch import fetch, source_from
from octavo.settings import EngineSettings

_LISTS: Final = (".txt", ".jsonl", ".ndjson", ".parquet")
_WHERE: Final = ("source", "url", "path", "file")  # what a row may call the document
_CALLED: Final = ("id", "name")
_OPEN_ARCHIVES: Final = 4  # each holds a file, or a temporary one


class Corpus:
    """The documents of one source."""

    def __init__(
        self, source: str, settings: EngineSettings, *, target: str, pattern: str | None, unpacked_bytes: int
    ) -> None:
        """`pattern`: only documents whose names it fits. Nothing below `target` is a document: it may lie inside."""
        self._target = _rooted(target)
        self.shown = _without_secrets(source)
        self._source = source
        self._settings = settings
        self._pattern = None if pattern is None else _pattern(pattern)
        self._unpacked_bytes = unpacked_bytes
        self._stores: dict[str, CorpusStore] = {}
        self._archives: dict[str, Archive] = {}
        self._lock = threading.Lock()
        self.broken: list[tuple[str, OctavoError]] = []  # archives that could not be gone through

    def items(self) -> Iterator[Item]:
        """All of them, once. Blocks. Raises OctavoError where the source is not there or has none."""
        seen: dict[str, str] = {}
        for file in self._files():
            for item in self._inside(file):
                if self._pattern is not None and not self._pattern.match(item.name):
                    continue
                where = f"{item.location}#{item.offset}"
                if seen.get(item.name) == where:
                    continue
                if item.name in seen:  # two that a list calls the same
                    item = replace(item, name=f"{item.name}-{hashlib.sha256(where.encode()).hexdigest()[:8]}")
                seen[item.name] = where
                yield item
        if not seen and not self.broken:
            raise SourceEmpty(f"{self.shown}: there are no documents")

    async def read(self, item: Item) -> bytes:
        """Its bytes. Raises OctavoError."""
        if item.member:
            return await asyncio.to_thread(self._member, item)
        if scheme_of(item.location) in BUCKETS:
            return await asyncio.to_thread(self._object, item)
        local = not scheme_of(item.location)
        fetched = await fetch(source_from(Path(item.location) if local else item.location), self._settings)
        return fetched.data

    # --- listing -------------------------------------------------------------------------------------------------

    def _files(self) -> Iterator[Item]:
        source = self._source
        if source.lower().endswith(_LISTS) and not re.search(r"[*?\[]", source):
            yield from self._listed(source)
            return
        base, pattern = _parted(source)
        fits = None if pattern is None else _pattern(pattern)
        if scheme_of(source) in ("http", "https"):
            yield Item(_name_of(source), source)
        elif not scheme_of(source) and Path(source).is_file():
            path = Path(source)
            facts = path.stat()
            yield Item(path.name, source, facts.st_size, f"{facts.st_mtime_ns}")
        else:
            yield from self._below(base, fits)

    def _below(self, base: str, fits: re.Pattern[str] | None) -> Iterator[Item]:
        store = stores.opened(base)
        if isinstance(store, stores.Folder) and not store.root.is_dir():
            raise SourceNotFound(f"{self.shown}: there is no such file or folder")
        root = _rooted(base)
        inside = self._target.startswith(root)
        for entry in store.entries():
            hidden = any(part.startswith(".") for part in entry.path.split("/"))
            if hidden or entry.path.endswith("/") or (fits is not None and not fits.match(entry.path)):
                continue
            if inside and f"{root}{entry.path}".startswith(self._target):
                continue
            yield Item(entry.path, f"{base.rstrip('/')}/{entry.path}", entry.size, entry.version)

    def _listed(self, source: str) -> Iterator[Item]:
        """The rows of a list; a path in it is below the list's own folder."""
        with self._opened(source) as file:
            suffix = PurePosixPath(source.lower()).suffix
            rows = tables.rows(file) if suffix == ".parquet" else _lines(file, plain=suffix == ".txt")
            for number, row in enumerate(rows, 1):
                where = next((row[key] for key in _WHERE if isinstance(row.get(key), str) and row[key]), None)
                if where is None:
                    raise SourceInvalid(f"row {number} of the list does not say a source, url, path or file")
                called = next((str(row[key]) for key in _CALLED if row.get(key) not in (None, "")), None)
                location = where if scheme_of(where) else _beside(source, where)
                yield Item(
                    called or _name_of(where), location, int(row.get("size") or 0), str(row.get("version") or "")
                )

    def _inside(self, file: Item) -> Iterator[Item]:
        """The document, or those in the archive that it is."""
        if not archives.is_archive(urlsplit(file.location).path if scheme_of(file.location) else file.location):
            yield file
            return
        try:
            for member in self._archive(file.location).members():
                name = f"{file.name}/{member.name}"
                yield replace(file, name=name, size=member.size, member=member.name, offset=member.offset)
        except EngineUnavailable:
            raise
        except OctavoError as error:
            self.broken.append((file.name, error))

    # --- reading -------------------------------------------------------------------------------------------------

    def _member(self, item: Item) -> bytes:
        return self._archive(item.location).read(item.member, item.offset, item.size)

    def _object(self, item: Item) -> bytes:
        store, path = self._in_bucket(item.location)
        if item.size > self._settings.max_source_bytes:
            raise SourceTooLarge(
                f"the source is larger than {self._settings.max_source_bytes} bytes (max_source_bytes)"
            )
        return store.get(path)

    def _archive(self, location: str) -> Archive:
        """Kept open, for its other members will be asked for."""
        with self._lock:
            if location not in self._archives:
                if len(self._archives) >= _OPEN_ARCHIVES:
                    self._archives.pop(next(iter(self._archives)))
                self._archives[location] = archives.opened(
                    urlsplit(location).path if scheme_of(location) else location,
                    self._opened(location),
                    most_bytes=self._settings.max_source_bytes,
                    unpacked_bytes=self._unpacked_bytes,
                )
            return self._archives[location]

    def _opened(self, location: str) -> BinaryIO:
        scheme = scheme_of(location)
        if scheme in BUCKETS:
            store, path = self._in_bucket(location)
            return store.open(path)
        if scheme:  # a web server need not give parts: it is fetched whole
            return io.BytesIO(asyncio.run(fetch(source_from(location), self._settings)).data)
        file = Path(location)
        return stores.Folder(file.parent).open(file.name)

    def _in_bucket(self, location: str) -> tuple[CorpusStore, str]:
        scheme, _, rest = location.partition("://")
        bucket, _, path = rest.partition("/")
        root = f"{scheme}://{bucket}"
        if root not in self._stores:
            self._stores[root] = stores.opened(root)
        return self._stores[root], path


def _parted(source: str) -> tuple[str, str | None]:
    """A folder or prefix without signs of a pattern, and the pattern below it."""
    scheme, mark, rest = source.partition("://") if scheme_of(source) else ("", "", source)
    parts = rest.split("/")
    first = next((place for place, part in enumerate(parts) if re.search(r"[*?\[]", part)), None)
    if first is None:
        return source, None
    base = "/".join(parts[:first]) or ("/" if rest.startswith("/") else ".")
    return f"{scheme}{mark}{base}", "/".join(parts[first:])


def _rooted(place: str) -> str:
    """A folder or prefix, so that what is below begins with it."""
    return f"{(place if scheme_of(place) else str(Path(place).resolve())).rstrip('/')}/"


def _pattern(glob: str) -> re.Pattern[str]:
    """`**/` fits any folders, or none; `*` stays within one."""
    parts = []
    for part in re.split(r"(\*\*/|\*\*|\*|\?)", glob):
        whole = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
        parts.append(whole[part] if part in whole else translate(part).removeprefix("(?s:").removesuffix(r")\Z"))
    return re.compile(f"(?s:{''.join(parts)})\\Z")


def _lines(file: BinaryIO, *, plain: bool) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(io.TextIOWrapper(file, "utf-8", errors="replace"), 1):
        text = line.strip()
        if not text or (plain and text.startswith("#")):
            continue
        if plain:
            yield {"source": text}
            continue
        try:
            row = json.loads(text)
        except ValueError as error:
            raise SourceInvalid(f"line {number} of the list is not JSON") from error
        if not isinstance(row, dict):
            raise SourceInvalid(f"line {number} of the list is not a JSON object")
        yield row


def _name_of(location: str) -> str:
    """A path as it is, an address without its scheme and query, which a digest stands for."""
    if not scheme_of(location):
        return "/".join(part for part in location.split("/") if part not in ("", ".", ".."))
    address = urlsplit(location)
    name = f"{address.netloc.rpartition('@')[2]}/{address.path.strip('/') or 'document'}"
    if not address.query:
        return name
    digest = hashlib.sha256(address.query.encode()).hexdigest()[:8]
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}-{digest}{path.suffix}"))


def _beside(list_location: str, path: str) -> str:
    if scheme_of(list_location) in BUCKETS:
        return f"{list_location.rpartition('/')[0]}/{path}"
    return str(Path(list_location).parent / path)


def _without_secrets(source: str) -> str:
    if not scheme_of(source):
        return source
    address = urlsplit(source)
    return f"{address.scheme}://{address.netloc.rpartition('@')[2]}{address.path}"
