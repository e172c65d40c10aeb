"""Raw boxes of a layout network against the SDK's own post-processing."""

import random
from typing import Any

import numpy as np
import pytest

from octavo.document import Label
from octavo.geometry import Size
from octavo.official.postprocess import OFFICIAL_MERGES, CleanBoxes, LayoutRules, RawBoxes, clean
from octavo.settings import Merge, OfficialVersion

from .conftest import Sdk

pytestmark = pytest.mark.official

LABELS = tuple(Label)
PACKAGED = {str(LABELS.index(label)): str(mode) for label, mode in OFFICIAL_MERGES.items()}


def made_up(dice: random.Random, **fixed: Any) -> dict[str, Any]:
    """Boxes that nest, coincide, touch and stick out of the page, with labels that nesting treats differently."""
    size = dice.choice([(1240, 1754), (1754, 1240), (800, 800), (333, 2049)])
    palette = dice.choice([range(25), [14, 22], [18, 19, 22], [3, 14, 20, 21, 22], [22]])
    boxes: list[list[float]] = []
    for _ in range(dice.choice([0, 1, 2, 4, 8, 16, 40, 100])):
        kind = dice.random()
        if boxes and kind < 0.3:  # nearly another one
            box = [edge + dice.uniform(-3, 3) for edge in dice.choice(boxes)]
        elif boxes and kind < 0.6:  # in another one, or around it
            left, top, right, bottom = dice.choice(boxes)
            x, y = (right - left) * dice.uniform(-0.3, 0.4), (bottom - top) * dice.uniform(-0.3, 0.4)
            box = [left + x, top + y, right - x * dice.random(), bottom - y]
        elif kind < 0.65:  # the page
            box = [-2.0, -3.0, size[0] * dice.uniform(0.85, 1.01), size[1] * dice.uniform(0.85, 1.01)]
        else:
            left, top = dice.uniform(-20, size[0]), dice.uniform(-20, size[1])
            box = [left, top, left + dice.expovariate(1 / 200), top + dice.expovariate(1 / 60)]
        boxes.append(box if dice.random() < 0.8 else [round(edge) for edge in box])
    boxes = np.array(boxes, dtype=np.float32).reshape(-1, 4).tolist()
    order = list(range(len(boxes)))
    dice.shuffle(order)
    return {
        "size": size,
        "labels": [dice.choice(palette) for _ in boxes],
        "scores": [float(np.float32(dice.random() + 1e-6 * i)) for i in range(len(boxes))],
        "boxes": boxes,
        "order": order,
        "nms": dice.random() < 0.9,
        "polygons": [dice.choice([None, outline(box, dice)]) for box in boxes] if dice.random() < 0.3 else [],
        "merge": dice.choice(
            [PACKAGED, PACKAGED, "union", "large", "small", None, {str(c): dice.choice([*Merge]) for c in range(25)}]
        ),
        "unclip": dice.choice([[1.0, 1.0], [1.0, 1.0], None, [1.1, 0.9], {"22": [1.3, 1.0], "14": [0.7, 1.2]}]),
        **fixed,
    }


def outline(box: list[float], dice: random.Random) -> list[list[float]]:
    left, top, right, bottom = box
    return [[left, top], [right + dice.uniform(-5, 5), top], [right, bottom], [left, bottom], [left - 9, top]]


def ours(case: dict[str, Any]) -> tuple[RawBoxes, CleanBoxes]:
    raw = RawBoxes(
        tuple(LABELS[number] for number in case["labels"]),
        np.array(case["scores"], dtype=np.float64),
        np.array(case["boxes"], dtype=np.float64).reshape(-1, 4),
        np.array(case["order"], dtype=np.float64),
        [None if polygon is None else np.array(polygon, dtype=np.float32) for polygon in case["polygons"]],
    )
    merge, unclip = case["merge"], case["unclip"]
    rules = LayoutRules(
        suppress=case["nms"],
        merge={LABELS[int(c)]: Merge(mode) for c, mode in merge.items()}
        if isinstance(merge, dict)
        else (None if merge is None else Merge(merge)),
        unclip={LABELS[int(c)]: tuple(pair) for c, pair in unclip.items()}
        if isinstance(unclip, dict)
        else (None if unclip is None else tuple(unclip)),
    )
    return raw, clean(raw, Size(*case["size"]), rules)


@pytest.mark.parametrize("seed", range(4))
def test_the_boxes_the_sdk_keeps_where_it_keeps_them(sdk: Sdk, seed: int) -> None:
    if seed and sdk.version is OfficialVersion.V0_1_1:
        pytest.skip("0.1.1 has the very file of 0.1.5: once is enough")
    dice = random.Random(seed)
    cases = [made_up(dice) for _ in range(700)]
    for case, theirs in zip(cases, sdk("cleaned_boxes", cases), strict=True):
        raw, cleaned = ours(case)
        mine = [
            {
                "label": LABELS.index(raw.labels[row]),
                "score": raw.scores[row],
                "box": box.tolist(),
                "polygon": polygon.tolist(),
            }
            for row, box, polygon in zip(cleaned.kept, cleaned.boxes, cleaned.polygons, strict=True)
        ]
        assert mine == theirs
        assert sorted([*cleaned.kept.tolist(), *cleaned.removed]) == list(range(len(raw.labels)))
