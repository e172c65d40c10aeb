"""Every knob, spelled once: flag, environment variable, JSON schema and docs/options.md come from these lines.

`EngineSettings` lives as long as an engine, `ParseOptions` as long as one document. Values are resolved by `resolve`:
explicit beats environment beats the official SDK's configuration file (GLMOCR_CONFIG_PATH) beats preset beats a front
end's own default beats default, and each value remembers where it came from. The environment is read when settings are
made, never on import; `without_effect` says which of its variables do nothing.
"""

from octavo.settings.batch import BatchSettings, Retry, Shape
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
from octavo.settings.environment import known_variables, usable, without_effect
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
from octavo.settings.worker import WORKER_DEFAULTS, ErrorText, OutputFormat, Overflow, ServeSettings, WorkerSettings

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
