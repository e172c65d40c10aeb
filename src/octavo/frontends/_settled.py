"""What a long-lived front end runs with, settled from flags, environment and preset."""

import logging
from argparse import Namespace
from collections.abc import Mapping
from types import MappingProxyType

from octavo.frontends import _logs, _presets, _threads
from octavo.frontends._flags import explicit
from octavo.frozen import frozen
from octavo.parser import engine_names
from octavo.settings import EngineSettings, ParseOptions, WorkerSettings, resolve, usable, without_effect

AS_WORKER = "documents are read as the serverless worker reads them: profile official, text layers off"

log = logging.getLogger(__name__)


@frozen
class WorkerConfiguration:
    """All that a worker goes by."""

    engine: EngineSettings
    options: ParseOptions
    worker: WorkerSettings


def settle(
    arguments: Namespace, environment: Mapping[str, str], defaults: Mapping[str, object] = MappingProxyType({})
) -> WorkerConfiguration:
    """Settle everything, set up logs and threads, and say once which variables do nothing. Raises OptionInvalid.

    `defaults` are the front end's own for documents: they hold where nobody says otherwise.
    """
    given, preset = usable(environment), _presets.chosen(environment, _presets.folder())
    worker = resolve(WorkerSettings, explicit(arguments, WorkerSettings), given, preset).values
    engine = resolve(EngineSettings, explicit(arguments, EngineSettings), given, preset).values
    options = resolve(ParseOptions, {}, given, preset, defaults).values
    _logs.configure(worker.log_level, json_lines=worker.json_logs)
    _threads.process_is_ours()
    if idle := idle_variables(environment, engine, worker=True):
        log.warning("environment_without_effect %s", "; ".join(f"{name}: {why}" for name, why in idle.items()))
    return WorkerConfiguration(engine, options, worker)


def idle_variables(environment: Mapping[str, str], engine: EngineSettings, *, worker: bool) -> dict[str, str]:
    """Variables that are set and do nothing with this engine, and why; `worker`: where jobs arrive."""
    detector, recognizer = engine_names(engine)
    return without_effect(environment, engine, detector=detector, recognizer=recognizer, worker=worker)
