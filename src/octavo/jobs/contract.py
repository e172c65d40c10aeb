"""Job in: the JSON shared by HTTP, RunPod and batch, understood as its callers mean it.

Keys and defaults are the interface people already use (worker-contract); keys beyond it are marked NEW in their
description. How a document is read is said by the fields of ParseOptions, under their own names and with their own
checks. What is not an error for the worker people run today is none here: unknown keys and second sources are passed
over, two numbers are corrected. Each such thing is a `Note`, which the result shows as `warnings`.
"""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from octavo import dropins, renderers
from octavo.errors import OptionInvalid, PagesInvalid, SourceInvalid, shown
from octavo.frozen import frozen
from octavo.settings import OutputFormat, ParseOptions

PDF_KEYS = ("pdf_url", "pdf_base64")
PICTURE_KEYS = ("image_urls", "image_url", "images_base64", "image_base64")
EITHER_KEYS = ("source_url", "source_base64")
# Strongest first: of two kinds of source the stronger is read; two keys of one kind are an error.
SOURCE_KINDS: tuple[tuple[str, ...], ...] = (PDF_KEYS, PICTURE_KEYS, EITHER_KEYS)
SOURCE_KEYS = tuple(key for kind in SOURCE_KINDS for key in kind)

_SINGULARS = MappingProxyType({"image_url": "image_urls", "image_base64": "images_base64"})
_OTHER_NAMES = MappingProxyType({"label_task_mapping": "tasks"})  # what the contract calls a reading option
_NOT_GIVEN: tuple[object, ...] = (None, "", [], {})
_MOST_NOTES = 20  # of unknown keys; one more says how many there are besides
_LONGEST_GUESSED = 50  # characters of an unknown key, beyond which nobody asks which one may have been meant
DEEPEST = 50  # values within values: deeper ones break whoever writes or compares them
MOST_VALUES = 100_000  # keys and entries of a job: each may cost a complaint, ten thousand pages' files ask for 40,000
_LONGEST_COMPLAINT = 1000  # characters of what is wrong with a value, which may repeat it
_LAST_PAGE = 999_999_999  # the largest number in the grammar of `pages`

M = TypeVar("M", bound=BaseModel)


