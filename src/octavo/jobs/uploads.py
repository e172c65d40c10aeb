"""Where a job's files go that its reply has no room for: a bucket, the network volume, or URLs the caller signed.

A bucket is used by signed URLs only. So there is one way to send bytes, and a caller's bucket, like a caller's URL,
is reached through the guard that keeps requests out of private networks. No secret is logged or shown in an error.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, assert_never

from pydantic import SecretStr

from octavo import delivery, guarded_http
from octavo.document import Artifact
from octavo.errors import DeliveryFailed, EngineUnavailable, OctavoError, OptionInvalid
from octavo.frozen import frozen
from octavo.jobs.contract import Job, Note, Upload
from octavo.jobs.encoding import FILES, Reply, encoded, error_reply, too_large
from octavo.settings import Overflow, WorkerSettings

if TYPE_CHECKING:
    from obstore.store import S3Store

_PUT_VALID = timedelta(minutes=30)
_AT_A_TIME = 8  # files of one job sent at once, or removed
_MOST_SHOWN = 10  # names in a message
_WHERE = {"url", "volume_path", "uploaded"}  # what a place says
_INLINE = ("image_base64", "base64", "text")  # where a listed file has its bytes
_TEXTS = {"json_result": (".json", "application/json"), "markdown_result": (".md", "text/markdown")}  # in this order


class Destination(Protocol):
    """Where files can be put."""

    async def put(self, file: Artifact) -> Mapping[str, str]:
        """Store it, and say where it lies in words of the reply. Raises OctavoError."""
        ...

    async def take_back(self, names: Sequence[str]) -> Sequence[str]:
        """Remove files that were put: the reply that was to name them failed. Those that may be there still."""
        ...


@frozen
class UploadBucket:
    """An S3-compatible bucket."""

    store: "S3Store"
    folder: str
    link: timedelta  # how long the addresses in the reply are good for
    allow_private: bool

    async def put(self, file: Artifact) -> Mapping[str, str]:
        path = f"{self.folder}/{file.name}"
        address = self.signed("PUT", path, _PUT_VALID)
        await guarded_http.put(address, file.data, file.media_type, allow_private=self.allow_private)
        return {"url": self.signed("GET", path, self.link)}

    async def take_back(self, names: Sequence[str]) -> Sequence[str]:
        """A bucket's keys may let us write and not delete: what stays is told."""
        at_a_time = asyncio.Semaphore(_AT_A_TIME)

        async def is_gone(name: str) -> bool:
            async with at_a_time:
                address = self.signed("DELETE", f"{self.folder}/{name}", _PUT_VALID)
                return await guarded_http.delete(address, allow_private=self.allow_private)

        gone = await asyncio.gather(*map(is_gone, names))
        return [name for name, is_gone in zip(names, gone, strict=True) if not is_gone]

    def signed(self, method: Literal["GET", "PUT", "DELETE"], path: str, valid: timedelta) -> str:
        """An address for one file, good for a while."""
        import obstore

        return obstore.sign(self.store, method, path, valid)


@frozen
class Volume:
    """The network volume; the reply names files by their place on it."""

    root: Path
    folder: str

    async def put(self, file: Artifact) -> Mapping[str, str]:
        writing = asyncio.ensure_future(
            asyncio.to_thread(delivery.to_folder, [file], self.root / self.folder, private=True)
        )
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait({writing})  # a thread goes on: nothing must appear after `take_back`
            raise
        return {"volume_path": f"{self.folder}/{file.name}"}

    async def take_back(self, names: Sequence[str]) -> Sequence[str]:
        await asyncio.to_thread(delivery.remove, names, self.root / self.folder)
        return await asyncio.to_thread(lambda: [name for name in names if (self.root / self.folder / name).exists()])


@frozen
class PutUrls:
    """URLs that the caller signed, by the name of the file."""

    urls: Mapping[str, SecretStr]
    allow_private: bool

    async def put(self, file: Artifact) -> Mapping[str, str]:
        if file.name not in self.urls:
            raise DeliveryFailed(f"upload.put_urls has no URL for {file.name!r}")
        address = self.urls[file.name].get_secret_value()
        await guarded_http.put(address, file.data, file.media_type, allow_private=self.allow_private)
        return {"uploaded": "put_urls"}

    async def take_back(self, names: Sequence[str]) -> Sequence[str]:
        """They are the caller's, whose URLs let nothing be removed."""
        return names


