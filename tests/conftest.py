import pytest

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
