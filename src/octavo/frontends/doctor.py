"""Say what is installed, which engines can run here, and what to install for the others.

The exit code is 0 where the engine in force can run. `--effective` prints every setting instead, with its value and
where that came from.
"""

import asyncio
import hashlib
import json
import os
import platform
import subprocess
import sys
import tomllib
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, SecretStr

from octavo import __version__, weights
from octavo.errors import OctavoError
from octavo.frontends import _presets
from octavo.frontends._exits import Exit
from octavo.frontends._flags import add_flags, as_text, explicit
from octavo.frozen import frozen
from octavo.machine import cores, gpus, memory
from octavo.settings import (
    WORKER_DEFAULTS,
    BatchSettings,
    EngineSettings,
    ParseOptions,
    Resolved,
    ServeSettings,
    WorkerSettings,
    resolve,
    usable,
)

MODELS: tuple[type[BaseModel], ...] = (ParseOptions, EngineSettings, ServeSettings, WorkerSettings, BatchSettings)
_OF_A_WORKER = ("WORKER_MODE", "RUNPOD_POD_ID", "RUNPOD_WEBHOOK_GET_JOB")  # set where one runs


def add_arguments(parser: ArgumentParser) -> None:
    parser.usage = "%(prog)s [options]"
    parser.add_argument("--effective", action="store_true", help="print every setting in force and where it came from")
    parser.add_argument(
        "--as-worker", action="store_true", help="with --effective: for the serverless worker, as in its container"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_flags(parser, EngineSettings)


def run(arguments: Namespace) -> int:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # looking must not start a download of gigabytes
    given = explicit(arguments, EngineSettings)
    preset = _presets.chosen(os.environ, _presets.folder())
    environment = usable(os.environ)
    engine = resolve(EngineSettings, given, environment, preset).values
    as_worker = arguments.as_worker or any(os.environ.get(name) for name in _OF_A_WORKER)
    idle = _idle_variables(engine, as_worker)
    if arguments.effective:
        settings = effective(given, environment, preset, WORKER_DEFAULTS if as_worker else {})
        if arguments.json:
            print_lines(json.dumps({**settings, "without_effect": idle}, ensure_ascii=False, indent=2))
        else:
            reader = "the serverless worker" if as_worker else "the command line (--as-worker: the serverless worker)"
            print_lines("\n".join([f"What is in force for {reader}", "", _table(settings), *_idle_lines(idle)]))
        return Exit.SUCCESS
    examined = asyncio.run(examine(engine, idle))
    print_lines(json.dumps(asdict(examined), ensure_ascii=False, indent=2) if arguments.json else in_words(examined))
    return Exit.SUCCESS if examined.can_run else Exit.OURS


def print_lines(text: str) -> None:
    sys.stdout.write(f"{text}\n")


# --- what is here -----------------------------------------------------------------------------------------------


@frozen
class Package:
    """A distribution that Octavo asks for, itself or for an extra."""

    name: str
    version: str | None  # None: not installed
    extra: str | None


@frozen
class Engine:
    """A pair of detector and recogniser, and what keeps it from running here."""

    name: str
    chosen: bool
    lacks: tuple[str, ...]


@frozen
class OtherScripts:
    """What reads lines in scripts that the embedded reader does not know."""

    program: str | None  # Tesseract and its version; None: it is not there
    languages: tuple[str, ...]  # codes of those that are there
    missing: tuple[str, ...]  # Debian's packages of the program and of common languages that are not


@frozen
class Examination:
    """All that `octavo doctor` found."""

    octavo: str
    python: str
    platform: str
    cores: int
    memory_bytes: int | None
    gpus: tuple[str, ...]
    packages: tuple[Package, ...]
    weights: Mapping[str, str]  # file -> 'right', 'missing' or 'differs'
    engines: tuple[Engine, ...]
    without_effect: Mapping[str, str]  # variable that is set -> why it does nothing
    sandbox: tuple[str, ...]  # what holds the processes that open strangers' files: landlock, seccomp
    other_scripts: OtherScripts

    @property
    def can_run(self) -> bool:
        return all(not engine.lacks for engine in self.engines if engine.chosen)


async def examine(settings: EngineSettings, idle: Mapping[str, str]) -> Examination:
    """Look at this machine; every engine is really opened. `idle`: variables that do nothing, and why."""
    return Examination(
        __version__,
        f"{platform.python_implementation()} {platform.python_version()}",
        f"{platform.system()} {platform.machine()}",
        cores(),
        memory(),
        tuple(gpus("name,memory.total")),
        tuple(_packages()),
        dict(_weights(Path(weights.__file__).parent)),
        tuple(await _engines(settings)),
        idle,
        _sandbox(),
        await asyncio.to_thread(_other_scripts, settings),
    )


# What a file that takes over the process that opens it may do where the kernel lacks one of the two.
_WITHOUT = {
    "landlock": "such a file could read and write what this user may",
    "seccomp": "such a file could start programs and reach the network",
}


def _sandbox() -> tuple[str, ...]:
    """What a process gets that locks itself in as drawing children do."""
    command = [sys.executable, "-m", "octavo.drawing.sandbox"]
    return tuple(subprocess.run(command, capture_output=True, text=True, check=False).stdout.split())  # noqa: S603


# Languages whose packages are named where they are missing; others are named by the page that needs one.
_COMMON: Final = ("kor", "ara", "fas", "rus", "ell", "heb", "hin", "tha")


def _other_scripts(settings: EngineSettings) -> OtherScripts:
    try:
        from octavo.tesseract.languages import LANGUAGES
        from octavo.tesseract.program import Tesseract
    except ImportError:  # `_engines` tells of a broken installation
        return OtherScripts(None, (), ())
    try:
        program = Tesseract(settings.tesseract_command, seconds=settings.tesseract_seconds)
    except OctavoError:
        wanted = (language.package for language in LANGUAGES if language.code in _COMMON)
        return OtherScripts(None, (), ("tesseract-ocr", *wanted))
    there = tuple(language.code for language in LANGUAGES if language.code in program.codes)
    missing = (one.package for one in LANGUAGES if one.code in _COMMON and one.code not in there)
    return OtherScripts(program.described, there, tuple(missing))


async def _engines(settings: EngineSettings) -> list[Engine]:
    """What each half of an engine says when it is opened beside a null engine."""
    try:
        from octavo.parser import ENGINES, Parser  # not above: a broken installation is what this command is for
    except ImportError as error:
        return [Engine(settings.engine, True, (f"{error}: reinstall with pip install --force-reinstall octavo",))]
    engines = []
    for name in ENGINES:
        lacks: dict[str, None] = {}  # both halves may lack the same
        for null_engine in ({"recognizer": "scripted"}, {"detector": "whole_page"}):
            try:
                async with Parser(settings.model_copy(update={"engine": name} | null_engine)):
                    pass
            except OctavoError as error:
                lacks[error.message] = None
        engines.append(Engine(name, name == settings.engine, tuple(lacks)))
    return engines


def _packages() -> Iterator[Package]:
    """What our own metadata asks for; tools of development are no one's concern here. Nothing where octavo is only
    on the path and no installer left any."""
    try:
        requirements = metadata.requires("octavo") or []
    except metadata.PackageNotFoundError:
        return
    for requirement in requirements:
        wanted, _, marker = requirement.partition(";")
        extra = marker.partition("extra ==")[2].strip(" '\"") or None
        name = "".join(letter if letter.isalnum() or letter in "-_." else " " for letter in wanted).split()[0]
        if extra != "dev":
            yield Package(name, _version(name), extra)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _weights(folder: Path) -> Iterator[tuple[str, str]]:
    manifest = tomllib.loads((folder / "carriers.toml").read_text(encoding="utf-8"))
    for carrier in manifest["carrier"]:
        for file in carrier["files"]:
            path = folder / file["name"]
            if not path.is_file():
                yield file["name"], "missing"
            else:
                right = hashlib.sha256(path.read_bytes()).hexdigest() == file["sha256"]
                yield file["name"], "right" if right else "differs"


def in_words(found: Examination) -> str:
    """The examination for people."""
    memory = f", {found.memory_bytes / 2**30:.1f} GiB memory" if found.memory_bytes else ""
    lines = [
        f"Octavo {found.octavo} on {found.python}, {found.platform}: {found.cores} cores{memory}",
        *(f"GPU: {gpu}" for gpu in found.gpus),
        "",
        "Packages",
        *(f"  {package.name:24} {package.version or 'missing'}" for package in found.packages if package.extra is None),
    ]
    for extra in dict.fromkeys(package.extra for package in found.packages if package.extra):
        there = [package for package in found.packages if package.extra == extra]
        missing = [package.name for package in there if package.version is None]
        state = f"missing: {', '.join(missing)} (pip install 'octavo[{extra}]')" if missing else "installed"
        lines.append(f"  {f'extra {extra}':24} {state}")
    lines += ["", "Strangers' files", f"  {'are opened within':24} {' and '.join(found.sandbox) or 'nothing'}"]
    lines += [
        f"    this kernel has no {name}: {without}" for name, without in _WITHOUT.items() if name not in found.sandbox
    ]
    lines += ["", "Scripts other than Latin, Chinese and Japanese, on pictures", *_scripts_lines(found.other_scripts)]
    lines += ["", "Weights", *(f"  {name:24} {state}" for name, state in found.weights.items()), "", "Engines"]
    for engine in found.engines:
        chosen = " (in force)" if engine.chosen else ""
        lines.append(f"  {engine.name:24} {'cannot run here' if engine.lacks else 'ready'}{chosen}")
        lines += [f"    {lack}" for lack in engine.lacks]
    return "\n".join([*lines, *_idle_lines(found.without_effect)])


def _scripts_lines(scripts: OtherScripts) -> Iterator[str]:
    if scripts.program is None:
        yield f"  {'Tesseract':24} missing: such lines are told as unread"
    else:
        yield f"  {scripts.program:24} reads {', '.join(scripts.languages) or 'none of them'}"
    if scripts.missing:
        yield f"    on Debian or Ubuntu: apt install {' '.join(scripts.missing)}"


def _idle_variables(engine: EngineSettings, worker: bool) -> dict[str, str]:
    try:
        from octavo.frontends._settled import idle_variables
    except ImportError:  # `_engines` tells of a broken installation
        return {}
    return idle_variables(os.environ, engine, worker=worker)


def _idle_lines(idle: Mapping[str, str]) -> list[str]:
    lines = [f"  {name:34} {why}" for name, why in idle.items()]
    return ["", "Variables that are set and have no effect", *lines] if lines else []


# --- what is in force -------------------------------------------------------------------------------------------


def effective(
    given: Mapping[str, object],
    environment: Mapping[str, str],
    preset: Mapping[str, str],
    defaults: Mapping[str, object] = MappingProxyType({}),
) -> dict[str, dict[str, dict[str, str]]]:
    """Model -> setting -> value and origin, as text; secrets masked. Raises OptionInvalid."""
    found = {}
    for model in MODELS:
        own = {name: value for name, value in given.items() if name in model.model_fields}
        resolved: Resolved[BaseModel] = resolve(model, own, environment, preset, defaults)
        found[model.__name__] = {
            name: {"value": _shown(getattr(resolved.values, name)), "origin": resolved.origins[name]}
            for name in model.model_fields
        }
    return found


def _shown(value: object) -> str:
    return "********" if isinstance(value, SecretStr) else as_text(value)


def _table(settings: Mapping[str, Mapping[str, Mapping[str, str]]]) -> str:
    lines = []
    for model, knobs in settings.items():
        lines += ["", model]
        lines += [f"  {name:26} {knob['value'] or '-':44} {knob['origin']}" for name, knob in knobs.items()]
    return "\n".join(lines[1:])
