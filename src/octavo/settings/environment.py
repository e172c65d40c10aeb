"""Which of the variables that are set have no effect, and why.

An endpoint's environment is pasted whole from an earlier worker or written by hand: what does nothing there is said, so
that nobody tunes a knob that is not connected. Known are the variables of all knobs, names of the earlier worker with
nothing behind them here (`_NOTHING`), and a few that are read elsewhere; knobs that the engine in force does not use
are found by `_IDLE`. Values are never said, names only.
"""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from inspect import get_annotations
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel

from octavo.frozen import frozen
from octavo.settings.batch import BatchSettings
from octavo.settings.document import ParseOptions
from octavo.settings.engine import EngineSettings, LayoutNetwork, ModelServer, VllmProcess
from octavo.settings.knobs import environment_names, is_set
from octavo.settings.worker import ServeSettings, WorkerSettings

MODELS: tuple[type[BaseModel], ...] = (ParseOptions, EngineSettings, ServeSettings, WorkerSettings, BatchSettings)
CONFIG = "GLMOCR_CONFIG_PATH"

_NOTHING: Mapping[str, str] = MappingProxyType(
    {
        "GLMOCR_DEFAULT_PROMPT": "every region has the prompt of its task, in the official SDK too; see OCTAVO_PROMPTS",
        "GLMOCR_PAGE_MAXSIZE": "there is no queue of pages; OCTAVO_PAGES_IN_FLIGHT bounds those in memory",
        "GLMOCR_REGION_MAXSIZE": "there is no queue of regions; GLMOCR_MAX_WORKERS bounds those being read",
        "VLLM_API_KEY": "the vLLM started here gets its key from OCTAVO_API_KEY",
    }
)
_READ_ELSEWHERE = frozenset({CONFIG, "OCTAVO_PRESET", "OCTAVO_PRESETS", "WORKER_MODE"})
_OURS = ("OCTAVO_", "GLMOCR_")  # nobody else's: what is not known is a mistake
_CLOSE = 0.88  # so alike is a slip of the pen: MAX_MODEL_LENGTH is, vLLM's own VLLM_HOST_IP is not


@cache
def known_variables() -> frozenset[str]:
    """The variables of all knobs."""
    return frozenset(
        name for model in MODELS for field in model.model_fields for name in environment_names(model, field)
    )


def usable(environment: Mapping[str, str]) -> Mapping[str, str]:
    """The environment without a GLMOCR_CONFIG_PATH that leads nowhere.

    For workers: the earlier one wrote that file itself, so that its users' environments name one that nobody mounts.
    """
    if not _leads_nowhere(environment):
        return environment
    return {name: value for name, value in environment.items() if name != CONFIG}


def without_effect(
    environment: Mapping[str, str], engine: EngineSettings, *, detector: str, recognizer: str, worker: bool
) -> dict[str, str]:
    """Variable -> why it does nothing, for those that are set; an empty one counts as not set, as in `resolve`.

    `worker`: where jobs come with their wishes, and not a command line.
    """
    found = dict(_unknown(environment))
    found |= {name: reason for name, reason in _NOTHING.items() if environment.get(name)}
    if _leads_nowhere(environment):
        found[CONFIG] = "no file is there: it counts as not given"
    used = _Used(engine, detector, recognizer, worker)
    for model in MODELS:
        for field in model.model_fields:
            names = [name for name in environment_names(model, field) if is_set(model, field, name, environment)]
            for weaker in names[1:]:
                found[weaker] = f"{names[0]} is set too, and stronger"
            if reason := _why_idle(field, used):
                found |= dict.fromkeys(names, reason)
    return dict(sorted(found.items()))


def _leads_nowhere(environment: Mapping[str, str]) -> bool:
    return bool(environment.get(CONFIG)) and not Path(environment[CONFIG]).exists()


def _unknown(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Ours by their first word and not known, and others that are a slip of the pen away from a known one."""
    known = known_variables() | _NOTHING.keys() | _READ_ELSEWHERE
    families = {name.partition("_")[0] for name in known}
    for name, value in environment.items():
        if not value or name in known or name.partition("_")[0] not in families:
            continue
        ours = name.startswith(_OURS)
        close = get_close_matches(name, known, 1, 0.6 if ours else _CLOSE)
        if ours or close:
            yield name, "not known" + (f"; did you mean {close[0]}?" if close else "")


# --- knobs that the engine in force does not use -------------------------------------------------------------------


@frozen
class _Used:
    engine: EngineSettings
    detector: str
    recognizer: str
    worker: bool

    @property
    def no_server(self) -> bool:
        return self.recognizer != "openai"

    @property
    def not_ours(self) -> bool:
        return self.no_server or self.engine.url is not None


def _knobs_of(part: type[BaseModel], *, without: tuple[str, ...] = ()) -> frozenset[str]:
    return frozenset(name for name in get_annotations(part) if name in part.model_fields and name not in without)


# Knobs, when they are idle, and what to say then; the first that fits.
_IDLE: tuple[tuple[frozenset[str], Callable[[_Used], bool], str], ...] = (
    (_knobs_of(ModelServer), lambda used: used.no_server, "the engine in force asks no model server"),
    (
        _knobs_of(VllmProcess, without=("model_cache", "volume_path", "vllm_boot_seconds")),
        lambda used: used.not_ours,
        "the engine in force starts no vLLM",
    ),
    (frozenset({"vllm_boot_seconds"}), lambda used: used.no_server, "the engine in force asks no model server"),
    (
        frozenset({"connect_seconds"}),
        lambda used: not used.not_ours,
        "vLLM is started here, and waited for as long as VLLM_HEALTH_TIMEOUT says",
    ),
    (
        frozenset({"top_p", "top_k"}),
        lambda used: used.engine.temperature == 0,
        "the temperature is 0: the likeliest token is always taken",
    ),
    (
        _knobs_of(LayoutNetwork),
        lambda used: not used.detector.startswith("pp_doclayout"),
        "the engine in force has another layout network",
    ),
    (frozenset({"formats"}), lambda used: used.worker, "a job says what it wants; see GLMOCR_OUTPUT_FORMAT"),
)


def _why_idle(field: str, used: _Used) -> str | None:
    return next((reason for knobs, idle, reason in _IDLE if field in knobs and idle(used)), None)
