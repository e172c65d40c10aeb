"""What lives as long as a serverless worker or an HTTP server."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from pydantic import SecretStr

from octavo.errors import DeliveryFailed, LimitExceeded, Overloaded, SourceInvalid, SourceTooLarge, TimeBudgetSpent
from octavo.settings.document import Profile, TextLayerUse
from octavo.settings.knobs import Settings, knob

# How the serverless worker reads where nobody says otherwise: as the official full layout mode does.
WORKER_DEFAULTS: Mapping[str, object] = MappingProxyType({"profile": Profile.OFFICIAL, "text_layer": TextLayerUse.OFF})


class OutputFormat(StrEnum):
    """Which of the two renderings a reply carries."""

    BOTH = "both"
    JSON = "json"
    MARKDOWN = "markdown"


class ErrorText(StrEnum):
    """What the `error` of a failed job is."""

    PLAIN = "plain"  # "[code] message", for people
    JSON = "json"  # the same fields as `error_details`, as JSON


class Overflow(StrEnum):
    """Where files go that a reply has no room for, where the job does not say."""

    AUTO = "auto"  # the bucket; without one the network volume; without that the reply is an error
    BUCKET = "bucket"
    VOLUME = "volume"
    OFF = "off"


class Storage(Settings):
    """What a worker keeps outside itself."""

    overflow: Overflow = knob(Overflow.AUTO, "Where files go that a reply has no room for.")
    bucket_endpoint_url: str | None = knob(
        None,
        "S3-compatible endpoint; the bucket's name may stand in it.",
        pattern=r"^https?://[^/\s]+",
        environment=("BUCKET_ENDPOINT_URL",),
    )
    bucket_name: str | None = knob(
        None, "The bucket, where its endpoint does not name it.", environment=("BUCKET_NAME",)
    )
    bucket_region: str | None = knob(
        None, "Its region. Default: what the endpoint says, or us-east-1.", environment=("BUCKET_REGION",)
    )
    bucket_access_key_id: SecretStr | None = knob(None, "Its access key.", environment=("BUCKET_ACCESS_KEY_ID",))
    bucket_secret_access_key: SecretStr | None = knob(
        None, "The secret of that key. Never logged.", environment=("BUCKET_SECRET_ACCESS_KEY",)
    )
    link_seconds: int = knob(
        604_800, "How long links to uploaded files are good for; 7 days at most.", ge=60, le=604_800
    )
    checkpoints: bool = knob(
        True, "Keep finished pages on the network volume while their job runs, so that a lost worker's job goes on."
    )


class Price(Settings):
    """What a machine costs."""

    price_per_hour: float | None = knob(
        None,
        "What this machine costs in $ per hour: receipts and quotes then say dollars.",
        ge=0,
        environment=("PRICE_PER_HOUR",),
    )


class WorkerSettings(Price, Storage):
    """What lives as long as a serverless worker."""

    concurrency: int = knob(2, "Jobs worked on at a time.", ge=1, le=256, environment=("WORKER_MAX_CONCURRENCY",))
    downloads: int = knob(16, "Downloads at a time, over all jobs.", ge=1, environment=("DOWNLOAD_CONCURRENCY",))
    job_seconds: float = knob(
        1800.0,
        "Time budget of a job, from when it came; what is finished by then is the reply.",
        gt=0,
        environment=("GLMOCR_PARSE_TIMEOUT_SECONDS",),
        exceeded=TimeBudgetSpent,
    )
    delivery_seconds: float = knob(
        900.0,
        "Longest time that a job's files may take to get where its reply names them.",
        gt=0,
        exceeded=DeliveryFailed,
    )
    jobs_in_hand: int = knob(
        100, "Most jobs that wait or are worked on; more are turned away.", ge=1, exceeded=Overloaded
    )
    job_bytes: int = knob(512 << 20, "Most bytes of one job's sources together.", ge=1, exceeded=SourceTooLarge)
    held_bytes: int = knob(
        1 << 30,
        "Most bytes of sources and requests that all jobs hold at a time; more are turned away.",
        ge=1,
        exceeded=Overloaded,
    )
    max_sources: int = knob(1_000, "Most sources of one job.", ge=1, exceeded=LimitExceeded)
    output_format: OutputFormat = knob(
        OutputFormat.BOTH, "Renderings in a reply.", environment=("GLMOCR_OUTPUT_FORMAT",)
    )
    return_crop_images: bool = knob(
        False, "List region pictures where the job does not say.", environment=("RETURN_CROP_IMAGES_DEFAULT",)
    )
    max_crop_images: int = knob(
        200, "Most region pictures listed where the job does not say.", ge=0, environment=("MAX_CROP_IMAGES",)
    )
    selftest: bool = knob(
        False,
        "Test the engine once per image and GPU, when no job is in hand, and keep the result on the network volume.",
        environment=("SELFTEST",),
    )
    error_text: ErrorText = knob(
        ErrorText.PLAIN, "The `error` of a failed job: a line that begins with [code], or JSON as in `error_details`."
    )
    stream_pages: bool = knob(
        False, "Stream pages as they are done; a job's output is then a list.", environment=("STREAM",)
    )
    run_reply_bytes: int = knob(
        9_000_000, "Largest result of a job from /run; RunPod takes 10 MB.", ge=10_000, exceeded=LimitExceeded
    )
    runsync_reply_bytes: int = knob(
        18_000_000, "Largest result of a job from /runsync; RunPod takes 20 MB.", ge=10_000, exceeded=LimitExceeded
    )
    log_level: str = knob(
        "INFO",
        "Level of the log: debug, info, warning, error.",
        pattern=r"(?i)^(debug|info|warning|error|critical)$",
        environment=("GLMOCR_LOG_LEVEL",),
    )
    json_logs: bool = knob(False, "Log lines as JSON.")
    glmocr_ref: str = knob("none", "Commit of the official SDK this image was built with.", environment=("GLMOCR_REF",))
    vllm_base_image_ref: str = knob(
        "none", "Base image this image was built from.", environment=("VLLM_BASE_IMAGE_REF", "VLLM_BASE_IMAGE")
    )

    def reply_bytes(self, *, synchronous: bool) -> int:
        """The largest reply to a job; which of RunPod's two limits holds depends on how it was sent."""
        return self.runsync_reply_bytes if synchronous else self.run_reply_bytes


