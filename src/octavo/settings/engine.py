"""What lives as long as an engine."""

import shlex
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import SecretStr, field_validator, model_validator

from octavo.document import Label, Task
from octavo.errors import EngineTimeout, EngineUnavailable, LimitExceeded, SourceTooLarge, SourceUnreachable
from octavo.settings.knobs import Settings, knob

GLM_OCR = "zai-org/GLM-OCR"
GLM_OCR_REVISION = "e9134f400acad80346162536e043def285fa1022"
LAYOUT_MODEL = "PaddlePaddle/PP-DocLayoutV3_safetensors"
LAYOUT_REVISION = "97d101e6db2642e162a1d05392d1b0231c91033e"


class Choice(Settings):
    """Which engine, and how much of the machine it may use."""

    engine: str = knob("embedded", "Pair of detector and recogniser: 'embedded' (no GPU, no network) or 'glm-ocr'.")
    detector: str | None = knob(None, "Detector, where it is not the engine's own.", socket="detectors")
    recognizer: str | None = knob(None, "Recogniser, where it is not the engine's own.", socket="recognizers")
    url: str | None = knob(
        None, "Server that glm-ocr asks, OpenAI-compatible: http://host:8080 or .../v1. Default: vLLM, started here."
    )
    threads: int | None = knob(
        None, "CPU threads of the embedded networks. Default: the cores this process may use.", ge=1
    )

    pages_in_flight: int | None = knob(
        None,
        "Pages of one document under way at a time. Default: 6, or while they are small a quarter of the requests "
        "that may be in flight.",
        ge=1,
    )
    onnx_providers: tuple[str, ...] = knob(
        (), "ONNX Runtime providers tried before the CPU: CUDAExecutionProvider ... Needs a build that has them."
    )


class OtherScripts(Settings):
    """Tesseract, which reads the lines whose script the embedded reader does not know."""

    languages: tuple[str, ...] = knob(
        (),
        "Languages for such lines, as Tesseract calls them: kor,ara. Default: all that are installed, tried on a few.",
    )
    tesseract_command: str = knob("tesseract", "The tesseract program: a name on the PATH or its place.")
    tesseract_seconds: float = knob(
        60.0,
        "Most CPU time that Tesseract may take over lines of one page, in seconds.",
        gt=0,
        exceeded=EngineTimeout,
    )


class ModelServer(Settings):
    """The server that recogniser `openai` asks."""

    api_key: SecretStr | None = knob(
        None, "Bearer token of that server. Never logged.", environment=("GLMOCR_API_KEY",)
    )
    served_model_name: str = knob(
        "glm-ocr", "The model's name in requests to its server.", environment=("SERVED_MODEL_NAME",)
    )
    requests_in_flight: int | None = knob(
        None,
        "Most requests to the model's server at a time, over all documents. Default: 32, and more as long as vLLM "
        "has none waiting.",
        ge=1,
        environment=("GLMOCR_MAX_WORKERS",),
    )
    connection_pool_size: int | None = knob(
        None,
        "Most connections to the model's server. Default: as many as there are requests in flight.",
        ge=1,
        environment=("GLMOCR_CONNECTION_POOL_SIZE",),
    )
    connect_seconds: float = knob(
        30.0,
        "How long a server given by url may take to answer for the first time.",
        gt=0,
        environment=("GLMOCR_CONNECT_TIMEOUT",),
        exceeded=EngineUnavailable,
    )
    request_seconds: float = knob(
        180.0,
        "Longest time one request may take.",
        gt=0,
        environment=("GLMOCR_REQUEST_TIMEOUT",),
        exceeded=EngineTimeout,
    )
    retries: int = knob(
        3, "How often a request that failed is sent again.", ge=0, environment=("GLMOCR_RETRY_MAX_ATTEMPTS",)
    )
    retry_seconds: float = knob(
        0.75,
        "Pause before the first retry; doubled at each, with jitter, to at most 8 s.",
        gt=0,
        environment=("GLMOCR_RETRY_BACKOFF_BASE_SECONDS",),
    )
    region_tokens: int = knob(
        8192,
        "Most tokens read in one region; small crops are allowed fewer at first.",
        ge=16,
        environment=("GLMOCR_MAX_TOKENS_PER_PAGE",),
    )
    temperature: float = knob(0.0, "Sampling temperature.", ge=0, le=2, environment=("GLMOCR_TEMPERATURE",))
    top_p: float = knob(1e-5, "Nucleus of the sampling.", gt=0, le=1, environment=("GLMOCR_TOP_P",))
    top_k: int | None = knob(
        None,
        "Candidates of the sampling. Default: 1 at temperature 0, else any.",
        ge=1,
        environment=("GLMOCR_TOP_K",),
    )
    repetition_penalty: float = knob(
        1.1, "What tokens already said are divided by.", gt=0, environment=("GLMOCR_REPETITION_PENALTY",)
    )
    prompts: Mapping[Task, str] = knob({}, "Prompts by task, over the model's own: text=..., table=..., formula=...")
    crop_pixels: int = knob(
        4_816_896,
        "Most pixels of a crop; 4816896 is what GLM-OCR can see.",
        ge=12_544,
        environment=("GLMOCR_MAX_PIXELS",),
    )
    crop_quality: int = knob(
        90, "JPEG quality of the crops sent to the model.", ge=30, le=100, environment=("IMAGE_JPEG_QUALITY",)
    )
    answers_kept: int = knob(
        4096,
        "Answers kept for crops that come again, pixel for pixel: logos, form headers. 0: each is asked for.",
        ge=0,
    )
    confidences: bool = knob(False, "Ask for token probabilities, and give each region a confidence.")
    recovery: bool = knob(
        True, "Read again, otherwise, what came back empty, too short or repeating: warmer, larger, in halves."
    )


