"""The official SDK (PyPI `glmocr`), 0.1.1 and 0.1.5, each run in an environment of its own.

Found in `.venvs/official-0.1.1` and `.venvs/official` (tests/official/install_env.sh), 0.1.5 also in `.venvs/vllm`, or
where OCTAVO_SDK_PYTHON says (for the version that is installed there). A test that takes the SDK runs with each; it is
skipped where that one is not there.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from octavo.settings import OfficialVersion

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("run_sdk.py")
PLACES = {OfficialVersion.V0_1_1: ("official-0.1.1",), OfficialVersion.V0_1_5: ("official", "vllm")}


@dataclass(frozen=True)
class Sdk:
    """One version, which runs a task of run_sdk.py on many cases at once."""

    version: OfficialVersion
    python: Path

    def __call__(self, task: str, cases: Any) -> Any:
        done = subprocess.run(
            [self.python, SCRIPT, task],
            input=json.dumps(cases),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout[done.stdout.index("\x1e") + 1 :])


def sdk_python(version: OfficialVersion) -> Path | None:
    places = [ROOT / ".venvs" / name / "bin" / "python" for name in PLACES[version]]
    if (named := os.environ.get("OCTAVO_SDK_PYTHON")) and installed(named) == version:
        places.insert(0, Path(named))
    return next((place for place in places if place.exists()), None)


@cache
def installed(python: str) -> str:
    asked = [python, "-c", "from importlib.metadata import version; print(version('glmocr'))"]
    return subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False).stdout.strip()


@pytest.fixture(scope="session", params=OfficialVersion, ids=str)
def sdk(request: pytest.FixtureRequest) -> Sdk:
    version = OfficialVersion(request.param)
    python = sdk_python(version)
    if python is None:
        pytest.skip(f"the official SDK is not installed: run tests/official/install_env.sh {version}")
    return Sdk(version, python)
