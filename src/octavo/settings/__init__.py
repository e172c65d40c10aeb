"""Every knob, spelled once: flag, environment variable, JSON schema and docs/options.md come from these lines.

`EngineSettings` lives as long as an engine, `ParseOptions` as long as one document. Values are resolved by `resolve`:
explicit beats environment beats the official SDK's configuration file (GLMOCR_CONFIG_PATH) beats preset beats a front
end's own default beats default, and each value remembers where it came from. The environment is read when settings are
made, never on import; `without_effect` says which of its variables do nothing.
"""

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

from octavo.settings.document import (
    DEFAULT_TASKS,
    FAITHFUL_TASKS,
    Furniture,
    LayoutNetworkUse,
    Merge,
    OfficialStep,
    OfficialVersion,
    OrientationUse,
    ParseOptions,
    PictureNames,
    Profile,
    Shown,
    StraightenUse,
    TextLayerUse,
)
from octavo.settings.engine import LAYOUT_MODEL, LAYOUT_REVISION, EngineSettings
from octavo.settings.knobs import (
    Resolved,
    environment_names,
    exceeded_code,
    flag_name,
    kind_of,
    resolve,
    sections,
    socket_name,
)

if TYPE_CHECKING:
    from octavo.settings.batch import BatchSettings, Retry, Shape
    from octavo.settings.environment import known_variables, usable, without_effect
    from octavo.settings.worker import (
        WORKER_DEFAULTS,
        ErrorText,
        OutputFormat,
        Overflow,
        ServeSettings,
        WorkerSettings,
    )

# Names and their modules, which are loaded when one is asked for: who reads a document has no use for a worker's knobs,
# and to make them takes a third as long as all others.
_LATE = MappingProxyType(
    {
        "BatchSettings": "batch",
        "Retry": "batch",
        "Shape": "batch",
        "known_variables": "environment",
        "usable": "environment",
        "without_effect": "environment",
        "WORKER_DEFAULTS": "worker",
        "ErrorText": "worker",
        "OutputFormat": "worker",
        "Overflow": "worker",
        "ServeSettings": "worker",
        "WorkerSettings": "worker",
    }
)

__all__ = [
    "DEFAULT_TASKS",
    "FAITHFUL_TASKS",
    "LAYOUT_MODEL",
    "LAYOUT_REVISION",
    "WORKER_DEFAULTS",
    "BatchSettings",
    "EngineSettings",
    "ErrorText",
    "Furniture",
    "LayoutNetworkUse",
    "Merge",
    "OfficialStep",
    "OfficialVersion",
    "OrientationUse",
    "OutputFormat",
    "Overflow",
    "ParseOptions",
    "PictureNames",
    "Profile",
    "Resolved",
    "Retry",
    "ServeSettings",
    "Shape",
    "Shown",
    "StraightenUse",
    "TextLayerUse",
    "WorkerSettings",
    "environment_names",
    "exceeded_code",
    "flag_name",
    "kind_of",
    "known_variables",
    "resolve",
    "sections",
    "socket_name",
    "usable",
    "without_effect",
]


def __getattr__(name: str) -> object:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