class VllmProcess(Settings):
    """The `vllm serve` that is started where no url is given."""

    model_name: str = knob(GLM_OCR, "Model that vLLM loads: a hub name or a folder.", environment=("MODEL_NAME",))
    model_revision: str | None = knob(
        GLM_OCR_REVISION,
        "Its revision on the hub; of another model, the newest by default.",
        environment=("MODEL_REVISION",),
    )
    model_cache: str | None = knob(
        None,
        "Folder of the hub cache with the model. Default: the hub's own, or one on the network volume that has it.",
        environment=("HF_HUB_CACHE",),
    )
    volume_path: str = knob(
        "/runpod-volume", "Network volume that may hold cached models.", environment=("RUNPOD_VOLUME_PATH",)
    )
    vllm_command: str = knob("vllm", "The vllm program: a name on the PATH or its place.")
    vllm_host: str = knob("127.0.0.1", "Address vLLM listens on.", environment=("VLLM_HOST",))
    vllm_port: int = knob(8080, "Port vLLM listens on; 0 takes a free one.", ge=0, le=65535, environment=("VLLM_PORT",))
    vllm_dtype: str = knob(
        "auto", "Number format of the weights: auto, bfloat16, float16.", environment=("VLLM_DTYPE",)
    )
    trust_remote_code: bool = knob(
        False, "Let vLLM run code that comes with the model.", environment=("TRUST_REMOTE_CODE",)
    )
    gpu_memory_utilization: float = knob(
        0.85,
        "Share of the GPU's memory vLLM takes; the layout model needs some beside it.",
        gt=0,
        le=1,
        environment=("GPU_MEMORY_UTILIZATION",),
    )
    max_model_len: int = knob(
        16384, "Longest prompt and answer in tokens: a full picture is 6144.", ge=1024, environment=("MAX_MODEL_LEN",)
    )
    max_num_seqs: int = knob(128, "Sequences vLLM decodes at a time.", ge=1, environment=("MAX_NUM_SEQS",))
    max_num_batched_tokens: int = knob(
        16384,
        "Tokens vLLM takes in one step; under 8192 it refuses large crops.",
        ge=1024,
        environment=("MAX_NUM_BATCHED_TOKENS",),
    )
    limit_mm_per_prompt: Mapping[str, int] = knob(
        {"image": 1}, "Pictures per request.", environment=("LIMIT_MM_PER_PROMPT",)
    )
    speculative_config: Mapping[str, Any] | None = knob(
        {"method": "mtp", "num_speculative_tokens": 3},
        "vLLM's speculative decoding as JSON; 'off' or empty: none. Dropped, with a warning, where it does not start.",
        environment=("SPECULATIVE_CONFIG",),
        may_be_empty=True,
    )
    vllm_args: tuple[str, ...] = knob((), "Further arguments of `vllm serve`.", environment=("VLLM_EXTRA_ARGS",))
    vllm_boot_seconds: float = knob(
        420.0,
        "How long vLLM may take to become healthy.",
        gt=0,
        environment=("VLLM_HEALTH_TIMEOUT",),
        exceeded=EngineUnavailable,
    )


