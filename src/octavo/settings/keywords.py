"""The keywords of `octavo.parse`, for type checkers and editors.

Written by scripts/generate_docs.py from the settings: change them there, then run `make docs`.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

from octavo.document import Task
from octavo.settings.document import (
    Furniture,
    LayoutNetworkUse,
    Merge,
    OfficialStep,
    OfficialVersion,
    OrientationUse,
    PictureNames,
    Profile,
    Shown,
    StraightenUse,
    TextLayerUse,
)


class Keywords(TypedDict, total=False):
    """The fields of ParseOptions and EngineSettings, as a caller may write them."""

    pages: str | None
    """Pages to read, from 1: '1-5,8,-1'; -1 is the last. Default: all."""
    password: str | None
    """Password of an encrypted PDF."""
    dpi: int | None
    """Pixels per inch a PDF page is drawn at. Default: 150, and up to 400 of a scan that is smaller than Letter; in
    the official SDK's profiles what it takes, 200."""
    max_side: int
    """Longest side of a page picture in pixels; larger pages are drawn smaller."""
    orientation: OrientationUse | Literal["auto", "off"]
    """Turn pages that lie on their side upright."""
    straighten: StraightenUse | Literal["auto", "off"]
    """Put crooked scans and photographed pages straight before they are read; not in profiles official and sdk."""
    text_layer: TextLayerUse | Literal["auto", "off", "only"]
    """Use a PDF page's own text: where it can be trusted, never, or only."""
    layout: bool
    """Find regions; without, the whole page is one region."""
    layout_network: LayoutNetworkUse | Literal["always", "auto", "never"]
    """Engine embedded: ask the layout network about every page, about those with lines that are not known from a
    text layer, or never."""
    tasks: Mapping[str, Task | Literal["text", "table", "formula", "skip", "abandon"]]
    """What to do with regions of a label, over the profile's: image=text,header=abandon"""
    profile: Profile | Literal["faithful", "official", "sdk"]
    """Rules of reading: faithful to the page, equal to the official SDK's, or the SDK itself (engine glm-ocr)."""
    furniture: Furniture | Literal["apart", "inline", "drop"]
    """Running headers, footers and page numbers: apart from the text, inline, or dropped."""
    formats: Sequence[str]
    """What to write."""
    picture_names: PictureNames | Literal["official", "document"]
    """Names of pictures: the official SDK's, or with the document's in them, as `octavo parse` writes them by
    default. The profiles official and sdk keep the SDK's."""
    official_version: OfficialVersion | Literal["0.1.1", "0.1.5"]
    """Profile official: the version of the SDK that it equals. The worker's image sets its own."""
    official_without: Sequence[OfficialStep | Literal["nms", "formula_numbers", "text_blocks", "bullet_points"]]
    """Profile official: steps left out: nms, formula_numbers, text_blocks, bullet_points."""
    official_merge: Mapping[str, Merge | Literal["union", "large", "small"]]
    """Profile official: which of two nested regions stays (large, small, union), by label: text=union, or
    all=large"""
    official_unclip: Mapping[str, Sequence[float]]
    """Profile official: factors on width and height of regions, as JSON: {"all": [1.1, 1.0]}"""
    official_shown: Mapping[str, Shown | Literal["text", "table", "formula", "image"] | str]
    """Profile official: the kind regions of a label are shown as: chart=image,header=text"""
    engine: str
    """Pair of detector and recogniser: 'embedded' (no GPU, no network) or 'glm-ocr'."""
    detector: str | None
    """Detector, where it is not the engine's own."""
    recognizer: str | None
    """Recogniser, where it is not the engine's own."""
    url: str | None
    """Server that glm-ocr asks, OpenAI-compatible: http://host:8080 or .../v1. Default: vLLM, started here."""
    threads: int | None
    """CPU threads of the embedded networks. Default: the cores this process may use."""
    pages_in_flight: int | None
    """Pages of one document under way at a time. Default: 6, or while they are small a quarter of the requests that
    may be in flight."""
    onnx_providers: Sequence[str]
    """ONNX Runtime providers tried before the CPU: CUDAExecutionProvider ... Needs a build that has them."""
    languages: Sequence[str]
    """Languages for such lines, as Tesseract calls them: kor,ara. Default: all that are installed, tried on a
    few."""
    tesseract_command: str
    """The tesseract program: a name on the PATH or its place."""
    tesseract_seconds: float
    """Most CPU time that Tesseract may take over lines of one page, in seconds."""
    api_key: str | None
    """Bearer token of that server. Never logged."""
    served_model_name: str
    """The model's name in requests to its server."""
    requests_in_flight: int | None
    """Most requests to the model's server at a time, over all documents. Default: 32, and more as long as vLLM has
    none waiting."""
    connection_pool_size: int | None
    """Most connections to the model's server. Default: as many as there are requests in flight."""
    connect_seconds: float
    """How long a server given by url may take to answer for the first time."""
    request_seconds: float
    """Longest time one request may take."""
    retries: int
    """How often a request that failed is sent again."""
    retry_seconds: float
    """Pause before the first retry; doubled at each, with jitter, to at most 8 s."""
    region_tokens: int
    """Most tokens read in one region; small crops are allowed fewer at first."""
    temperature: float
    """Sampling temperature."""
    top_p: float
    """Nucleus of the sampling."""
    top_k: int | None
    """Candidates of the sampling. Default: 1 at temperature 0, else any."""
    repetition_penalty: float
    """What tokens already said are divided by."""
    prompts: Mapping[Task | Literal["text", "table", "formula", "skip", "abandon"], str]
    """Prompts by task, over the model's own: text=..., table=..., formula=..."""
    crop_pixels: int
    """Most pixels of a crop; 4816896 is what GLM-OCR can see."""
    crop_quality: int
    """JPEG quality of the crops sent to the model."""
    answers_kept: int
    """Answers kept for crops that come again, pixel for pixel: logos, form headers. 0: each is asked for."""
    confidences: bool
    """Ask for token probabilities, and give each region a confidence."""
    recovery: bool
    """Read again, otherwise, what came back empty, too short or repeating: warmer, larger, in halves."""
    model_name: str
    """Model that vLLM loads: a hub name or a folder."""
    model_revision: str | None
    """Its revision on the hub; of another model, the newest by default."""
    model_cache: str | None
    """Folder of the hub cache with the model. Default: the hub's own, or one on the network volume that has it."""
    volume_path: str
    """Network volume that may hold cached models."""
    vllm_command: str
    """The vllm program: a name on the PATH or its place."""
    vllm_host: str
    """Address vLLM listens on."""
    vllm_port: int
    """Port vLLM listens on; 0 takes a free one."""
    vllm_dtype: str
    """Number format of the weights: auto, bfloat16, float16."""
    trust_remote_code: bool
    """Let vLLM run code that comes with the model."""
    gpu_memory_utilization: float
    """Share of the GPU's memory vLLM takes; the layout model needs some beside it."""
    max_model_len: int
    """Longest prompt and answer in tokens: a full picture is 6144."""
    max_num_seqs: int
    """Sequences vLLM decodes at a time."""
    max_num_batched_tokens: int
    """Tokens vLLM takes in one step; under 8192 it refuses large crops."""
    limit_mm_per_prompt: Mapping[str, int]
    """Pictures per request."""
    speculative_config: Mapping[str, object] | None
    """vLLM's speculative decoding as JSON; 'off' or empty: none. Dropped, with a warning, where it does not
    start."""
    vllm_args: Sequence[str]
    """Further arguments of `vllm serve`."""
    vllm_boot_seconds: float
    """How long vLLM may take to become healthy."""
    layout_model: str
    """Layout network: a hub name or a folder."""
    layout_revision: str | None
    """Its revision on the hub. Default: a fixed one of the default network, the newest of any other."""
    layout_device: str | None
    """Where the layout network runs: cpu, cuda, cuda:1. Default: a GPU if there is one."""
    layout_gpu: int
    """GPU of the layout network by default."""
    layout_half: bool
    """Half precision where the layout network runs on a GPU."""
    layout_threshold: float
    """Lowest score of a region."""
    layout_thresholds: Mapping[str, float]
    """Lowest scores by label, over that one: text=0.5,table=0.2"""
    layout_batch_size: int | None
    """Most pages the layout network sees at a time. Default: 16 on a GPU, 1 on the CPU."""
    layout_workers: int
    """Threads that prepare pictures for the layout network."""
    layout_polygons: bool
    """Outlines of regions, besides boxes: slower, and only for the result."""
    max_source_bytes: int
    """Largest source in bytes."""
    max_pages: int
    """Most pages read of one document."""
    max_page_pixels: int
    """Largest picture decoded, in pixels."""
    page_seconds: float
    """Most CPU time that one page may take to be drawn, in seconds."""
    document_seconds: float
    """Most CPU time that pages of one document may take beyond 3 s each to be drawn, in seconds."""
    reading_seconds: float
    """Most CPU time that the embedded reader may take over the lines of one page, in seconds."""
    sdk_seconds: float
    """Longest time the official SDK may take over a document, in profile sdk."""
    fetch_seconds: float
    """Longest time a download may take."""
    allow_private_addresses: bool
    """Fetch URLs that lead into private networks."""
