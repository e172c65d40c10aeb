"""Presets: values for one kind of GPU, below the environment and above the defaults.

A preset is a file of `NAME=value` lines. `OCTAVO_PRESET` names it; where it is not set, the GPU that is there does.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from octavo.errors import OptionInvalid

BY_GPU = MappingProxyType({"A40": "a40", "H100": "h100"})  # what nvidia-smi calls it -> preset
_NONE: Mapping[str, str] = MappingProxyType({})


def chosen(environment: Mapping[str, str], folder: Path) -> Mapping[str, str]:
    """The preset in force. Raises OptionInvalid where one is named that is not there, or has a line that is none."""
    asked = environment.get("OCTAVO_PRESET")
    name = asked or _of_this_gpu()
    if not name or name == "none":
        return _NONE
    file = folder / f".env.{name}"
    if not file.is_file() and not asked:
        return _NONE  # a GPU that we have a preset for, in a folder without presets
    if not file.is_file():
        there = sorted(path.name.removeprefix(".env.") for path in folder.glob(".env.*"))
        raise OptionInvalid(f"no preset called {name!r}; there are: {', '.join(there) or 'none'}")
    return parsed(file.read_text(), name)


def parsed(text: str, name: str) -> Mapping[str, str]:
    """The lines of a preset; `#` starts a comment line."""
    values: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        key, equals, value = stripped.partition("=")
        if not equals or not key.isidentifier():
            raise OptionInvalid(f"preset {name!r}, line {number}: not NAME=value")
        values[key] = value.strip().strip("'\"")
    return MappingProxyType(values)


def folder() -> Path:
    """Where presets lie: the working directory, which in the image is the project's root."""
    return Path(os.environ.get("OCTAVO_PRESETS", "."))


def _of_this_gpu() -> str | None:
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    query = [program, "--query-gpu=name", "--format=csv,noheader"]
    try:
        asked = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 - fixed words
    except subprocess.TimeoutExpired:
        return None
    return next((preset for gpu, preset in BY_GPU.items() if gpu in asked.stdout), None)
