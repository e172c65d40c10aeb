"""Every knob, spelled once: flag, environment variable, JSON schema and docs/options.md come from these lines.

`EngineSettings` lives as long as an engine, `ParseOptions` as long as one document. Values are resolved by `resolve`:
explicit beats environment beats the official SDK's configuration file (GLMOCR_CONFIG_PATH) beats preset beats default,
and each value remembers where it came from. The environment is read when settings are made, never on import.
"""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Generic, Literal, TypeVar, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from octavo import official_config
from octavo.document import Label, Task
from octavo.errors import OptionInvalid


class TextLayerUse(StrEnum):
    """What to do with the text a PDF page carries."""

    AUTO = "auto"  # use it where it can be trusted
    OFF = "off"  # read every page from its picture
    ONLY = "only"  # never read a picture: what the layer does not say is reported lost


class Furniture(StrEnum):
    """Where running headers, footers and page numbers go in Markdown and HTML."""

    APART = "apart"  # kept in the JSON, left out of the running text
    INLINE = "inline"  # in the running text, where they stand on the page
    DROP = "drop"  # nowhere


class Profile(StrEnum):
    """Which rules of post-processing apply."""

    FAITHFUL = "faithful"  # nothing that damages content
    OFFICIAL = "official"  # equal to the official GLM-OCR SDK's formatter, its quirks included


class OrientationUse(StrEnum):
    """Whether pages that lie on their side are turned upright."""

    AUTO = "auto"
    OFF = "off"


class Merge(StrEnum):
    """What the official profile does where one region lies in another."""

    UNION = "union"  # both stay
    LARGE = "large"  # the outer one stays
    SMALL = "small"  # the inner one stays


class OfficialStep(StrEnum):
    """What the official profile does to a page that its configuration can turn off."""

    NMS = "nms"  # drop regions that overlap a better one
    FORMULA_NUMBERS = "formula_numbers"  # put numbers into the formula beside them
    TEXT_BLOCKS = "text_blocks"  # join texts at a hyphen
    BULLET_POINTS = "bullet_points"  # turn a text between two list items into one


class Shown(StrEnum):
    """The kinds of region of the official result."""

    TEXT = "text"
    TABLE = "table"
    FORMULA = "formula"
    IMAGE = "image"


# The official SDK's default mapping of labels to tasks (config.yaml of glmocr 0.1.5).
DEFAULT_TASKS: Mapping[Label, Task] = MappingProxyType(
    dict.fromkeys(Label, Task.TEXT)
    | dict.fromkeys((Label.TABLE,), Task.TABLE)
    | dict.fromkeys((Label.DISPLAY_FORMULA, Label.INLINE_FORMULA), Task.FORMULA)
    | dict.fromkeys((Label.IMAGE, Label.CHART), Task.SKIP)
    | dict.fromkeys(
        (
            Label.HEADER,
            Label.FOOTER,
            Label.NUMBER,
            Label.FOOTNOTE,
            Label.ASIDE_TEXT,
            Label.REFERENCE,
            Label.HEADER_IMAGE,
            Label.FOOTER_IMAGE,
        ),
        Task.ABANDON,
    )
)

GLM_OCR = "zai-org/GLM-OCR"
GLM_OCR_REVISION = "e9134f400acad80346162536e043def285fa1022"
LAYOUT_MODEL = "PaddlePaddle/PP-DocLayoutV3_safetensors"
LAYOUT_REVISION = "97d101e6db2642e162a1d05392d1b0231c91033e"

# What `faithful` does by default: read the running text the official mapping throws away, keep the pictures.
FAITHFUL_TASKS: Mapping[Label, Task] = MappingProxyType(
    dict(DEFAULT_TASKS)
    | dict.fromkeys(
        (Label.HEADER, Label.FOOTER, Label.NUMBER, Label.FOOTNOTE, Label.ASIDE_TEXT, Label.REFERENCE), Task.TEXT
    )
    | dict.fromkeys((Label.HEADER_IMAGE, Label.FOOTER_IMAGE), Task.SKIP)
)


