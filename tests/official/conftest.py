"""The official SDK (PyPI `glmocr==0.1.5`), run in an environment of its own.

Found in `.venvs/official` (tests/official/install_env.sh), in `.venvs/vllm` (which holds it too), or where
OCTAVO_SDK_PYTHON says. Without it the differential tests are skipped.
"""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("run_sdk.py")

Sdk = Callable[[str, Any], Any]


def sdk_python() -> Path | None:
    places = [ROOT / ".venvs" / name / "bin" / "python" for name in ("official", "vllm")]
    if named := os.environ.get("OCTAVO_SDK_PYTHON"):
        places.insert(0, Path(named))
    return next((place for place in places if place.exists()), None)


@pytest.fixture(scope="session")
def sdk() -> Sdk:
    """Runs a task of run_sdk.py on many cases at once."""
    python = sdk_python()
    if python is None:
        pytest.skip("the official SDK is not installed: run tests/official/install_env.sh")

    def run(task: str, cases: Any) -> Any:
        done = subprocess.run(
            [python, SCRIPT, task], input=json.dumps(cases), capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout[done.stdout.index("\x1e") + 1 :])

    return run
