"""Presets: values for one kind of GPU, below the environment and above the defaults.

A preset is a file of `NAME=value` lines. `OCTAVO_PRESET` names it; where it is not set, the GPU that is there does. Its
values are settled with all others and never put into the environment, where vLLM would find names of its own.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from octavo.errors import OptionInvalid
from octavo.machine import gpus

# What nvidia-smi calls a GPU -> its preset. Whole names: an RTX A4000 is no A40, and a slice (A40-48Q) not all of one.
BY_GPU = MappingProxyType(
    {
        "NVIDIA A40": "a40",
        "NVIDIA H100 80GB HBM3": "h100",
        "NVIDIA H100 PCIe": "h100",
        "NVIDIA H100 NVL": "h100",
    }
)
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
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OptionInvalid(f"preset {name!r}: its file cannot be read") from error
    return _for_the_model(environment, parsed(text, name))


def _for_the_model(environment: Mapping[str, str], values: Mapping[str, str]) -> Mapping[str, str]:
    """Without the preset's revision, where the environment names another model than the preset."""
    model = environment.get("OCTAVO_MODEL_NAME") or environment.get("MODEL_NAME")
    if not model or model == values.get("MODEL_NAME"):
        return values
    return MappingProxyType({key: value for key, value in values.items() if key != "MODEL_REVISION"})


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
    """The preset of the GPUs that are here, where they are all of a kind that has one."""
    presets = {BY_GPU.get(name) for name in gpus()}
    return presets.pop() if len(presets) == 1 else None
