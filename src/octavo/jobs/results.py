"""What a reply says: the worker contract's fields, always all of them and of their types, and ours beside them.

Pure: a finished document, its files and what was asked for become plain values.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from octavo.api import to_markdown
from octavo.document import Artifact, Document, Page
from octavo.frozen import frozen
from octavo.jobs.contract import EITHER_KEYS, PICTURE_KEYS, Job, Keys, Note, Upload
from octavo.jobs.encoding import FILES, Reply
from octavo.renderers import glmocr_json
from octavo.renderers.report import problem_entry
from octavo.settings import EngineSettings, OutputFormat, ParseOptions, WorkerSettings

PROVIDER = "glm-ocr-sdk-layout-vllm"  # the contract's constant: clients tell workers apart by it
_SHOWN = ("crop_images", "layout_visualization")  # how the keys begin that say what is listed inline
_TEXTUAL = ("text/", "application/json")  # media types whose files stand in a reply as text


@frozen
class JobRequest:
    """What one job asks for, with the worker's defaults filled in."""

    job: Job
    options: ParseOptions
    output_format: OutputFormat
    crops: bool
    max_crops: int

    @property
    def formats(self) -> tuple[str, ...]:
        """The renderers whose files the reply needs."""
        needed = {
            "markdown": self.output_format is not OutputFormat.JSON,
            "glmocr_json": self.output_format is not OutputFormat.MARKDOWN,
            "crops": self.crops,
            "overlay": self.job.return_layout_visualization,
        }
        return tuple(dict.fromkeys((*(name for name in needed if needed[name]), *self.job.formats)))


def asked_for(job: Job, options: ParseOptions, settings: WorkerSettings) -> JobRequest:
    """The job over the worker's `options` and `settings`."""
    tasks = {**options.tasks, **job.reading.tasks}
    return JobRequest(
        job,
        ParseOptions.model_validate(dict(options) | job.chosen | {"tasks": tasks}),
        job.output_format or settings.output_format,
        settings.return_crop_images if job.return_crop_images is None else job.return_crop_images,
        settings.max_crop_images if job.max_crop_images is None else job.max_crop_images,
    )


def identity(asked: JobRequest, engine: EngineSettings, settings: WorkerSettings) -> dict[str, Any]:
    """Who answers: the fields that a result and a warm-up share."""
    glm_ocr = engine.engine == "glm-ocr"
    return {
        "provider": PROVIDER,
        "model": engine.served_model_name if glm_ocr else engine.engine,
        "model_revision": (engine.model_revision or "") if glm_ocr else "",
        "glmocr_ref": settings.glmocr_ref,
        "vllm_base_image_ref": settings.vllm_base_image_ref,
        "enable_layout": asked.options.layout,
        "output_format": asked.output_format.value,
    }


def source_said(job: Job, *, is_pdf: bool, page_count: int, numbers: Sequence[int]) -> dict[str, Any]:
    """What was asked, as fields: the source (how it came, what it was, what was read of it), and `warnings`.

    A URL is as given. `numbers` are the pages that were chosen, from 0.
    """
    said: dict[str, Any] = {"input_type": job.input_type}
    if job.source_key in ("pdf_url", "source_url"):
        said["source"] = job.sources[0]
    if job.source_key in PICTURE_KEYS:
        said["source_count"] = len(job.sources)
    if job.source_key in EITHER_KEYS:
        said["resolved_type"] = "pdf" if is_pdf else "image"
    said |= {"start_page": job.start_page, "end_page": job.end_page}
    if job.reading.pages is not None:
        said["pages"] = job.reading.pages
    if is_pdf:
        said["total_pdf_pages"] = page_count
    said |= {"selected_pages": len(numbers), "page_numbers": [number + 1 for number in numbers]}
    notes = job.notes if is_pdf else (*job.notes, *_range_of_pictures(job, page_count))
    return {"input": said, "warnings": warnings(notes)}