# --- choosing one ------------------------------------------------------------------------------------------------


def place_for(
    job: Job, job_id: str, settings: WorkerSettings, volume: Path, *, allow_private: bool
) -> Destination | None:
    """Where this job's files go: what the job says, then what the worker has. Raises OptionInvalid where the job names
    a place that is not there, EngineUnavailable where the bucket's package is missing."""
    folder = re.sub(r"[^\w-]+", "_", job_id, flags=re.ASCII) or "job"
    match job.upload.to or ("put_urls" if job.upload.put_urls else None):
        case "put_urls":
            if not job.upload.put_urls:
                raise OptionInvalid("input.upload.put_urls: name the files and their URLs")
            return PutUrls(job.upload.put_urls, allow_private)
        case "volume":
            if not delivery.is_folder(volume):
                raise OptionInvalid("input.upload.to: this worker has no network volume")
            return Volume(volume, folder)
        case "bucket" | None as wish:
            if job.s3_config is not None:
                theirs = job.s3_config
                store = _store(theirs.endpoint_url, theirs.bucket_name, theirs.access_id, theirs.access_secret)
                return UploadBucket(store, folder, _link(settings), allow_private)
            own = None if settings.overflow in (Overflow.VOLUME, Overflow.OFF) and not wish else _own_bucket(settings)
            if own is not None:
                return UploadBucket(own, folder, _link(settings), allow_private=True)
            if wish:
                raise OptionInvalid("input.upload.to: this worker has no bucket; send s3Config, or set BUCKET_*")
            on_volume = settings.overflow in (Overflow.AUTO, Overflow.VOLUME) and delivery.is_folder(volume)
            return Volume(volume, folder) if on_volume else None
        case never:
            assert_never(never)


def _own_bucket(settings: WorkerSettings) -> "S3Store | None":
    endpoint, key, secret = (
        settings.bucket_endpoint_url,
        settings.bucket_access_key_id,
        settings.bucket_secret_access_key,
    )
    if not (endpoint and key and secret):
        return None
    return _store(endpoint, settings.bucket_name, key, secret, settings.bucket_region)


def _store(
    endpoint: str, bucket: str | None, key: SecretStr, secret: SecretStr, region: str | None = None
) -> "S3Store":
    """A bucket by its endpoint and name; without a name it is in the endpoint: its path, or the first of its host."""
    try:
        from obstore.store import S3Store
    except ModuleNotFoundError as missing:
        raise EngineUnavailable(
            "uploads to a bucket need the package 'obstore': pip install 'octavo[runpod]'"
        ) from missing
    url = guarded_http.parsed_url(endpoint, allow_private=True)  # where it leads is asked when a file is put
    name, in_host = bucket, False
    if not name:
        name, in_host = (url.path.strip("/"), False) if url.path.strip("/") else ((url.host or "").split(".")[0], True)
        url = url.origin()
    found = re.search(r"(?:^|\.)s3[.-]([a-z]{2}(?:-[a-z]+)+-\d)\.", url.host or "")
    return S3Store(
        name,
        endpoint=str(url).rstrip("/"),
        access_key_id=key.get_secret_value(),
        secret_access_key=secret.get_secret_value(),
        region=region or (found[1] if found else "us-east-1"),
        virtual_hosted_style_request=in_host,
        client_options={"allow_http": True},
    )


def _link(settings: WorkerSettings) -> timedelta:
    return timedelta(seconds=settings.link_seconds)


# --- making a reply fit ------------------------------------------------------------------------------------------


