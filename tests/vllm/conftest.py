"""Tests here need the environment that `make vllm` makes, and are skipped without."""

import os
from pathlib import Path

import pytest
from real_vllm import CHILD_ENVIRONMENT, ENVIRONMENT, HERE, in_environment


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.vllm)
            if not (ENVIRONMENT / ".octavo-stamp").exists():
                item.add_marker(pytest.mark.skip(reason="the vLLM environment is missing: `make vllm-env` makes it"))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny GLM-OCR checkpoint."""
    folder = tmp_path_factory.mktemp("models") / "tiny-glm-ocr"
    in_environment(str(HERE / "tiny_models.py"), "glm-ocr", str(folder))
    return folder


@pytest.fixture(autouse=True, scope="session")
def _on_a_cpu() -> None:
    """vLLM inherits its environment from this process, as it does from a user's."""
    os.environ.update(CHILD_ENVIRONMENT)