def _range_of_pictures(job: Job, count: int) -> list[Note]:
    """Pictures are read whole; of a range that would have chosen among them, that it did not."""
    said = {"start_page": job.start_page > 1, "end_page": job.end_page is not None and job.end_page < count}
    return [Note(key, "ignored: it counts for PDFs; `pages` chooses among pictures") for key in said if said[key]]


def outcome(document: Document) -> dict[str, Any]:
    """What came of the document, besides its text."""
    return {
        "problems": [problem_entry(problem) for problem in document.problems],
        "timings": {stage: round(seconds, 4) for stage, seconds in document.timings.items()},
        "engines": dict(document.engines),
    }


def warnings(notes: Iterable[Note]) -> list[dict[str, str]]:
    """What was passed over or corrected in the job."""
    return [asdict(note) for note in notes]


def page_reply(page: Page, asked: JobRequest) -> Reply:
    """One streamed page, with its texts."""
    alone = Document("document", (page,), page_count=1, problems=page.problems)
    problems = [problem_entry(problem) for problem in page.problems]
    reply: Reply = {"type": "page", "page": page.number + 1, "problems": problems}
    if asked.output_format is not OutputFormat.MARKDOWN:
        reply["json_result"] = glmocr_json.pages(alone, asked.options)[0]
    if asked.output_format is not OutputFormat.JSON:
        reply["markdown_result"] = to_markdown(alone, asked.options)
    return reply


def files_said(artifacts: Sequence[Artifact], asked: JobRequest) -> dict[str, Any]:
    """The files in the contract's fields, and those the job names in `formats` in ours."""
    job = asked.job
    made = {name: [file for file in artifacts if file.format == name] for name in asked.formats}
    crops = made.get("crops", ()) if asked.crops else ()
    overlays = made.get("overlay", ()) if job.return_layout_visualization else ()
    texts = asked.output_format
    return {
        "json_result": json.loads(made["glmocr_json"][0].data) if texts is not OutputFormat.MARKDOWN else [],
        "markdown_result": made["markdown"][0].data.decode() if texts is not OutputFormat.JSON else "",
        "crop_images": [_picture(file, inline=job.crop_images_base64) for file in crops[: asked.max_crops]],
        "layout_visualizations": [_picture(file, inline=job.layout_visualization_base64) for file in overlays],
        "artifacts": [_file(file) for name in job.formats for file in made[name]],
    }


def tell_where(files: Mapping[str, Any], where: Mapping[str, Mapping[str, str]]) -> None:
    """Say of each listed file where it was put."""
    for listed in (each for name in FILES for each in files.get(name, ())):
        listed.update(where.get(listed["path"], {}))


def digest(reading: str, options: bytes, asked: JobRequest) -> str | None:
    """The same for jobs that read the same (`reading`), under options that are spelled the same, and show the same;
    None where files go to a place of the caller's."""
    job = asked.job
    if job.s3_config is not None or job.upload != Upload():
        return None
    shown = job.model_dump_json(include={name for name in Keys.model_fields if name.startswith(_SHOWN)})
    chosen = f"{reading} {options!r} {asked.output_format} {asked.crops} {asked.max_crops} {asked.formats} {shown}"
    return hashlib.sha256(chosen.encode()).hexdigest()


def _listed(file: Artifact) -> dict[str, Any]:
    """A file by its bare name, and by its place among the files of the result."""
    return {"filename": file.name.rpartition("/")[2], "path": file.name, "size_bytes": len(file.data)}


def _picture(file: Artifact, *, inline: bool) -> dict[str, Any]:
    return _listed(file) | ({"image_base64": _encoded(file.data)} if inline else {})


def _file(file: Artifact) -> dict[str, Any]:
    textual = file.media_type.startswith(_TEXTUAL)
    content = {"text": file.data.decode("utf-8", "replace")} if textual else {"base64": _encoded(file.data)}
    return {"format": file.format, "media_type": file.media_type} | _listed(file) | content


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
