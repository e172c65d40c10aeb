"""The template that each version of the SDK packages, itself as the file of GLMOCR_CONFIG_PATH."""

from pathlib import Path

import pytest
import yaml

from octavo.document import Label
from octavo.official.layout import rules
from octavo.official.postprocess import OFFICIAL_MERGES
from octavo.settings import WORKER_DEFAULTS, EngineSettings, ParseOptions, Profile, WorkerSettings, resolve

pytestmark = pytest.mark.official

ENVIRONMENTS = Path(__file__).parents[2] / ".venvs"


def template(version: str) -> Path:
    packaged = ENVIRONMENTS.glob(f"*/lib/python*/site-packages/glmocr-{version}.dist-info")
    found = next((folder.parent / "glmocr" / "config.yaml" for folder in packaged), None)
    if found is None:
        pytest.skip(f"glmocr {version} is not installed: run tests/official/install_env.sh")
    return found


@pytest.mark.parametrize("version", ["0.1.1", "0.1.5"])
def test_the_template_itself_is_accepted_and_means_what_the_sdk_does(version: str) -> None:
    file = template(version)
    environment = {"GLMOCR_CONFIG_PATH": str(file)}
    engine = resolve(EngineSettings, {}, environment).values
    options = resolve(ParseOptions, {}, environment, {}, WORKER_DEFAULTS).values
    resolve(WorkerSettings, {}, environment)
    pipeline = yaml.safe_load(file.read_text(encoding="utf-8"))["pipeline"]
    loader = pipeline["page_loader"]
    for knob, key in (
        ("temperature", "temperature"),
        ("top_p", "top_p"),
        ("top_k", "top_k"),
        ("region_tokens", "max_tokens"),
    ):
        assert getattr(engine, knob) == loader[key], key
    assert engine.requests_in_flight == pipeline["max_workers"]
    assert engine.url is None
    assert (options.dpi, options.layout, options.profile) == (loader["pdf_dpi"], True, Profile.OFFICIAL)
    assert rules(options).merge == OFFICIAL_MERGES
    assert all(options.task_of(label) is ParseOptions(profile=Profile.OFFICIAL).task_of(label) for label in Label)