class _Knobs(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _from_text(cls, value: object, info: ValidationInfo) -> object:
        """JSON, 'a,b' or 'a=b,c=d' where several values are asked for: flags and environment have only text."""
        kind = get_origin(kind_of(cls, info.field_name or ""))
        if not isinstance(value, str) or kind not in (tuple, Mapping):
            return value
        if value[:1] in ("[", "{"):
            try:
                return json.loads(value)
            except json.JSONDecodeError as error:
                raise ValueError(f"is not JSON: {error.msg} at character {error.pos + 1}") from error
        parts = [part.strip() for part in value.split(",") if part.strip()]
        return parts if kind is tuple else dict(_pair(part) for part in parts)


def _knob(
    default: Any,
    description: str,
    *,
    environment: tuple[str, ...] = (),
    flag: str | None = None,
    socket: str | None = None,
    **limits: Any,
) -> Any:
    """A field. `environment`: variables, besides `OCTAVO_<NAME>`, that set it; `flag`: what the command line calls it,
    where that is not its name; `socket`: the plural folder whose drop-ins are its values."""
    extra: dict[str, Any] = {"environment": list(environment), "flag": flag, "socket": socket}
    return Field(default, description=description, json_schema_extra=extra, **limits)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is not of the form NAME=VALUE")
    return key.strip(), value.strip()


class ParseOptions(_Knobs):
    """What a caller may choose for one document."""

    pages: str | None = _knob(None, "Pages to read, from 1: '1-5,8,-1'; -1 is the last. Default: all.")
    password: SecretStr | None = _knob(None, "Password of an encrypted PDF.")
    dpi: int = _knob(150, "Pixels per inch a PDF page is drawn at.", ge=36, le=600)
    max_side: int = _knob(
        3500,
        "Longest side of a page picture in pixels; larger pages are drawn smaller.",
        ge=64,
        le=20000,
        environment=("IMAGE_MAX_SIDE",),
    )
    orientation: OrientationUse = _knob(OrientationUse.AUTO, "Turn pages that lie on their side upright.")
    text_layer: TextLayerUse = _knob(
        TextLayerUse.AUTO, "Use a PDF page's own text: where it can be trusted, never, or only."
    )
    layout: bool = _knob(
        True, "Find regions; without, the whole page is one region.", environment=("GLMOCR_ENABLE_LAYOUT",)
    )
    tasks: Mapping[Label, Task] = _knob(
        {}, "What to do with regions of a label, over the profile's: image=text,header=abandon", flag="map"
    )
    profile: Profile = _knob(Profile.FAITHFUL, "Post-processing: faithful to the page, or equal to the official SDK.")
    furniture: Furniture = _knob(
        Furniture.APART, "Running headers, footers and page numbers: apart from the text, inline, or dropped."
    )
    # --- profile `official`: the switches of the SDK's own configuration ----------------------------------------------
    official_without: tuple[OfficialStep, ...] = _knob(
        (), "Profile official: steps left out: nms, formula_numbers, text_blocks, bullet_points."
    )
    official_merge: Mapping[Label | Literal["all"], Merge] = _knob(
        {},
        "Profile official: which of two nested regions stays (large, small, union), by label: text=union, or all=large",
    )
    official_unclip: Mapping[Label | Literal["all"], tuple[float, float]] = _knob(
        {}, 'Profile official: factors on width and height of regions, as JSON: {"all": [1.1, 1.0]}'
    )
    official_shown: Mapping[Label, Shown | Label] = _knob(
        {}, "Profile official: the kind regions of a label are shown as: chart=image,header=text"
    )

    formats: tuple[str, ...] = _knob(
        ("markdown", "glmocr_json", "crops", "overlay"), "What to write.", socket="renderers"
    )

    @field_validator("official_merge", "official_unclip", mode="after")
    @classmethod
    def _all_or_each(cls, value: Mapping[Any, Any]) -> Mapping[Any, Any]:
        if "all" in value and len(value) > 1:
            raise ValueError("'all' stands alone: give one value for all labels, or values by label")
        return value

    @field_validator("tasks", "official_merge", "official_unclip", "official_shown", mode="after")
    @classmethod
    def _freeze(cls, value: Mapping[Any, Any]) -> Mapping[Any, Any]:
        return MappingProxyType(dict(value))

    def task_of(self, label: Label) -> Task:
        """What is done with a region of this label."""
        defaults = FAITHFUL_TASKS if self.profile is Profile.FAITHFUL else DEFAULT_TASKS
        return self.tasks.get(label, defaults[label])


class EngineSettings(_Knobs):
    """What lives as long as an engine."""

    engine: str = _knob("embedded", "Pair of detector and recogniser: 'embedded' (no GPU, no network) or 'glm-ocr'.")
    detector: str | None = _knob(None, "Detector, where it is not the engine's own.", socket="detectors")
    recognizer: str | None = _knob(None, "Recogniser, where it is not the engine's own.", socket="recognizers")
    threads: int | None = _knob(
        None, "CPU threads of the embedded networks. Default: the cores this process may use.", ge=1
    )

    pages_in_flight: int = _knob(
        6, "Page pictures of one document held at a time, between drawing and recognition.", ge=1
    )
    onnx_providers: tuple[str, ...] = _knob(
        (), "ONNX Runtime providers tried before the CPU: CUDAExecutionProvider ... Needs a build that has them."
    )

    # --- the model's server: recogniser `openai`, and the `vllm serve` it starts where no url is given ----------------
    url: str | None = _knob(
        None, "OpenAI-compatible server that reads: http://host:8080 or .../v1. Default: start vLLM on this machine."
    )
    api_key: SecretStr | None = _knob(
        None, "Bearer token of that server. Never logged.", environment=("GLMOCR_API_KEY",)
    )
    served_model_name: str = _knob(
        "glm-ocr", "The model's name in requests to its server.", environment=("SERVED_MODEL_NAME",)
    )
    requests_in_flight: int = _knob(
        32,
        "Most requests to the model's server at a time, over all documents.",
        ge=1,
        environment=("GLMOCR_MAX_WORKERS",),
    )
    connection_pool_size: int = _knob(
        128, "Connections to the model's server kept open.", ge=1, environment=("GLMOCR_CONNECTION_POOL_SIZE",)
    )
    connect_seconds: float = _knob(
        30.0,
        "How long a server given by url may take to answer for the first time.",
        gt=0,
        environment=("GLMOCR_CONNECT_TIMEOUT",),
    )
    request_seconds: float = _knob(
        180.0, "Longest time one request may take.", gt=0, environment=("GLMOCR_REQUEST_TIMEOUT",)
    )
    retries: int = _knob(
        3, "How often a request that failed is sent again.", ge=0, environment=("GLMOCR_RETRY_MAX_ATTEMPTS",)
    )
    retry_seconds: float = _knob(
        0.75,
        "Pause before the first retry; doubled at each, with jitter, to at most 8 s.",
        gt=0,
        environment=("GLMOCR_RETRY_BACKOFF_BASE_SECONDS",),
    )
    region_tokens: int = _knob(
        8192,
        "Most tokens read in one region; small crops are allowed fewer at first.",
        ge=16,
        environment=("GLMOCR_MAX_TOKENS_PER_PAGE",),
    )
    temperature: float = _knob(0.0, "Sampling temperature.", ge=0, le=2, environment=("GLMOCR_TEMPERATURE",))
    top_p: float = _knob(1e-5, "Nucleus of the sampling.", gt=0, le=1, environment=("GLMOCR_TOP_P",))
    top_k: int = _knob(1, "Candidates of the sampling.", ge=1, environment=("GLMOCR_TOP_K",))
    repetition_penalty: float = _knob(
        1.1, "What tokens already said are divided by.", gt=0, environment=("GLMOCR_REPETITION_PENALTY",)
    )
    prompts: Mapping[Task, str] = _knob({}, "Prompts by task, over the model's own: text=..., table=..., formula=...")
    crop_pixels: int = _knob(
        4_816_896,
        "Most pixels of a crop; 4816896 is what GLM-OCR can see.",
        ge=12_544,
        environment=("GLMOCR_MAX_PIXELS",),
    )
    crop_quality: int = _knob(
        90, "JPEG quality of the crops sent to the model.", ge=30, le=100, environment=("IMAGE_JPEG_QUALITY",)
    )
    confidences: bool = _knob(False, "Ask for token probabilities, and give each region a confidence.")
    recovery: bool = _knob(
        True, "Read again, otherwise, what came back empty, cut short or repeating: warmer, larger, in halves."
    )
    model_name: str = _knob(GLM_OCR, "Model that vLLM loads: a hub name or a folder.", environment=("MODEL_NAME",))
    model_revision: str | None = _knob(
        GLM_OCR_REVISION,
        "Its revision on the hub; of another model, the newest by default.",
        environment=("MODEL_REVISION",),
    )
    model_cache: str | None = _knob(
        None,
        "Folder of the hub cache with the model. Default: the hub's own, or one on the network volume that has it.",
        environment=("HF_HUB_CACHE",),
    )
    volume_path: str = _knob(
        "/runpod-volume", "Network volume that may hold cached models.", environment=("RUNPOD_VOLUME_PATH",)
    )
    vllm_command: str = _knob("vllm", "The vllm program: a name on the PATH or its place.")
    vllm_host: str = _knob("127.0.0.1", "Address vLLM listens on.", environment=("VLLM_HOST",))
    vllm_port: int = _knob(
        8080, "Port vLLM listens on; 0 takes a free one.", ge=0, le=65535, environment=("VLLM_PORT",)
    )
    vllm_dtype: str = _knob(
        "auto", "Number format of the weights: auto, bfloat16, float16.", environment=("VLLM_DTYPE",)
    )
    trust_remote_code: bool = _knob(
        False, "Let vLLM run code that comes with the model.", environment=("TRUST_REMOTE_CODE",)
    )
    gpu_memory_utilization: float = _knob(
        0.85,
        "Share of the GPU's memory vLLM takes; the layout model needs some beside it.",
        gt=0,
        le=1,
        environment=("GPU_MEMORY_UTILIZATION",),
    )
    max_model_len: int = _knob(
        16384, "Longest prompt and answer in tokens: a full picture is 6144.", ge=1024, environment=("MAX_MODEL_LEN",)
    )
    max_num_seqs: int = _knob(128, "Sequences vLLM decodes at a time.", ge=1, environment=("MAX_NUM_SEQS",))
    max_num_batched_tokens: int = _knob(
        16384,
        "Tokens vLLM takes in one step; under 8192 it refuses large crops.",
        ge=1024,
        environment=("MAX_NUM_BATCHED_TOKENS",),
    )
    limit_mm_per_prompt: Mapping[str, int] = _knob(
        {"image": 1}, "Pictures per request.", environment=("LIMIT_MM_PER_PROMPT",)
    )
    speculative_config: Mapping[str, Any] | None = _knob(
        {"method": "mtp", "num_speculative_tokens": 3},
        "vLLM's speculative decoding as JSON, or 'off'. Dropped, with a warning, where vLLM does not start with it.",
        environment=("SPECULATIVE_CONFIG",),
    )
    vllm_args: tuple[str, ...] = _knob((), "Further arguments of `vllm serve`.", environment=("VLLM_EXTRA_ARGS",))
    vllm_boot_seconds: float = _knob(
        420.0, "How long vLLM may take to become healthy.", gt=0, environment=("VLLM_HEALTH_TIMEOUT",)
    )

    # --- the layout network: detector `pp_doclayout` ------------------------------------------------------------------
    layout_model: str = _knob(
        LAYOUT_MODEL,
        "Layout network: a hub name or a folder.",
        environment=("GLMOCR_LAYOUT_MODEL_DIR",),
    )
    layout_revision: str | None = _knob(
        None, "Its revision on the hub. Default: a fixed one of the default network, the newest of any other."
    )
    layout_device: str | None = _knob(
        None,
        "Where the layout network runs: cpu, cuda, cuda:1. Default: a GPU if there is one.",
        pattern=r"^(cpu|cuda(:\d+)?)$",
        environment=("GLMOCR_LAYOUT_DEVICE",),
    )
    layout_gpu: int = _knob(
        0, "GPU of the layout network by default.", ge=0, environment=("GLMOCR_LAYOUT_CUDA_VISIBLE_DEVICES",)
    )
    layout_half: bool = _knob(True, "Half precision where the layout network runs on a GPU.")
    layout_threshold: float = _knob(
        0.3, "Lowest score of a region.", ge=0, le=1, environment=("GLMOCR_LAYOUT_THRESHOLD",)
    )
    layout_thresholds: Mapping[Label, float] = _knob({}, "Lowest scores by label, over that one: text=0.5,table=0.2")
    layout_batch_size: int | None = _knob(
        None,
        "Most pages the layout network sees at a time. Default: 16 on a GPU, 1 on the CPU.",
        ge=1,
        environment=("GLMOCR_LAYOUT_BATCH_SIZE",),
    )
    layout_workers: int = _knob(
        2, "Threads that prepare pictures for the layout network.", ge=1, environment=("GLMOCR_LAYOUT_WORKERS",)
    )
    layout_polygons: bool = _knob(False, "Outlines of regions, besides boxes: slower, and only for the result.")

    # limits: what one document may cost
    max_source_bytes: int = _knob(512 << 20, "Largest source in bytes.", ge=1)
    max_pages: int = _knob(10_000, "Most pages read of one document.", ge=1, environment=("MAX_PAGES_PER_JOB",))
    max_page_pixels: int = _knob(200_000_000, "Largest picture decoded, in pixels.", ge=1)
    page_seconds: float = _knob(30.0, "Longest time one page may take to be drawn.", gt=0)
    fetch_seconds: float = _knob(120.0, "Longest time a download may take.", gt=0)
    allow_private_addresses: bool = _knob(False, "Fetch URLs that lead into private networks.")

    @model_validator(mode="before")
    @classmethod
    def _revision_of_the_model(cls, given: object) -> object:
        """The default revision belongs to the default model."""
        other = isinstance(given, dict) and given.get("model_name", GLM_OCR) != GLM_OCR
        return {"model_revision": None, **given} if isinstance(given, dict) and other else given

    @field_validator("speculative_config", mode="before")
    @classmethod
    def _off(cls, config: object) -> object:
        return None if config in ("off", "none", "") else config

    @field_validator("vllm_args", mode="before")
    @classmethod
    def _words(cls, arguments: object) -> object:
        return tuple(shlex.split(arguments)) if isinstance(arguments, str) else arguments

    @field_validator("prompts", "limit_mm_per_prompt", "speculative_config", "layout_thresholds", mode="after")
    @classmethod
    def _freeze(cls, value: Mapping[Any, Any] | None) -> Mapping[Any, Any] | None:
        return None if value is None else MappingProxyType(dict(value))


class OutputFormat(StrEnum):
    """Which of the two renderings a reply carries."""

    BOTH = "both"
    JSON = "json"
    MARKDOWN = "markdown"


class WorkerSettings(_Knobs):
    """What lives as long as a serverless worker."""

    concurrency: int = _knob(2, "Jobs worked on at a time.", ge=1, le=256, environment=("WORKER_MAX_CONCURRENCY",))
    downloads: int = _knob(16, "Downloads at a time, over all jobs.", ge=1, environment=("DOWNLOAD_CONCURRENCY",))
    job_seconds: float = _knob(
        1800.0,
        "Time budget of a job; what is finished by then is the reply.",
        gt=0,
        environment=("GLMOCR_PARSE_TIMEOUT_SECONDS",),
    )
    output_format: OutputFormat = _knob(
        OutputFormat.BOTH, "Renderings in a reply.", environment=("GLMOCR_OUTPUT_FORMAT",)
    )
    return_crop_images: bool = _knob(
        False, "List region pictures where the job does not say.", environment=("RETURN_CROP_IMAGES_DEFAULT",)
    )
    max_crop_images: int = _knob(
        200, "Most region pictures listed where the job does not say.", ge=0, environment=("MAX_CROP_IMAGES",)
    )
    stream_pages: bool = _knob(
        False, "Stream pages as they are done; a job's output is then a list.", environment=("STREAM",)
    )
    run_reply_bytes: int = _knob(9_000_000, "Largest result of a job from /run; RunPod takes 10 MB.", ge=10_000)
    runsync_reply_bytes: int = _knob(
        18_000_000, "Largest result of a job from /runsync; RunPod takes 20 MB.", ge=10_000
    )
    log_level: str = _knob("INFO", "Level of the log.", environment=("GLMOCR_LOG_LEVEL",))
    glmocr_ref: str = _knob(
        "none", "Commit of the official SDK this image was built with.", environment=("GLMOCR_REF",)
    )
    vllm_base_image_ref: str = _knob(
        "none", "Base image this image was built from.", environment=("VLLM_BASE_IMAGE_REF", "VLLM_BASE_IMAGE")
    )

    def reply_bytes(self, *, synchronous: bool) -> int:
        """The largest reply to a job; which of RunPod's two limits holds depends on how it was sent."""
        return self.runsync_reply_bytes if synchronous else self.run_reply_bytes


class ServeSettings(_Knobs):
    """What lives as long as an HTTP server."""

    host: str = _knob("127.0.0.1", "Address to listen on; 0.0.0.0 for every network. There is no login.")
    port: int = _knob(8000, "Port to listen on.", ge=0, le=65535, environment=("PORT",))
    request_bytes: int = _knob(30_000_000, "Largest request; RunPod's load balancer takes 30 MB.", ge=1000)
    reply_bytes: int = _knob(29_000_000, "Largest reply; RunPod's load balancer takes 30 MB.", ge=10_000)


# --- where a value comes from ------------------------------------------------------------------------------------

Knobs = TypeVar("Knobs", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Resolved(Generic[Knobs]):
    """Settings, and where each value came from: 'explicit', 'environment NAME', 'preset', or 'default'."""

    values: Knobs
    origins: Mapping[str, str]


def environment_names(model: type[BaseModel], field: str) -> Iterator[str]:
    """The variables that set a knob, strongest first."""
    yield f"OCTAVO_{field.upper()}"
    names = _extra(model, field, "environment")
    yield from (str(name) for name in names) if isinstance(names, list) else ()


def kind_of(model: type[BaseModel], field: str) -> Any:
    """A knob's type, without its `| None`."""
    annotation = model.model_fields[field].annotation
    kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
    return kinds[0] if get_origin(annotation) in (Union, UnionType) and len(kinds) == 1 else annotation


def flag_name(model: type[BaseModel], field: str) -> str:
    """What the command line calls a knob, without the dashes."""
    return str(_extra(model, field, "flag") or field.replace("_", "-"))


def socket_name(model: type[BaseModel], field: str) -> str | None:
    """The plural folder whose drop-ins are a knob's values."""
    name = _extra(model, field, "socket")
    return str(name) if name else None


def _extra(model: type[BaseModel], field: str, key: str) -> object:
    extra = model.model_fields[field].json_schema_extra
    return extra.get(key) if isinstance(extra, dict) else None


def resolve(
    model: type[Knobs],
    explicit: Mapping[str, object],
    environment: Mapping[str, str],
    preset: Mapping[str, str] = MappingProxyType({}),
) -> Resolved[Knobs]:
    """Settle every knob of `model`. Raises OptionInvalid naming the knob and where its value came from."""
    config = environment.get("GLMOCR_CONFIG_PATH")
    configured = official_config.read(Path(config)) if config else {}
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for field in model.model_fields:
        if field in explicit:
            values[field], origins[field] = explicit[field], "explicit"
            continue
        origins[field] = "default"
        if name := _variable(model, field, environment):
            values[field], origins[field] = environment[name], f"environment {name}"
        elif field in configured:
            values[field], origins[field] = configured[field].value, f"GLMOCR_CONFIG_PATH {configured[field].key}"
        elif name := _variable(model, field, preset):
            values[field], origins[field] = preset[name], f"preset {name}"
    unknown = sorted(set(explicit) - set(model.model_fields))
    if unknown:
        raise OptionInvalid(f"no option called {unknown[0]!r}; there are: {', '.join(model.model_fields)}")
    try:
        return Resolved(model.model_validate(values), origins)
    except ValidationError as error:
        raise OptionInvalid(_first_complaint(error, origins)) from error


def _variable(model: type[BaseModel], field: str, variables: Mapping[str, str]) -> str | None:
    """The strongest variable that sets a knob; an empty one sets nothing."""
    return next((name for name in environment_names(model, field) if variables.get(name)), None)


def _first_complaint(error: ValidationError, origins: Mapping[str, str]) -> str:
    complaint = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = str(complaint["loc"][0]) if complaint["loc"] else "options"
    where = ".".join(str(part) for part in complaint["loc"] if part != "[key]") or "options"
    what = complaint["msg"].removeprefix("Value error, ")
    origin = origins.get(field, "explicit")
    return f"{where}: {what[0].lower()}{what[1:]}" + (f" (from {origin})" if origin != "explicit" else "")