@frozen
class Note:
    """Something in a job that was passed over or corrected."""

    key: str
    message: str


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _named(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _renderers(formats: tuple[str, ...]) -> tuple[str, ...]:
    there = dropins.names(renderers)
    for name in formats:
        if name not in there:
            raise ValueError(f"no format called {name!r}; there are: {', '.join(there)}")
    return tuple(dict.fromkeys(formats))


SourceList = Annotated[tuple[str, ...] | None, BeforeValidator(_listed)]


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


class Keys(BaseModel):
    """A job's keys, besides those that say how the document is read."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_alias=True, validate_by_name=False)

    pdf_url: str | None = Field(None, description="One PDF to fetch.")
    pdf_base64: str | None = Field(None, description="One PDF, base64; a data: prefix is allowed.")
    image_urls: SourceList = Field(None, description="Pages of one document to fetch, in order.")
    image_url: str | None = Field(None, description="One page picture to fetch.")
    images_base64: SourceList = Field(None, description="Pages of one document, base64, in order.")
    image_base64: str | None = Field(None, description="One page picture, base64.")
    source_url: str | None = Field(None, description="PDF or image to fetch, told apart by content.")
    source_base64: str | None = Field(None, description="PDF or image, base64, told apart by content.")

    start_page: int = Field(1, description="First page of a PDF, from 1. Less counts as 1.")
    end_page: int | None = Field(None, description="Last page of a PDF, inclusive; past the end is clamped.")
    return_crop_images: bool | None = Field(
        None, description="List region pictures. Default: RETURN_CROP_IMAGES_DEFAULT."
    )
    crop_images_base64: bool = Field(False, description="With their bytes inline.")
    max_crop_images: int | None = Field(
        None, description="At most so many. Default: MAX_CROP_IMAGES. Less than 0 counts as 0."
    )
    return_layout_visualization: bool = Field(False, description="List page pictures with the regions drawn.")
    layout_visualization_base64: bool = Field(False, description="With their bytes inline.")
    warmup: bool = Field(False, description="Load everything and run a blank page through; no source is read.")

    output_format: OutputFormat | None = Field(None, description="NEW: both, json or markdown.")
    formats: Annotated[tuple[str, ...], BeforeValidator(_named), AfterValidator(_renderers)] = Field(
        (), description="NEW: further files, by renderer (html, text, report ...): in `artifacts`."
    )
    stream: bool = Field(False, description="NEW: pages leave one by one.")
    dry_run: bool = Field(
        False,
        description="NEW: open the source, count its pages, say what reading them will take; read nothing.",
    )
    upload: Upload = Field(Upload(), description="NEW: where big artefacts go.")
    s3_config: S3Target | None = Field(
        None, alias="s3Config", description="Bucket for this job's big artefacts; may stand beside `input` as well."
    )


class Job(Keys):
    """What a caller asks for: at most one source key is left, and every value is checked."""

    reading: ParseOptions = Field(default_factory=ParseOptions)  # of these only what the job itself sets counts
    notes: tuple[Note, ...] = ()

    @property
    def source_key(self) -> str | None:
        """The key the source came in."""
        return next((key for key in SOURCE_KEYS if getattr(self, key) is not None), None)

    @property
    def input_type(self) -> str | None:
        """What a result calls that key: one picture is a list of one."""
        key = self.source_key
        return None if key is None else _SINGULARS.get(key, key)

    @property
    def sources(self) -> tuple[str, ...]:
        """URLs or base64 texts, in page order."""
        value = getattr(self, self.source_key) if self.source_key else ()
        return (value,) if isinstance(value, str) else tuple(value)

    @property
    def chosen(self) -> dict[str, Any]:
        """The reading options that the job sets."""
        return {name: getattr(self.reading, name) for name in self.reading.model_fields_set}


_OWN = tuple(field.alias or name for name, field in Keys.model_fields.items())
READING = tuple(name for name in ParseOptions.model_fields if name not in Keys.model_fields)
KEYS = (*_OWN, *_OTHER_NAMES, *READING)


def refuse_sprawl(sent: object) -> None:
    """Raises SourceInvalid where JSON has values too deep within each other, or too many of them.

    It takes no longer than that many values, and no recursion.
    """
    left, count = [(sent, 0)], 0
    while left:
        value, depth = left.pop()
        within = list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else ()
        count += len(within)
        if depth > DEEPEST or count > MOST_VALUES:
            raise SourceInvalid(
                f"the job is nested deeper than {DEEPEST} values, or has more than {MOST_VALUES} of them"
            )
        left += [(inner, depth + 1) for inner in within if isinstance(inner, Mapping | list)]


def job_from(payload: object, s3_config: object = None, warmup: object = None) -> Job:
    """A Job from what arrived; `s3_config` and `warmup` are what stood beside its input.

    Raises OptionInvalid, PagesInvalid or SourceInvalid, naming the key; never echoes a secret.
    """
    refuse_sprawl([payload, s3_config])
    payload = {} if payload in _NOT_GIVEN else payload
    if not isinstance(payload, Mapping):
        raise SourceInvalid("the job's input must be a JSON object")
    arrived = {"s3Config": s3_config, **payload} | ({"warmup": warmup} if warmup else {})
    given = {key: trimmed for key, value in arrived.items() if (trimmed := _trimmed(key, value)) not in _NOT_GIVEN}
    unknown = tuple(_unknown([key for key in given if key not in KEYS]))
    known = {key: value for key, value in given.items() if key in KEYS}
    reading = _reading(known)
    job: Job = _validated(Job, {key: value for key, value in known.items() if key in _OWN})
    job, choice = _with_one_source(job, unknown)
    job, corrections = _corrected(job)
    if "pages" in known and ("start_page" in known or "end_page" in known):
        raise PagesInvalid("input: pages and start_page/end_page exclude each other")
    return job.model_copy(update={"reading": reading, "notes": (*unknown, *choice, *corrections)})


def page_selection(job: Job, *, is_pdf: bool) -> str | None:
    """The pages asked for, in the grammar of `pages`; None where the job does not say. A range is one of a PDF."""
    if job.reading.pages is not None or not is_pdf or (job.start_page == 1 and job.end_page is None):
        return job.reading.pages
    return f"{job.start_page}-{'' if job.end_page is None else min(job.end_page, _LAST_PAGE)}"


# --- steps -------------------------------------------------------------------------------------------------------


def _trimmed(key: str, value: object) -> object:
    """A text without the blanks around it; a password may have some."""
    return value.strip() if isinstance(value, str) and key != "password" else value


def _unknown(keys: Sequence[str]) -> Iterator[Note]:
    """One note for each key that nobody knows, with the one that may have been meant."""
    for key in keys[:_MOST_NOTES]:
        near = get_close_matches(key.lower(), KEYS, n=1, cutoff=0.7) if len(key) <= _LONGEST_GUESSED else []
        meant = f"; is {near[0]} meant?" if near else ""
        yield Note(shown(key), f"not known, and ignored{meant}")
    if len(keys) > _MOST_NOTES:
        yield Note("...", f"{len(keys) - _MOST_NOTES} more keys are not known, and ignored")


def _reading(known: Mapping[str, object]) -> ParseOptions:
    """The options of reading that the job sets, checked by ParseOptions itself."""
    names = {own: given for given, own in _OTHER_NAMES.items() if given in known}
    for own, other in names.items():
        if own in known:
            raise OptionInvalid(f"input.{other}: is another name of {own}; give one of them")
    values = {name: known[names.get(name, name)] for name in READING if names.get(name, name) in known}
    if "tasks" in values:
        values["tasks"] = _tasks(values["tasks"])
    return _validated(ParseOptions, values, names)


def _tasks(value: object) -> object:
    """`{label: task}`, or the official SDK's `{task: [label, ...]}`; both may stand in one mapping."""
    if not isinstance(value, Mapping):
        return value
    flat: dict[object, object] = {}
    for key, entry in value.items():
        if isinstance(entry, list) and all(isinstance(label, str) for label in entry):
            flat |= dict.fromkeys(entry, key)
        else:
            flat[key] = entry
    return flat


def _with_one_source(job: Job, unknown: Sequence[Note]) -> tuple[Job, list[Note]]:
    """The job with the source that is read; of the others, that they are not."""
    kinds = [[key for key in kind if getattr(job, key) is not None] for kind in SOURCE_KINDS]
    strongest = next((kind for kind in kinds if kind), [])
    others = [key for kind in kinds if kind is not strongest for key in kind]
    if job.warmup:
        others, why = strongest + others, "not read: a warm-up reads a blank page"
    elif not strongest:
        ignored = "".join(f"; {note.key}: {note.message}" for note in unknown)
        raise SourceInvalid(f"input: exactly one of {', '.join(SOURCE_KEYS)} is needed; none is given{ignored}")
    elif len(strongest) > 1:
        raise SourceInvalid(
            f"input: exactly one of {', '.join(SOURCE_KEYS)} is needed; {' and '.join(strongest)} are given"
        )
    else:
        why = f"not read: {strongest[0]} was given too, and comes first"
    return job.model_copy(update=dict.fromkeys(others)), [Note(key, why) for key in others]


def _corrected(job: Job) -> tuple[Job, list[Note]]:
    """The job with the two numbers put right that the worker people run today puts right."""
    changes: dict[str, int] = {}
    if job.start_page < 1:
        changes["start_page"] = 1
    if job.max_crop_images is not None and job.max_crop_images < 0:
        changes["max_crop_images"] = 0
    notes = [Note(key, f"{getattr(job, key)} counts as {value}") for key, value in changes.items()]
    job = job.model_copy(update=changes)
    if job.end_page is not None and job.end_page < job.start_page:
        raise PagesInvalid(f"input: end_page {job.end_page} is before start_page {job.start_page}: an empty range")
    return job, notes


def _validated(model: type[M], values: Mapping[str, object], names: Mapping[str, str] = MappingProxyType({})) -> M:
    """`values` as a model; `names` is what the caller called a field, where that is not its name."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        complaint = error.errors(include_url=False, include_context=False, include_input=False)[0]
        first, *rest = (str(part) for part in complaint["loc"] if part != "[key]")
        key = shown(".".join((names.get(first, first), *rest)))
        said = shown(complaint["msg"].removeprefix("Value error, "), _LONGEST_COMPLAINT)
        raise OptionInvalid(f"input.{key}: {said}") from error
