"""What the official SDK's own rules cost, in the SDK and here, in one run: layout post-processing and repetition.

    PYTHONPATH=src:. python -W ignore bench/official_rules.py

Any Python that has glmocr 0.1.5 and PyYAML: the one of tests/official/install_env.sh. Medians over the runs, one
thread. The results are compared, too.
"""

import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from glmocr.config import GlmOcrConfig
from glmocr.utils.layout_postprocess_utils import apply_layout_postprocess
from glmocr.utils.result_postprocess_utils import clean_repeated_content
from tests.official.run_sdk import Tensor

from octavo.document import Label
from octavo.geometry import Size
from octavo.official.format import without_repetition
from octavo.official.postprocess import RawBoxes, clean

SIZE = (1240, 1754)


def milliseconds(work: Callable[[], Any], runs: int) -> tuple[float, Any]:
    times, result = [], None
    for _ in range(runs):
        start = time.perf_counter()
        result = work()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times), result


def boxes(count: int) -> dict[str, Any]:
    dice = np.random.default_rng(count)
    corner = dice.uniform(0, 0.8, (count, 2)) * SIZE
    sides = dice.uniform(10, 400, (count, 2))
    return {
        "scores": dice.random(count, dtype=np.float32),
        "labels": dice.integers(0, 25, count),
        "boxes": np.concatenate([corner, corner + sides], axis=1).astype(np.float32),
        "order": dice.permutation(count),
    }


def layout(count: int) -> tuple[float, float]:
    config = GlmOcrConfig.from_yaml().pipeline.layout
    made = boxes(count)
    tensors = {key: Tensor(made[key]) for key in ("scores", "labels", "boxes")} | {"order_seq": Tensor(made["order"])}
    merge, unclip = config.layout_merge_bboxes_mode, config.layout_unclip_ratio
    theirs, kept = milliseconds(
        lambda: apply_layout_postprocess([tensors], config.id2label, [SIZE], True, unclip, merge), 3
    )
    labels = tuple(tuple(Label)[number] for number in made["labels"])
    numbers = {key: made[key].astype(np.float64) for key in ("scores", "boxes", "order")}
    raw = RawBoxes(labels, **numbers)
    ours, cleaned = milliseconds(lambda: clean(raw, Size(*SIZE)), 30)
    assert [box["coordinate"] for box in kept[0]] == cleaned.boxes.tolist()
    return theirs, ours


def repetition(length: int) -> tuple[float, float]:
    dice = random.Random(length)
    text = " ".join(str(dice.randrange(10**9)) for _ in range(length))[:length]
    theirs, one = milliseconds(lambda: clean_repeated_content(text), 1)
    ours, other = milliseconds(lambda: without_repetition(text), 9)
    assert one == other
    return theirs, ours


def main() -> None:
    rows = [(f"layout, {count} boxes", *layout(count)) for count in (25, 50, 100, 200, 300)]
    rows += [(f"repetition, {length} characters", *repetition(length)) for length in (4_000, 8_000, 16_000)]
    print(f"{'':32}{'SDK ms':>10}{'Octavo ms':>12}{'ratio':>9}")
    for name, theirs, ours in rows:
        print(f"{name:32}{theirs:10.1f}{ours:12.2f}{theirs / ours:9.0f}")


if __name__ == "__main__":
    main()
