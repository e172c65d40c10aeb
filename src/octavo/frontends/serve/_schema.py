"""What OpenAPI says of requests and answers: made from the contract and the settings, not spelled again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from octavo.frontends.serve._bodies import FORM
from octavo.jobs.contract import READING, Keys
from octavo.jobs.entries import JobStatus
from octavo.settings import ParseOptions

EXAMPLE_URL = "https://example.org/statement.pdf"


class ErrorDetails(BaseModel):
    """What a program asks of an error."""

    code: str = Field(description="Stable: docs/errors.md has them all.", examples=["type_unsupported"])
    message: str = Field(examples=["the content is neither a PDF nor a picture"])
    fault: str = Field(description="Who can mend it: caller, upstream or ours.", examples=["caller"])
    retryable: bool = Field(description="Whether sending it again may help.")


class Failure(BaseModel):
    """An error as an answer."""

    status: str = Field(examples=["error"])
    error: str = Field(description="For people.", examples=["[type_unsupported] the content is neither a PDF ..."])
    error_details: ErrorDetails
    detail: str | None = Field(None, description="The message once more, where clients of other servers look for it.")


class Reply(BaseModel):
    """What a job came to."""

    model_config = ConfigDict(extra="allow")

    id: str | None = Field(None, description="The job's, where it has one.")
    status: str = Field(description="success, partial or error.", examples=["success"])
    cached: bool = Field(False, description="An earlier job's answer to the same question.")
    result: dict[str, Any] | None = Field(
        None,
        description="markdown_result, json_result, problems, usage ...: docs/runpod.md says what each is.",
        examples=[{"markdown_result": "# Statement", "page_count": 1, "problems": []}],
    )
    error: str | None = Field(None, description="Where it failed: for people.")
    error_details: ErrorDetails | None = Field(None, description="Where it failed: for programs.")


class PagesSaid(BaseModel):
    """How far a job's pages are."""

    selected: int | None = Field(description="To be read; null while that is not known.", examples=[12])
    done: int = Field(examples=[3])


class JobSaid(BaseModel):
    """A job, without its result."""

    id: str = Field(examples=["3f0e5d1c2b6a4f4e9a1d7c8b9e0f1a2b"])
    status: JobStatus
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    pages: PagesSaid
    cached: bool = Field(description="Answered from an earlier job's result.")
    ahead: int | None = Field(description="Waiting jobs that came before it, while it waits itself.")
    error_details: ErrorDetails | None
    links: dict[str, str] = Field(description="result, pages, artifacts, events: where each is.")


class JobsSaid(BaseModel):
    """Some jobs, the newest first."""

    jobs: list[JobSaid]
    next: int | None = Field(description="What `before` is for those that came before these; null: there are none.")


class PageList(BaseModel):
    """Pages that are done."""

    pages: list[int] = Field(description="Their numbers, from 1.", examples=[[1, 2, 3]])


class PageSaid(BaseModel):
    """One page."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["page"])
    page: int = Field(description="From 1.", examples=[1])
    problems: list[dict[str, Any]]
    json_result: list[dict[str, Any]] | None = None
    markdown_result: str | None = Field(None, examples=["# Statement"])


class ChangeSaid(BaseModel):
    """Blocks of two readings that are about the same piece of a page, and differ."""

    page: int = Field(description="From 1.")
    before: list[str] = Field(description="Classes of the other reading's blocks.", examples=[["text"]])
    after: list[str] = Field(description="Ids of this reading's blocks.", examples=[["p3b7"]])
    differences: list[str] = Field(examples=[["text", "box"]])
    steps: list[tuple[str, str]] = Field(description="From the other text to this one: kept, removed or added.")


class ChangesSaid(BaseModel):
    """Where two readings differ."""

    changes: list[ChangeSaid]


class FileSaid(BaseModel):
    """One file of the result."""

    name: str = Field(examples=["document.md"])
    size_bytes: int | None = None
    url: str


class FileList(BaseModel):
    """Files of the result."""

    artifacts: list[FileSaid]


class Seen(BaseModel):
    """Whether the server is well."""

    status: str = Field(examples=["ok"])


# Every key of a job, with the reading options under their own names; what is unknown is passed over, and said.
Job: type[BaseModel] = create_model(
    "Job",
    __config__=ConfigDict(extra="allow"),
    __doc__="A job's keys; exactly one source.",
    **{
        **{name: (field.annotation, field) for name, field in Keys.model_fields.items()},
        **{name: (ParseOptions.model_fields[name].annotation, ParseOptions.model_fields[name]) for name in READING},
    },  # type: ignore[call-overload]
)

_JOB = {"$ref": "#/components/schemas/Job"}
_FORM = {
    "type": "object",
    "properties": {
        "file": {
            "description": "The document; several are the pages of one.",
            "type": "array",
            "items": {"type": "string", "format": "binary"},
        }
    },
    "required": ["file"],
    "additionalProperties": {"type": "string", "description": "Every other key of a job."},
}
JOB_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": _JOB,
                "examples": {
                    "a PDF by its address": {"value": {"pdf_url": EXAMPLE_URL, "pages": "1-3"}},
                    "a picture": {"value": {"image_base64": "iVBORw0KGgo...", "output_format": "markdown"}},
                    "as RunPod's queue has it": {"value": {"input": {"source_url": EXAMPLE_URL}}},
                },
            },
            FORM: {"schema": _FORM, "encoding": {"file": {"contentType": "application/pdf, image/*"}}},
        },
    }
}

_SAID: Mapping[int, str] = {
    400: "The request's head cannot be understood.",
    401: "No key, or an unknown one.",
    403: "The key has not the scope, or the request is from another site.",
    404: "No such job, page or file.",
    409: "The job has not ended.",
    422: "The source or an option is wrong: `error_details` says which.",
    429: "No room: come again after `Retry-After` seconds.",
    500: "A fault of this server.",
    502: "A server that is needed failed: the source's host, the model's.",
    503: "Not ready.",
}


def failures(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Of a route: the errors it may answer with."""
    return {status: {"model": Failure, "description": _SAID[status]} for status in (400, 401, 403, *statuses)}


REPLY_SAID: dict[int | str, dict[str, Any]] = {
    200: {"model": Reply},
    204: {"description": "The caller has gone."},
    **failures(422, 429, 500, 502),
}
LINES_SAID: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}},
    204: {"description": "The caller has gone."},
    **failures(422, 429, 500, 502),
}


def with_job(openapi: dict[str, Any]) -> dict[str, Any]:
    """The description with what a job is, which no route declares by itself."""
    job = Job.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = openapi.setdefault("components", {}).setdefault("schemas", {})
    schemas |= job.pop("$defs", {})
    schemas["Job"] = job
    return openapi
