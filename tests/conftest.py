from collections.abc import Iterator

import pytest

from octavo.errors import EngineUnavailable
from octavo.parser import Parser
from octavo.settings import (
    BatchSettings,
    EngineSettings,
    ParseOptions,
    ServeSettings,
    WorkerSettings,
    environment_names,
)

_VARIABLES = [
    name
    for model in (ParseOptions, EngineSettings, ServeSettings, WorkerSettings, BatchSettings)
    for field in model.model_fields
    for name in environment_names(model, field)
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="write tests/golden anew instead of comparing with it")


@pytest.fixture(autouse=True)
def _no_settings_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    """With the embedded engine."""
    try:
        with Parser() as opened:
            yield opened
    except EngineUnavailable as missing:
        pytest.skip(str(missing))
