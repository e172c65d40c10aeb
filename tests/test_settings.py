"""Where a value comes from, and what is said about a wrong one."""

import pytest
from pydantic import BaseModel

from octavo.document import Label, Task
from octavo.errors import OptionInvalid
from octavo.settings import (
    EngineSettings,
    ParseOptions,
    Profile,
    ServeSettings,
    TextLayerUse,
    WorkerSettings,
    environment_names,
    flag_name,
    resolve,
)

MODELS = (ParseOptions, EngineSettings, ServeSettings, WorkerSettings)


def test_explicit_beats_environment_beats_preset_beats_default() -> None:
    environment, preset = {"OCTAVO_DPI": "200", "OCTAVO_PAGES": "2"}, {"OCTAVO_DPI": "100", "IMAGE_MAX_SIDE": "2200"}
    resolved = resolve(ParseOptions, {"pages": "1"}, environment, preset)
    assert (resolved.values.pages, resolved.values.dpi, resolved.values.max_side) == ("1", 200, 2200)
    assert resolved.origins["pages"] == "explicit"
    assert resolved.origins["dpi"] == "environment OCTAVO_DPI"
    assert resolved.origins["max_side"] == "preset IMAGE_MAX_SIDE"
    assert resolved.origins["layout"] == "default"


def test_the_own_variable_beats_a_borrowed_one() -> None:
    environment = {"IMAGE_MAX_SIDE": "2200", "OCTAVO_MAX_SIDE": "1000"}
    assert resolve(ParseOptions, {}, environment).values.max_side == 1000


def test_an_empty_variable_is_none() -> None:
    assert resolve(ParseOptions, {}, {"OCTAVO_DPI": ""}).values.dpi == ParseOptions().dpi


@pytest.mark.parametrize(
    "text", ["image=text,header=abandon", "image=text, header=abandon", '{"image": "text", "header": "abandon"}']
)
def test_a_mapping_can_be_typed(text: str) -> None:
    for options in (resolve(ParseOptions, {"tasks": text}, {}), resolve(ParseOptions, {}, {"OCTAVO_TASKS": text})):
        assert options.values.tasks == {Label.IMAGE: Task.TEXT, Label.HEADER: Task.ABANDON}


@pytest.mark.parametrize("text", ["markdown,html", " markdown , html ", '["markdown", "html"]'])
def test_a_list_can_be_typed(text: str) -> None:
    assert resolve(ParseOptions, {"formats": text}, {}).values.formats == ("markdown", "html")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"dpi": "1000"}, "dpi: input should be less than or equal to 600"),
        ({"text_layer": "perhaps"}, "text_layer: input should be 'auto', 'off' or 'only'"),
        ({"tasks": "image"}, "tasks: 'image' is not of the form NAME=VALUE"),
        ({"tasks": '{"image"'}, "tasks: is not JSON"),
        ({"colour": "red"}, "no option called 'colour'"),
    ],
)
def test_a_wrong_value_is_named(given: dict[str, object], said: str) -> None:
    with pytest.raises(OptionInvalid, match=said.replace("(", r"\(")):
        resolve(ParseOptions, given, {})


def test_a_wrong_variable_is_named_too() -> None:
    with pytest.raises(OptionInvalid, match=r"dpi: .*\(from environment OCTAVO_DPI\)"):
        resolve(ParseOptions, {}, {"OCTAVO_DPI": "many"})


def test_a_password_is_never_shown() -> None:
    options = resolve(ParseOptions, {"password": "sesame"}, {}).values
    assert "sesame" not in f"{options!r} {options}"


def test_enumerations_take_their_values() -> None:
    options = resolve(ParseOptions, {"text_layer": "only", "profile": "official"}, {}).values
    assert (options.text_layer, options.profile) == (TextLayerUse.ONLY, Profile.OFFICIAL)


def test_the_profile_decides_what_is_read() -> None:
    assert ParseOptions().task_of(Label.FOOTNOTE) is Task.TEXT
    assert ParseOptions(profile=Profile.OFFICIAL).task_of(Label.FOOTNOTE) is Task.ABANDON
    assert ParseOptions(tasks={Label.FOOTNOTE: Task.SKIP}).task_of(Label.FOOTNOTE) is Task.SKIP


@pytest.mark.parametrize("model", MODELS)
def test_every_knob_says_what_it_does(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        assert field.description, name
        assert field.description.strip()[-1] in ".}" or ":" in field.description, name


def test_no_two_knobs_share_a_flag_or_a_variable() -> None:
    flags = [flag_name(model, name) for model in (ParseOptions, EngineSettings) for name in model.model_fields]
    variables = [name for model in MODELS for field in model.model_fields for name in environment_names(model, field)]
    assert len(flags) == len(set(flags))
    assert len(variables) == len(set(variables))