async def fitted(
    reply: Reply,
    files: Mapping[str, Artifact],
    place: Destination | None,
    upload: Upload,
    limit: int,
    stem: str,
    *,
    seconds: float,
) -> Reply:
    """The reply with at most `limit` bytes; what it lists of `files` and its texts, named `stem`, may move to `place`.

    Files go first, then the texts. What the job names a place for goes there in any case. Without a place, or
    where it refuses or takes longer than `seconds`, the reply becomes an error that keeps what did fit. Where the job
    is cancelled, what was put is taken back.
    """
    result = reply.get("result") or reply  # a streamed page has its texts beside its number
    before = dict(result)
    asked = upload.to is not None or bool(upload.put_urls)
    moving = None if place is None else _Moving(place)
    try:
        async with _in_time(seconds):
            if moving is not None and asked:
                await _move_files(result, files, moving)
                await _move_texts(
                    result, moving, stem, [name for name in _TEXTS if stem + _TEXTS[name][0] in upload.put_urls]
                )
            if await _size(reply) <= limit:
                return reply
            if moving is not None:
                await _move_files(result, files, moving)
                for name in _TEXTS:
                    if await _size(reply) > limit:
                        await _move_texts(result, moving, stem, [name])
    except OctavoError as error:
        result.update(before)  # texts that were put are not there any more
        if moving is not None and (stayed := await moving.taken_back()):
            result["warnings"] = [*result.get("warnings", ()), _said_to_stay(stayed)]
        return await asyncio.to_thread(too_large, reply, limit) | error_reply(error)
    except asyncio.CancelledError:  # no reply will name what was put
        if moving is not None:
            await asyncio.shield(moving.taken_back())
        raise
    return reply if await _size(reply) <= limit else await asyncio.to_thread(too_large, reply, limit)


@asynccontextmanager
async def _in_time(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise DeliveryFailed(f"the files were not delivered within {seconds:g} s (`delivery_seconds`)") from error


@frozen
class _Moving:
    """What one reply has put into a place."""

    place: Destination
    names: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    async def put(self, file: Artifact) -> Mapping[str, str]:
        self.names.append(file.name)  # before: of a file that is refused, the folder may be there
        try:
            return await self.place.put(file)
        except OctavoError:
            self.refused.add(file.name)
            raise

    async def taken_back(self) -> list[str]:
        """What may be there still once what was put was removed."""
        stayed = await self.place.take_back(self.names)
        return [name for name in stayed if name not in self.refused]


def _said_to_stay(names: Sequence[str]) -> dict[str, str]:
    shown = ", ".join(repr(name) for name in names[:_MOST_SHOWN]) + (" ..." if len(names) > _MOST_SHOWN else "")
    return asdict(Note("uploads", f"the delivery failed after these were put, and they may lie there still: {shown}"))


async def _move_files(result: dict[str, Any], files: Mapping[str, Artifact], place: _Moving) -> None:
    at_a_time = asyncio.Semaphore(_AT_A_TIME)

    async def move(listed: dict[str, Any]) -> None:
        async with at_a_time:
            listed.update(await place.put(files[listed["path"]]))
        for inline in _INLINE:
            listed.pop(inline, None)

    try:
        async with asyncio.TaskGroup() as group:
            for listed in (each for name in FILES for each in result.get(name, ())):
                if not listed.keys() & _WHERE:
                    group.create_task(move(listed))
    except* OctavoError as refused:
        raise refused.exceptions[0] from None


async def _move_texts(result: dict[str, Any], place: _Moving, stem: str, names: Iterable[str]) -> None:
    for name in names:
        text = result.get(name)
        if not text:
            continue
        ending, media_type = _TEXTS[name]
        data = text.encode("utf-8", "replace") if isinstance(text, str) else await asyncio.to_thread(encoded, text)
        where = await place.put(Artifact(stem + ending, media_type, data))
        result[name] = type(text)()  # the contract's clients find its type there
        moved = {"field": name, "filename": stem + ending, "size_bytes": len(data)} | dict(where)
        result["uploads"] = [*result.get("uploads", ()), moved]
        note = Note(name, f"too large, or asked for elsewhere: it lies where `uploads` says, as {stem + ending}")
        result["warnings"] = [*result.get("warnings", ()), asdict(note)]


async def _size(reply: Reply) -> int:
    return len(await asyncio.to_thread(encoded, reply))
