"""Octavo's idea of the SDK's configuration against the SDK's own template and classes."""

from pathlib import Path

import pytest
import yaml

from octavo.document import Label
from octavo.errors import OptionInvalid
from octavo.official.layout import rules
from octavo.official.postprocess import OFFICIAL_MERGES
from octavo.settings import WORKER_DEFAULTS, EngineSettings, ParseOptions, Profile, resolve
from octavo.settings.official_config import settings_of

from .conftest import Sdk

pytestmark = pytest.mark.official


def test_the_template_itself_is_accepted_as_the_file_and_changes_nothing_but_numbers(sdk: Sdk, tmp_path: Path) -> None:
    template = sdk("configuration", None)["template"]
    file = tmp_path / "glmocr.yaml"
    file.write_text(template, encoding="utf-8")
    engine = resolve(EngineSettings, {}, {"GLMOCR_CONFIG_PATH": str(file)}).values
    options = resolve(ParseOptions, {}, {"GLMOCR_CONFIG_PATH": str(file)}, {}, WORKER_DEFAULTS).values
    usual = ParseOptions(profile=Profile.OFFICIAL)
    assert rules(options).merge == OFFICIAL_MERGES
    assert rules(options).unclip == (1.0, 1.0)
    assert (options.tasks, options.official_shown, options.layout) == ({}, {}, True)
    assert all(options.task_of(label) is usual.task_of(label) for label in Label)
    assert engine.url is None
    pipeline = yaml.safe_load(template)["pipeline"]
    loader = pipeline["page_loader"]
    assert (engine.temperature, engine.top_p, engine.top_k) == (loader["temperature"], loader["top_p"], loader["top_k"])
    assert (engine.region_tokens, options.dpi) == (loader["max_tokens"], loader["pdf_dpi"])
    assert engine.requests_in_flight == pipeline["max_workers"]


def test_every_key_the_sdk_knows_is_known(sdk: Sdk) -> None:
    for key in sdk("configuration", None)["keys"]:
        content: dict[str, object] = {}
        inner = content
        *sections, name = key.split(".")
        for section in sections:
            inner[section] = inner = {}
        inner[name] = None
        try:
            settings_of(content)
        except OptionInvalid as error:
            pytest.fail(error.message)
