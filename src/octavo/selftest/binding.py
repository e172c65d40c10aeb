"""Which knob binds, from what was seen while pages were read, and what to do about it, in the order of docs/runpod.md.

Pure: figures in, words out.
"""

import statistics
from collections.abc import Mapping, Sequence
from enum import StrEnum

from octavo.frozen import frozen
from octavo.recognizers import Pulse
from octavo.settings import EngineSettings

_CPU_FULL = 0.9  # of the cores; the rest goes to the system
_LOOP_FULL = 0.95  # of the event loop's one core
_SERVER_FULL = 0.85  # of the sequences it takes: answers come in flocks, and for a moment some places are free
_CACHE_FULL = 0.9
_RAMP = 0.2  # share of the time at the beginning in which requests only gather


class Binds(StrEnum):
    """What holds the pages back."""

    REQUESTS_IN_FLIGHT = "requests_in_flight"  # all that may be in flight are, and the server could take more
    SERVER_QUEUE = "server_queue"  # the server works on as many as it takes, others wait there
    CPU = "cpu"
    PAGES = "pages"  # too few crops come: drawing, layout, or too few pages under way


@frozen
class Measurements:
    """What was seen while pages were read."""

    pulses: Sequence[Pulse]  # in order of time; none where no server is asked
    cpu_share: float  # 0..1 of the cores
    loop_share: float  # 0..1 of one core
    stages: Mapping[str, float]  # ms per page, waiting included
    unstable: bool = False  # requests were lost


@frozen
class Advice:
    """One thing to do. `step` is its place in the tuning order; 0: before any tuning."""

    step: int
    knob: str
    advice: str


def means(pulses: Sequence[Pulse]) -> dict[str, float | None]:
    """Means of what the pulses tell, once requests have gathered."""
    settled = pulses[int(len(pulses) * _RAMP) :]
    told = ("in_flight", "limit", "running", "waiting", "cache")
    columns = {name: [getattr(pulse, name) for pulse in settled] for name in told}
    return {
        name: round(statistics.fmean(known), 3) if (known := [value for value in column if value is not None]) else None
        for name, column in columns.items()
    }


def binds(seen: Measurements) -> Binds:
    """What holds the pages back. The CPU comes first: where it has nothing left, the rest only follows."""
    mean = means(seen.pulses)
    if seen.cpu_share >= _CPU_FULL or seen.loop_share >= _LOOP_FULL:
        return Binds.CPU
    if not seen.pulses:
        return Binds.CPU  # the networks run on it
    running, waiting = mean["running"], mean["waiting"]
    takes = seen.pulses[-1].sequences
    if running is not None and waiting is not None:
        full = takes is not None and running >= _SERVER_FULL * takes
        if full or waiting > max(1.0, running / 16):  # half of what is kept waiting there on purpose
            return Binds.SERVER_QUEUE
    in_flight, limit = mean["in_flight"] or 0.0, mean["limit"] or 1.0
    return Binds.REQUESTS_IN_FLIGHT if 8 * in_flight >= 7 * limit else Binds.PAGES


def advice(seen: Measurements, settings: EngineSettings) -> list[Advice]:
    """What to change, in the tuning order."""
    if seen.unstable:
        return [
            Advice(0, knob, "requests were lost: down with this first, then the next, until none are")
            for knob in ("WORKER_MAX_CONCURRENCY", "GLMOCR_MAX_WORKERS", "MAX_NUM_SEQS", "MAX_MODEL_LEN")
        ]
    match binds(seen):
        case Binds.CPU:
            return [Advice(0, "CPU", _cpu_words(seen))]
        case Binds.REQUESTS_IN_FLIGHT:
            return [_more_in_flight(seen.pulses[-1])]
        case Binds.SERVER_QUEUE:
            return _more_at_the_server(seen, settings)
        case Binds.PAGES:
            slowest = max(seen.stages, key=lambda stage: seen.stages[stage], default="")
            return [
                Advice(
                    3,
                    "WORKER_MAX_CONCURRENCY",
                    "one document does not fill the engine: more jobs at a time, while GPU memory and latency allow; "
                    f"longest by page: {slowest or 'unknown'}",
                )
            ]


def _cpu_words(seen: Measurements) -> str:
    if seen.loop_share >= _LOOP_FULL > seen.cpu_share:
        return "the event loop's core has nothing left: more workers do more, more cores do not"
    if seen.pulses:
        return "the cores have nothing left, so that no knob helps: take a machine with more of them"
    return "the networks run on the CPU: more cores (and --threads, where it is set), or engine glm-ocr on a GPU"


def _more_in_flight(pulse: Pulse) -> Advice:
    if pulse.limit_is_given:
        return Advice(
            1,
            "GLMOCR_MAX_WORKERS",
            f"{pulse.limit} is too few: take it out, and the number follows the server's queue; or double it, "
            "and GLMOCR_CONNECTION_POOL_SIZE with it",
        )
    return Advice(
        1, "GLMOCR_CONNECTION_POOL_SIZE", f"the most that may be open, {pulse.limit}, are: take it out or double it"
    )


def _more_at_the_server(seen: Measurements, settings: EngineSettings) -> list[Advice]:
    cache = means(seen.pulses)["cache"]
    if cache is not None and cache >= _CACHE_FULL:
        words = (
            f"vLLM's cache is full ({cache:.0%}): more sequences would only wait. A larger share of the GPU's memory"
        )
        return [Advice(2, "GPU_MEMORY_UTILIZATION", f"{words}, or a smaller MAX_MODEL_LEN, makes room")]
    room = "" if cache is None else f", and its cache is only {cache:.0%} full"
    sequences, tokens = settings.max_num_seqs, settings.max_num_batched_tokens
    if settings.url is not None:
        return [
            Advice(2, "MAX_NUM_SEQS", f"the server works on as many as it takes{room}: more there, where it has room")
        ]
    return [
        Advice(2, "MAX_NUM_SEQS", f"vLLM works on as many of its {sequences} as it can{room}: try {2 * sequences}"),
        Advice(2, "MAX_NUM_BATCHED_TOKENS", f"with it, where memory is left: from {tokens} to {2 * tokens}"),
    ]
