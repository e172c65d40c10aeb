"""Octavo's idea of the SDK's configuration against the SDK's own template and classes."""

import pytest
import yaml

from octavo.document import Label
from octavo.errors import OptionInvalid
from octavo.official.layout import rules
from octavo.official.postprocess import OFFICIAL_MERGES
from octavo.settings import EngineSettings, ParseOptions, Profile
from octavo.settings.official_config import settings_of

from .conftest import Sdk

pytestmark = pytest.mark.official


def test_the_template_itself_changes_nothing_but_numbers(sdk: Sdk) -> None:
    content = yaml.safe_load(sdk("configuration", None)["template"])
    content["pipeline"]["maas"]["enabled"] = False
    found = settings_of(content)
    assert found["tasks"].value == {}
    assert found["official_shown"].value == {}
    options = ParseOptions.model_validate(
        {name: one.value for name, one in found.items() if name in ParseOptions.model_fields}
        | {"profile": Profile.OFFICIAL}
    )
    assert rules(options).merge == OFFICIAL_MERGES
    assert rules(options).unclip == (1.0, 1.0)
    assert all(options.task_of(label) is ParseOptions(profile=Profile.OFFICIAL).task_of(label) for label in Label)
    EngineSettings.model_validate({n: one.value for n, one in found.items() if n in EngineSettings.model_fields})


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
