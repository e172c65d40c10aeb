"""The profile `official` against the SDK itself: same regions and texts in, same bytes out."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from octavo.official.format import FormatRules, RawRegion, format_page, without_repetition
from octavo.settings import OfficialVersion

from . import made_up
from .conftest import Sdk

pytestmark = pytest.mark.official

PUBLIC = Path(__file__).parents[3] / "shared" / "eval" / "public" / "gt"


def ours(pages: list[list[dict[str, Any]]], rules: FormatRules) -> list[list[dict[str, Any]]]:
    """json_result without the paths of pictures, which a renderer adds."""
    result = []
    for regions in pages:
        raw = [RawRegion(region["label"], region["content"], region["bbox_2d"][0]) for region in regions]
        entries = format_page(raw, rules).entries
        result.append(
            [
                {
                    "index": index,
                    "label": entry.label,
                    "bbox_2d": regions[entry.region]["bbox_2d"],
                    "polygon": regions[entry.region]["polygon"],
                    "content": entry.content,
                    "native_label": regions[entry.region]["label"],
                }
                for index, entry in enumerate(entries)
            ]
        )
    return result


def without_paths(pages: list[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    return [[{key: value for key, value in entry.items() if key != "image_path"} for entry in page] for page in pages]


def handed_in(pages: list[list[dict[str, Any]]], version: OfficialVersion) -> list[list[dict[str, Any]]]:
    """As that version's pipeline hands regions on: 0.1.1 has an empty text for what could not be read."""
    empty = "" if version is OfficialVersion.V0_1_1 else None
    return [
        [r | {"content": empty} if r["content"] is None and r["task_type"] != "skip" else r for r in page]
        for page in pages
    ]


@pytest.mark.parametrize("seed", range(4))
def test_regions_and_texts_come_out_as_the_sdk_shows_them(sdk: Sdk, seed: int) -> None:
    dice = random.Random(seed)
    pages = [[made_up.page(dice) for _ in range(dice.randint(1, 2))] for _ in range(1000)]
    cases = [{"pages": handed_in(some, sdk.version)} for some in pages]
    for case, theirs in zip(cases, sdk("formatted", cases), strict=True):
        assert json.dumps(ours(case["pages"], FormatRules(sdk.version))) == json.dumps(
            without_paths(theirs["json_result"])
        )


@pytest.mark.parametrize("switch", ["merge_formula_numbers", "merge_text_blocks", "format_bullet_points"])
def test_each_switch_turns_off_what_it_turns_off_in_the_sdk(sdk: Sdk, switch: str) -> None:
    if sdk.version is OfficialVersion.V0_1_1:
        pytest.skip("that version has no switches")
    dice = random.Random(switch)
    cases = [{"pages": [made_up.page(dice)], "switches": {f"enable_{switch}": False}} for _ in range(300)]
    rules = FormatRules(sdk.version, **{switch: False})
    for case, theirs in zip(cases, sdk("formatted", cases), strict=True):
        assert ours(case["pages"], rules) == without_paths(theirs["json_result"])


def test_every_text_that_a_single_region_can_hold(sdk: Sdk) -> None:
    """Every pair of the pieces that the SDK treats in a way of its own, under every kind of label."""
    labels = ("text", "doc_title", "paragraph_title", "table", "display_formula", "header")
    texts = [first + glue + second for first in made_up.PIECES for second in made_up.PIECES for glue in ("", "\n")]
    texts = [text for text in texts if not text.rstrip().endswith("-")]  # 0.1.1 would join each with the next one
    pages = [
        [
            {"index": i, "label": label, "bbox_2d": [0, 0, 9, 9], "polygon": [], "task_type": "text", "content": text}
            for i, text in enumerate(texts)
        ]
        for label in labels
    ]
    switches = {"enable_merge_text_blocks": False, "enable_format_bullet_points": False}
    [theirs] = sdk("formatted", [{"pages": pages, "switches": switches}])
    old = sdk.version is OfficialVersion.V0_1_1
    rules = FormatRules(sdk.version, merge_text_blocks=old, format_bullet_points=old)
    assert ours(pages, rules) == without_paths(theirs["json_result"])


def test_repetition_is_cut_where_the_sdk_cuts_it(sdk: Sdk) -> None:
    dice = random.Random(7)
    texts = [made_up.repetitive(dice) for _ in range(600)]
    for text, theirs in zip(texts, sdk("cleaned_of_repeats", texts), strict=True):
        assert without_repetition(text) == theirs


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public evaluation set is not here")
def test_texts_that_the_model_really_gave(sdk: Sdk) -> None:
    pages = []
    for path in sorted(PUBLIC.glob("glm_*.layout.json")):
        for found in json.loads(path.read_text()):
            pages.append(
                [
                    {
                        "index": entry["index"],
                        "label": {"formula": "display_formula"}.get(entry["label"], entry["label"]),
                        "bbox_2d": entry["bbox_2d"],
                        "polygon": [],
                        "task_type": "skip" if entry["label"] == "image" else entry["label"],
                        "content": None if entry["label"] == "image" else entry["content"],
                    }
                    for entry in found
                ]
            )
    [theirs] = sdk("formatted", [{"pages": pages}])
    assert sum(map(len, pages)) > 50
    assert ours(pages, FormatRules(sdk.version)) == without_paths(theirs["json_result"])
