"""A job's source: its bytes, and whether they are what their key says."""

import asyncio
from collections.abc import Sequence
from io import BytesIO

from PIL import Image

from octavo.errors import LimitExceeded, OctavoError, TypeUnsupported
from octavo.fetch import Data, Encoded, Url, fetch
from octavo.jobs.admission import Hold
from octavo.jobs.contract import EITHER_KEYS, PDF_KEYS, Job
from octavo.pages import kind_of
from octavo.settings import EngineSettings


async def fetched(
    job: Job, settings: EngineSettings, downloads: asyncio.Semaphore, held: Hold, *, most: int
) -> list[Data]:
    """The source's bytes, part by part, counted in `held` as they come.

    Raises OctavoError: what cannot be fetched, is not what its key says, or is too much; more than `most` sources.
    """

    async def one(source: Url | Encoded) -> Data:
        if isinstance(source, Encoded):  # it is here already: slow downloads do not hold it up
            return Data((await fetch(source, settings, held.add)).data)
        async with downloads:
            return Data((await fetch(source, settings, held.add)).data)

    if job.source_key is None:
        return [Data(_blank_page())]
    if len(job.sources) > most:
        raise LimitExceeded(f"input.{job.source_key}: {len(job.sources)} sources; at most {most} (max_sources)")
    make = Url if is_remote(job) else Encoded
    try:
        async with asyncio.TaskGroup() as group:
            parts = [group.create_task(one(make(text))) for text in job.sources]
    except* OctavoError as failures:
        raise _first(failures) from None
    sources = [part.result() for part in parts]
    _refuse_another_kind(job, sources[0].data)
    return sources


def is_remote(job: Job) -> bool:
    """Whether the source has to be fetched; otherwise it came with the job."""
    return job.source_key is not None and job.source_key.endswith(("url", "urls"))


def is_pdf(job: Job, sources: Sequence[Data]) -> bool:
    """Whether the job's document is one PDF; pictures are pages of a document whatever each of them is."""
    return job.source_key in (*PDF_KEYS, *EITHER_KEYS) and kind_of(sources[0].data) == "pdf"


def _refuse_another_kind(job: Job, data: bytes) -> None:
    """A picture that is sent where a PDF is due is most often an error page that looks like one."""
    key, kind = job.source_key or "", kind_of(data)
    due = key in PDF_KEYS or (key == "source_url" and _says_pdf(job.sources[0]))
    if due and kind != "pdf":
        what = "a picture" if kind == "picture" else "something else"
        raise TypeUnsupported(f"input.{key}: a PDF is due here, and the content is {what}")


def _says_pdf(url: str) -> bool:
    path = url.partition("#")[0].partition("?")[0].split("/")[3:]  # behind scheme and host
    return any(part.lower().endswith(".pdf") for part in path)


def _first(group: BaseExceptionGroup[OctavoError]) -> OctavoError:
    """One error of a group, groups in it included."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _blank_page() -> bytes:
    """What a warm-up reads."""
    page = BytesIO()
    Image.new("RGB", (640, 480), "white").save(page, "PNG")
    return page.getvalue()