class JobStore(Settings):
    """What a server's job queue takes in, and how long it keeps what came of it."""

    store: str | None = knob(
        None,
        "Folder that keeps jobs and results, on a disk of this machine; servers on it may share one, and each goes on "
        "with the jobs of one that died. Without: in memory, gone with the server.",
    )
    zero_retention: bool = knob(
        False, "Write nothing of a document to a disk, and forget a job with the reply that carries its result."
    )
    retention_seconds: float = knob(86_400.0, "How long a job that has ended is kept.", gt=0)
    kept_bytes: int = knob(4 << 30, "Most bytes of ended jobs' results kept; the oldest go first.", ge=1)
    cache: bool = knob(
        True, "Answer the same bytes, options and engine from the result that the same key has already, as `cached`."
    )
    queue_jobs: int = knob(1_000, "Most jobs that have not ended, of all keys.", ge=1, exceeded=Overloaded)
    queue_bytes: int = knob(
        4 << 30, "Most bytes of sources of jobs that have not ended, of all keys.", ge=1, exceeded=Overloaded
    )
    key_jobs: int = knob(200, "Most jobs of one key that have not ended.", ge=1, exceeded=Overloaded)
    key_pages: int = knob(20_000, "Most pages of one key's jobs that have not ended.", ge=1, exceeded=Overloaded)
    key_bytes: int = knob(
        2 << 30, "Most bytes of sources of one key's jobs that have not ended.", ge=1, exceeded=Overloaded
    )
    short_pages: int = knob(
        8, "A job of no more pages is short: of several places, the last one is left to those.", ge=1
    )
    lease_seconds: float = knob(
        15.0, "A job whose server has not been heard of for so long is another's to go on with.", ge=0.5
    )
    attempts: int = knob(3, "Servers that may end while they have a job, before it is given up.", ge=1)


class ServeSettings(JobStore):
    """What lives as long as an HTTP server."""

    host: str = knob("127.0.0.1", "Address to listen on; 0.0.0.0 for every network, which needs keys_file or no_login.")
    port: int = knob(8000, "Port to listen on.", ge=0, le=65535, environment=("PORT",))
    keys_file: str | None = knob(None, "File of the keys that callers must have, a line each: see `octavo keys`.")
    no_login: bool = knob(
        False, "Without keys, listen on every network all the same: what stands in front asks who it is."
    )
    hosts: tuple[str, ...] = knob(
        (), "Names this server answers to. Default: any with keys or no_login, else those of this machine alone."
    )
    webhook_secret: SecretStr | None = knob(
        None, "What webhooks are signed with; without it a job cannot ask for one. Never logged."
    )
    sync_seconds: float = knob(
        60.0, "How long /v1/parse waits before it answers with the job instead of its result.", ge=0
    )
    request_bytes: int = knob(
        30_000_000, "Largest request; RunPod's load balancer takes 30 MB.", ge=1000, exceeded=SourceInvalid
    )
    arrival_seconds: float = knob(60.0, "Longest time a request may take to arrive.", gt=0, exceeded=SourceInvalid)
    connections: int | None = knob(
        None,
        "Most connections at a time. Default: half of the files that this process may open; jobs need the others.",
        ge=1,
        exceeded=Overloaded,
    )
    reply_bytes: int = knob(
        29_000_000, "Largest reply of /parse; RunPod's load balancer takes 30 MB.", ge=10_000, exceeded=LimitExceeded
    )
