"""Where many files are: a folder, or a bucket of S3, Google Cloud or Azure. The same few verbs for both.

`create` is the one on which coordination rests: of all who create a file of one name, exactly one is told that it did.
A bucket does it with `If-None-Match: *`, a folder with a hard link, which appears whole or not at all. Everything here
blocks. A bucket's address and keys are the variables of its own tools (AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID ...).
"""

import io
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from octavo.errors import DeliveryFailed, EngineUnavailable, OptionInvalid, SourceNotFound, SourceUnreachable
from octavo.frozen import frozen

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore

BUCKETS = ("s3", "gs", "az", "abfs", "abfss")
_AHEAD = 1 << 20  # bytes read at a time of a file in a bucket


@frozen
class StoredObject:
    """A file as a listing tells it."""

    path: str  # below the store's root, with forward slashes
    size: int  # bytes
    version: str  # another one where the file was changed


class CorpusStore(Protocol):
    """Raises SourceNotFound, SourceUnreachable from what reads, DeliveryFailed from what writes."""

    shown: str  # for people, without secrets

    def entries(self, below: str = "") -> Iterator[StoredObject]:
        """All files below a folder of the store; hidden ones too, in no order that can be relied on."""
        ...

    def get(self, path: str) -> bytes: ...

    def open(self, path: str) -> BinaryIO:
        """To be read from any place."""
        ...

    def version(self, path: str) -> str | None:
        """As a listing has it; None where there is no such file."""
        ...

    def put(self, path: str, data: bytes) -> None:
        """Whole or not at all; what was there is replaced."""
        ...

    def create(self, path: str, data: bytes) -> bool:
        """Whether it is there now because of this call."""
        ...

    def delete(self, path: str) -> None:
        """Nothing where it is not there."""
        ...


def opened(where: str) -> CorpusStore:
    """The store of a folder, or of `s3://bucket/prefix` and its like. Raises OptionInvalid, EngineUnavailable."""
    scheme = scheme_of(where)
    if scheme in BUCKETS:
        return Bucket(where)
    if scheme:
        raise OptionInvalid(f"{scheme!r} is no place for files; there are folders and {', '.join(BUCKETS)}")
    return Folder(Path(where))


def scheme_of(where: str) -> str:
    """Of an address, in small letters; empty for a path."""
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", where)
    return found[1].lower() if found else ""


class Folder:
    """A folder of this machine, or a volume that several share. It need not be there yet."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.shown = str(root)

    def entries(self, below: str = "") -> Iterator[StoredObject]:
        for above, folders, names in os.walk(self.root / below):
            folders.sort()
            for name in sorted(names):
                path = Path(above, name)
                with suppress(OSError):  # gone since
                    facts = path.stat()
                    yield StoredObject(path.relative_to(self.root).as_posix(), facts.st_size, _version(facts))

    def get(self, path: str) -> bytes:
        with _reading(path):
            return (self.root / path).read_bytes()

    def open(self, path: str) -> BinaryIO:
        with _reading(path):
            return (self.root / path).open("rb")

    def version(self, path: str) -> str | None:
        with _reading(path):
            try:
                return _version((self.root / path).stat())
            except FileNotFoundError:
                return None

    def put(self, path: str, data: bytes) -> None:
        with _writing(path), self._part(path, data) as part:
            part.replace(self.root / path)

    def create(self, path: str, data: bytes) -> bool:
        with _writing(path), self._part(path, data) as part:
            try:
                os.link(part, self.root / path)
            except FileExistsError:
                return False
            return True

    def delete(self, path: str) -> None:
        with _writing(path):
            (self.root / path).unlink(missing_ok=True)

    @contextmanager
    def _part(self, path: str, data: bytes) -> Iterator[Path]:
        """A whole file beside the place it is meant for."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{uuid.uuid4().hex}.part")
        try:
            part.write_bytes(data)
            yield part
        finally:
            with suppress(OSError):
                part.unlink()


@contextmanager
def _reading(path: str) -> Iterator[None]:
    name = path.rpartition("/")[2]
    try:
        yield
    except FileNotFoundError as error:
        raise SourceNotFound(f"there is no file {name!r}") from error
    except OSError as error:
        raise SourceUnreachable(f"{name!r} cannot be read: {error.strerror or 'the system refused'}") from error


@contextmanager
def _writing(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        name = path.rpartition("/")[2]
        raise DeliveryFailed(f"{name!r} cannot be written: {error.strerror or 'the system refused'}") from error


class Bucket:
    """A bucket, or what lies below a prefix of one."""

    def __init__(self, where: str) -> None:
        """Raises OptionInvalid, EngineUnavailable."""
        try:
            import obstore
            from obstore.exceptions import BaseError
            from obstore.store import from_url
        except ModuleNotFoundError as missing:
            raise EngineUnavailable("buckets need the package 'obstore': pip install 'octavo[batch]'") from missing
        self.shown = where
        self._obstore = obstore
        self._errors = (BaseError, OSError)
        try:
            self._store: ObjectStore = from_url(where, client_options={"allow_http": True})
        except (BaseError, ValueError) as error:
            raise OptionInvalid(f"{where!r} is no bucket that can be asked") from error

    def entries(self, below: str = "") -> Iterator[StoredObject]:
        with self._reading(below):
            for listed in self._obstore.list(self._store, prefix=below or None):
                for entry in listed:
                    yield StoredObject(entry["path"], entry["size"], _tag(entry))

    def get(self, path: str) -> bytes:
        with self._reading(path):
            return bytes(self._obstore.get(self._store, path).bytes())

    def open(self, path: str) -> BinaryIO:
        with self._reading(path):
            size = self._obstore.head(self._store, path)["size"]
        return io.BufferedReader(_Ranges(self, path, size), _AHEAD)

    def part(self, path: str, start: int, end: int) -> bytes:
        """Bytes `start` to `end`, which is not among them."""
        with self._reading(path):
            return bytes(self._obstore.get_range(self._store, path, start=start, end=end))

    def version(self, path: str) -> str | None:
        with self._reading(path):
            try:
                return _tag(self._obstore.head(self._store, path))
            except FileNotFoundError:
                return None

    def put(self, path: str, data: bytes) -> None:
        with self._writing(path):
            self._obstore.put(self._store, path, data)

    def create(self, path: str, data: bytes) -> bool:
        from obstore.exceptions import AlreadyExistsError

        with self._writing(path):
            try:
                self._obstore.put(self._store, path, data, mode="create")
            except AlreadyExistsError:
                return False
            return True

    def delete(self, path: str) -> None:
        with self._writing(path), suppress(FileNotFoundError):
            self._obstore.delete(self._store, path)

    @contextmanager
    def _reading(self, path: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise SourceNotFound(f"the bucket has no {path!r}") from error
        except self._errors as error:
            raise SourceUnreachable(f"the bucket cannot be read: {type(error).__name__}") from error

    @contextmanager
    def _writing(self, path: str) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            name = path.rpartition("/")[2]
            raise DeliveryFailed(f"{name!r} cannot be put into the bucket: {type(error).__name__}") from error


def _version(facts: os.stat_result) -> str:
    return f"{facts.st_mtime_ns}-{facts.st_size}"


def _tag(facts: "ObjectMeta") -> str:
    return facts["e_tag"] or facts["last_modified"].isoformat()


class _Ranges(io.RawIOBase):
    """A file in a bucket, of which only what is asked for is fetched."""

    def __init__(self, bucket: Bucket, path: str, size: int) -> None:
        self._bucket = bucket
        self._path = path
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        data = self._bucket.part(self._path, self._at, self._at + wanted)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
