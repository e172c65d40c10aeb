"""Runs the official SDK: a task's name as argument, its cases as JSON on stdin, the results as JSON on stdout.

Started by the tests with the Python of the SDK's own environment, so it imports nothing of Octavo's.
"""

import json
import sys
import warnings
from collections.abc import Callable
from typing import Any


def formatted(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`ResultFormatter.process` with the packaged configuration and the switches a case gives."""
    from glmocr.config import GlmOcrConfig
    from glmocr.postprocess import ResultFormatter

    packaged = GlmOcrConfig.from_yaml().pipeline.result_formatter
    results = []
    for case in cases:
        formatter = ResultFormatter(packaged.model_copy(update=case.get("switches", {})))
        pages = case["pages"]
        pictures = {
            (number, *region["bbox_2d"]): True
            for number, page in enumerate(pages)
            for region in page
            if region["task_type"] == "skip"
        }
        result, markdown, files = formatter.process(pages, cropped_images=pictures or None)
        results.append({"json_result": json.loads(result), "markdown_result": markdown, "files": list(files)})
    return results


def cleaned_of_repeats(cases: list[str]) -> list[str]:
    from glmocr.utils.result_postprocess_utils import clean_repeated_content

    return [clean_repeated_content(case) for case in cases]


def cleaned_boxes(cases: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """`apply_layout_postprocess` on raw boxes; numpy arrays that answer `.cpu().numpy()` stand for tensors."""
    import numpy as np
    from glmocr.config import GlmOcrConfig
    from glmocr.utils.layout_postprocess_utils import apply_layout_postprocess

    id2label = GlmOcrConfig.from_yaml().pipeline.layout.id2label
    results = []
    for case in cases:
        raw: dict[str, Any] = {
            "scores": Tensor(np.array(case["scores"], dtype=np.float32)),
            "labels": Tensor(np.array(case["labels"], dtype=np.int64)),
            "boxes": Tensor(np.array(case["boxes"], dtype=np.float32).reshape(-1, 4)),
            "order_seq": Tensor(np.array(case["order"], dtype=np.int64)),
        }
        if case["polygons"]:
            raw["polygon_points"] = [None if p is None else np.array(p, dtype=np.float32) for p in case["polygons"]]
        merge, unclip = case["merge"], case["unclip"]
        [kept] = apply_layout_postprocess(
            [raw],
            id2label,
            [tuple(case["size"])],
            layout_nms=case["nms"],
            layout_merge_bboxes_mode={int(k): v for k, v in merge.items()} if isinstance(merge, dict) else merge,
            layout_unclip_ratio={int(k): v for k, v in unclip.items()} if isinstance(unclip, dict) else unclip,
        )
        results.append(
            [
                {
                    "label": box["cls_id"],
                    "score": box["score"],
                    "box": box["coordinate"],
                    "polygon": box["polygon_points"].tolist(),
                }
                for box in kept
            ]
        )
    return results


class Tensor:
    """As much of a torch tensor as the SDK's post-processing touches."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def cpu(self) -> "Tensor":
        return self

    def numpy(self) -> Any:
        return self.values


TASKS: dict[str, Callable[[Any], Any]] = {
    "formatted": formatted,
    "cleaned_of_repeats": cleaned_of_repeats,
    "cleaned_boxes": cleaned_boxes,
}


def main() -> None:
    warnings.simplefilter("ignore")
    result = TASKS[sys.argv[1]](json.load(sys.stdin))
    sys.stdout.write("\x1e" + json.dumps(result))  # what comes before the mark was printed by a library


if __name__ == "__main__":
    main()
