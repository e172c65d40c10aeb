"""Documents inside tar, zip and WARC files: found in one pass, read one by one from where they lie.

A member is a document when its name says so, in a WARC when its bytes do. An uncompressed tar, a zip and a WARC are
read in place, also in a bucket; a compressed tar is unpacked into a temporary file first. The home of warcio.
"""

import bz2
import gzip
import lzma
import tarfile
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import BinaryIO, Final, Protocol
from urllib.parse import unquote, urlsplit

from octavo.errors import DocumentCorrupt, EngineUnavailable, OctavoError, SourceTooLarge
from octavo.frozen import frozen
from octavo.pages import kind_of

SUFFIXES: Final = (".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif")
_TARS: Final = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_WARCS: Final = (".warc", ".warc.gz")
_ZIPS: Final = (".zip",)
_OPENERS: Final = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}
_HEAD: Final = 1024  # bytes of a WARC's record that say what it is
_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,  # what gzip and bz2 call it
    NotImplementedError,  # a way of packing that zipfile does not know
    RuntimeError,  # an encrypted zip
)


@frozen
class Member:
    """A document in an archive."""

    name: str
    offset: int
    size: int


class Archive(Protocol):
    """Its methods block, and may be called from several threads. They raise DocumentCorrupt, SourceTooLarge."""

    def members(self) -> Iterator[Member]: ...

    def read(self, name: str, offset: int, size: int) -> bytes: ...


def is_archive(name: str) -> bool:
    return name.lower().endswith((*_TARS, *_WARCS, *_ZIPS))


def opened(name: str, file: BinaryIO, *, most_bytes: int, unpacked_bytes: int) -> Archive:
    """The archive in a file, which is its own from now on; its members may have `most_bytes` each, and what has to be
    unpacked first `unpacked_bytes` altogether."""
    lower = name.lower()
    if lower.endswith(_ZIPS):
        with _whole():
            return _Zip(file, most_bytes)
    if lower.endswith(_WARCS):
        return _Warc(file, most_bytes)
    with _whole():
        return _Tar(_unpacked(file, unpacked_bytes), most_bytes)


@contextmanager
def _whole() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise DocumentCorrupt(f"the archive cannot be read: {type(error).__name__}") from error


@contextmanager
def _read() -> Iterator[None]:
    """warcio was not written for what strangers damage: it raises whatever its own code comes to."""
    try:
        yield
    except OctavoError:
        raise
    except Exception as error:
        raise DocumentCorrupt(f"the archive cannot be read: {type(error).__name__}") from error


def _limited(size: int, most: int) -> None:
    if size > most:
        raise SourceTooLarge(f"the document has more than {most} bytes (max_source_bytes)")


def _unpacked(file: BinaryIO, most: int) -> BinaryIO:
    """The tar itself."""
    head = file.read(2)
    file.seek(0)
    opener: Callable[..., BinaryIO] | None = _OPENERS.get(head)  # type: ignore[assignment]
    if opener is None:
        return file
    plain: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115  it lives as long as the archive
    with file, opener(file) as stream:
        while chunk := stream.read(1 << 20):
            if plain.tell() + len(chunk) > most:
                plain.close()
                raise SourceTooLarge(f"the archive unpacks to more than {most} bytes (unpacked_bytes)")
            plain.write(chunk)
    plain.seek(0)
    return plain


class _Tar:
    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file = file
        self._most = most
        self._lock = threading.Lock()

    def members(self) -> Iterator[Member]:
        with _whole(), self._lock, tarfile.open(fileobj=self._file, mode="r:") as tar:
            for info in tar:
                if info.isreg() and not info.issparse() and info.name.lower().endswith(SUFFIXES):
                    yield Member(info.name, info.offset_data, info.size)

    def read(self, name: str, offset: int, size: int) -> bytes:
        _limited(size, self._most)
        with self._lock:
            self._file.seek(offset)
            data = self._file.read(size)
        if len(data) < size:
            raise DocumentCorrupt("the archive ends in the middle of the document")
        return data


class _Zip:
    def __init__(self, file: BinaryIO, most: int) -> None:
        self._zip = zipfile.ZipFile(file)
        self._most = most
        self._lock = threading.Lock()

    def members(self) -> Iterator[Member]:
        for info in self._zip.infolist():
            if not info.is_dir() and info.filename.lower().endswith(SUFFIXES):
                yield Member(info.filename, info.header_offset, info.file_size)

    def read(self, name: str, offset: int, size: int) -> bytes:
        _limited(size, self._most)
        with _whole(), self._lock:
            found = next((info for info in self._zip.infolist() if info.header_offset == offset), None)
            if found is None:
                raise DocumentCorrupt("the archive does not have the document any more")
            with self._zip.open(found) as member:
                data = member.read(self._most + 1)
        _limited(len(data), self._most)
        return data


class _Warc:
    """Responses and resources whose bytes are a document."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        try:
            from warcio.archiveiterator import ArchiveIterator
        except ModuleNotFoundError as missing:
            raise EngineUnavailable("WARC files need the package 'warcio': pip install 'octavo[batch]'") from missing
        self._records = ArchiveIterator
        self._file = file
        self._most = most
        self._lock = threading.Lock()

    def members(self) -> Iterator[Member]:
        with _read(), self._lock:
            self._file.seek(0)
            records = self._records(self._file)
            for record in records:
                if record.rec_type not in ("response", "resource"):
                    continue
                if kind_of(record.content_stream().read(_HEAD)) is None:
                    continue
                path = unquote(urlsplit(record.rec_headers.get_header("WARC-Target-URI") or "").path)
                size = int(record.rec_headers.get_header("Content-Length") or 0)
                offset = records.get_record_offset()
                yield Member(f"{offset:012d}-{PurePosixPath(path).name or 'document'}", offset, size)

    def read(self, name: str, offset: int, size: int) -> bytes:
        with _read(), self._lock:
            self._file.seek(offset)
            record = next(iter(self._records(self._file)))
            data: bytes = record.content_stream().read(self._most + 1)
        _limited(len(data), self._most)
        return data
