"""Job in, reply out: the JSON shared by HTTP, RunPod and batch.

Keys and defaults are the interface people already use (worker-contract); keys beyond it are marked NEW in their
description. Unknown keys are refused: a misspelt option must not be silently ignored.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from octavo.document import Label, Task
from octavo.errors import OptionInvalid, SourceInvalid
from octavo.settings import OutputFormat, Profile, TextLayerUse

SOURCE_KEYS = (
    "pdf_url",
    "pdf_base64",
    "image_urls",
    "image_url",
    "images_base64",
    "image_base64",
    "source_url",
    "source_base64",
)


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _tasks(value: object) -> object:
    """`{label: task}`, or the official SDK's `{task: [label, ...]}`; both may stand in one mapping."""
    if not isinstance(value, Mapping):
        return value
    flat: dict[object, object] = {}
    for key, entry in value.items():
        if isinstance(entry, list):
            flat |= dict.fromkeys(entry, key)
        else:
            flat[key] = entry
    return flat


def _not_empty(text: str | None) -> str | None:
    if text is not None and not text.strip():
        raise ValueError("must not be empty")
    return text


SourceText = Annotated[str | None, AfterValidator(_not_empty)]
SourceList = Annotated[tuple[str, ...] | None, BeforeValidator(_listed), Field(min_length=1)]


class S3Target(BaseModel):
    """Where big artefacts go for one job: RunPod's `s3Config`."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    access_id: SecretStr = Field(alias="accessId")
    access_secret: SecretStr = Field(alias="accessSecret")
    bucket_name: str = Field(alias="bucketName")
    endpoint_url: str = Field(alias="endpointUrl")


class Upload(BaseModel):
    """Where big artefacts go (NEW): a bucket the worker knows, its volume, or PUT URLs signed by the caller."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: Literal["bucket", "volume", "put_urls"] | None = None
    put_urls: Mapping[str, SecretStr] = Field(default={}, description="file name -> URL it is PUT to")


class Job(BaseModel):
    """What a caller asks for: exactly one source, and options. Booleans may arrive as 'true', '1', 'yes', 'on'."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_alias=True, validate_by_name=False)

    pdf_url: SourceText = Field(None, description="One PDF to fetch.")
    pdf_base64: SourceText = Field(None, description="One PDF, base64; a data: prefix is allowed.")
    image_urls: SourceList = Field(None, description="Pages of one document to fetch, in order.")
    image_url: SourceText = Field(None, description="One page picture to fetch.")
    images_base64: SourceList = Field(None, description="Pages of one document, base64, in order.")
    image_base64: SourceText = Field(None, description="One page picture, base64.")
    source_url: SourceText = Field(None, description="PDF or image to fetch, told apart by content.")
    source_base64: SourceText = Field(None, description="PDF or image, base64, told apart by content.")

    start_page: int | None = Field(None, ge=1, description="First page, from 1.")
    end_page: int | None = Field(None, ge=1, description="Last page, inclusive; past the end is clamped.")
    return_crop_images: bool | None = Field(
        None, description="List region pictures. Default: RETURN_CROP_IMAGES_DEFAULT."
    )
    crop_images_base64: bool = Field(False, description="With their bytes inline.")
    max_crop_images: int | None = Field(None, ge=0, description="At most so many. Default: MAX_CROP_IMAGES.")
    return_layout_visualization: bool = Field(False, description="List page pictures with the regions drawn.")
    layout_visualization_base64: bool = Field(False, description="With their bytes inline.")
    warmup: bool = Field(False, description="Load everything and run a blank page through.")

    layout: bool | None = Field(None, description="NEW: false reads the whole page as one region.")
    label_task_mapping: Annotated[Mapping[Label, Task], BeforeValidator(_tasks)] = Field(
        default={}, description="NEW: label -> text | table | formula | skip | abandon, over the default."
    )
    dpi: int | None = Field(None, ge=36, le=600, description="NEW: pixels per inch PDF pages are drawn at.")
    pages: str | None = Field(None, description="NEW: '1-5,8,-1'; instead of start_page and end_page.")
    output_format: OutputFormat | None = Field(None, description="NEW: both, json or markdown.")
    text_layer: TextLayerUse | None = Field(None, description="NEW: auto, off or only.")
    profile: Profile | None = Field(None, description="NEW: faithful or official post-processing.")
    password: SecretStr | None = Field(None, description="NEW: password of an encrypted PDF.")
    stream: bool = Field(False, description="NEW: pages leave one by one.")
    dry_run: bool = Field(
        False,
        description="NEW: open the source, count its pages, say what reading them will take; read nothing.",
    )
    upload: Upload = Field(Upload(), description="NEW: where big artefacts go.")
    s3_config: S3Target | None = Field(
        None, alias="s3Config", description="Bucket for this job's big artefacts; may stand beside `input` as well."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [key for key in SOURCE_KEYS if getattr(self, key) is not None]
        if self.warmup and not given:
            return self
        if len(given) != 1:
            found = "none is given" if not given else f"{' and '.join(given)} are given"
            raise ValueError(f"exactly one of {', '.join(SOURCE_KEYS)} is needed; {found}")
        if self.pages is not None and (self.start_page is not None or self.end_page is not None):
            raise ValueError("pages and start_page/end_page exclude each other")
        if self.start_page is not None and self.end_page is not None and self.end_page < self.start_page:
            raise ValueError(f"end_page {self.end_page} is before start_page {self.start_page}: an empty range")
        return self

    @property
    def source_key(self) -> str | None:
        """The key the source came in."""
        return next((key for key in SOURCE_KEYS if getattr(self, key) is not None), None)

    @property
    def sources(self) -> tuple[str, ...]:
        """URLs or base64 texts, in page order."""
        value = getattr(self, self.source_key) if self.source_key else ()
        return (value,) if isinstance(value, str) else tuple(value)

    @property
    def page_selection(self) -> str | None:
        """`pages`, or the range in its grammar."""
        if self.start_page is None and self.end_page is None:
            return self.pages
        return f"{self.start_page or 1}-{self.end_page or ''}"


KEYS = tuple(field.alias or name for name, field in Job.model_fields.items())


def job_from(payload: object, s3_config: object = None) -> Job:
    """A Job from what arrived; `s3_config` is what stood beside its input.

    Raises OptionInvalid or SourceInvalid, naming the key; never echoes a value.
    """
    if not isinstance(payload, Mapping):
        raise SourceInvalid("the job's input must be a JSON object")
    given = {key: value for key, value in {"s3Config": s3_config, **payload}.items() if value is not None}
    try:
        return Job.model_validate(given)
    except ValidationError as error:
        complaint = error.errors(include_url=False, include_context=False, include_input=False)[0]
        key = ".".join(str(part) for part in complaint["loc"])
        message = complaint["msg"].removeprefix("Value error, ")
        if complaint["type"] == "extra_forbidden":
            raise OptionInvalid(f"input.{key}: unknown key; the keys are {', '.join(KEYS)}") from error
        if not key:
            raise SourceInvalid(f"input: {message}") from error
        raise OptionInvalid(f"input.{key}: {message}") from error