class LayoutNetwork(Settings):
    """The layout network of detector `pp_doclayout`."""

    layout_model: str = knob(
        LAYOUT_MODEL,
        "Layout network: a hub name or a folder.",
        environment=("GLMOCR_LAYOUT_MODEL_DIR",),
    )
    layout_revision: str | None = knob(
        None, "Its revision on the hub. Default: a fixed one of the default network, the newest of any other."
    )
    layout_device: str | None = knob(
        None,
        "Where the layout network runs: cpu, cuda, cuda:1. Default: a GPU if there is one.",
        pattern=r"^(cpu|cuda(:\d+)?)$",
        environment=("GLMOCR_LAYOUT_DEVICE",),
    )
    layout_gpu: int = knob(
        0, "GPU of the layout network by default.", ge=0, environment=("GLMOCR_LAYOUT_CUDA_VISIBLE_DEVICES",)
    )
    layout_half: bool = knob(True, "Half precision where the layout network runs on a GPU.")
    layout_threshold: float = knob(
        0.3, "Lowest score of a region.", ge=0, le=1, environment=("GLMOCR_LAYOUT_THRESHOLD",)
    )
    layout_thresholds: Mapping[Label, float] = knob({}, "Lowest scores by label, over that one: text=0.5,table=0.2")
    layout_batch_size: int | None = knob(
        None,
        "Most pages the layout network sees at a time. Default: 16 on a GPU, 1 on the CPU.",
        ge=1,
        environment=("GLMOCR_LAYOUT_BATCH_SIZE",),
    )
    layout_workers: int = knob(
        2, "Threads that prepare pictures for the layout network.", ge=1, environment=("GLMOCR_LAYOUT_WORKERS",)
    )
    layout_polygons: bool = knob(False, "Outlines of regions, besides boxes: slower, and only for the result.")


class DocumentLimits(Settings):
    """What one document may cost."""

    max_source_bytes: int = knob(512 << 20, "Largest source in bytes.", ge=1, exceeded=SourceTooLarge)
    max_pages: int = knob(
        10_000, "Most pages read of one document.", ge=1, environment=("MAX_PAGES_PER_JOB",), exceeded=LimitExceeded
    )
    max_page_pixels: int = knob(200_000_000, "Largest picture decoded, in pixels.", ge=1, exceeded=LimitExceeded)
    page_seconds: float = knob(
        30.0, "Most CPU time that one page may take to be drawn, in seconds.", gt=0, exceeded=LimitExceeded
    )
    document_seconds: float = knob(
        60.0,
        "Most CPU time that pages of one document may take beyond 3 s each to be drawn, in seconds.",
        gt=0,
        exceeded=LimitExceeded,
    )
    reading_seconds: float = knob(
        90.0,
        "Most CPU time that the embedded reader may take over the lines of one page, in seconds.",
        gt=0,
        exceeded=LimitExceeded,
    )
    sdk_seconds: float = knob(
        1800.0,
        "Longest time the official SDK may take over a document, in profile sdk.",
        gt=0,
    )
    fetch_seconds: float = knob(120.0, "Longest time a download may take.", gt=0, exceeded=SourceUnreachable)
    allow_private_addresses: bool = knob(False, "Fetch URLs that lead into private networks.")


class EngineSettings(DocumentLimits, LayoutNetwork, VllmProcess, ModelServer, OtherScripts, Choice):
    """What lives as long as an engine.

    The knobs are spelled in the classes it is made of, and come in their order from right to left.
    """

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
