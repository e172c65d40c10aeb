"""Runs the official SDK: a task's name as argument, its cases as JSON on stdin, the results as JSON on stdout.

Started by the tests with the Python of the SDK's own environment, so it imports nothing of Octavo's. Knows the SDK
0.1.1 and 0.1.5, whose methods take and return different things.
"""

import json
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any


def formatted(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`ResultFormatter.process` with the packaged configuration and the switches a case gives."""
    from glmocr import __version__
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
        if __version__ == "0.1.1":
            result, markdown = formatter.process(pages)
            files: Any = ()
        else:
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


def parsed(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`Pipeline.process`, whole: its detector replays raw boxes, its model goes by the first pixel of a crop."""
    from glmocr.config import GlmOcrConfig
    from glmocr.pipeline import Pipeline

    results = []
    for case in cases:
        config = GlmOcrConfig.from_yaml().pipeline
        pipeline = Pipeline(config, layout_detector=Replayed(config.layout, case["pages"]))
        pipeline.ocr_client = Model(case["texts"])
        pipeline.page_loader.build_request_from_image = lambda image, task: {"first": image.getpixel((0, 0))}
        content = [{"type": "image_url", "image_url": {"url": case["file"]}}]
        with pipeline:
            [result] = pipeline.process({"messages": [{"role": "user", "content": content}]})
        results.append({"json_result": result.json_result, "markdown_result": result.markdown_result})
        results[-1] |= written(result)
    return results


def written(result: Any) -> dict[str, Any]:
    """What the SDK writes into a folder."""
    with tempfile.TemporaryDirectory() as folder:
        result.save(folder)
        [texts] = [*Path(folder).glob("*/*.md")] or [None]
        return {
            "markdown_file": texts.read_text(encoding="utf-8") if texts else "",
            "files": sorted(path.name for path in Path(folder).glob("*/imgs/*")),
        }


def configuration(_: None) -> dict[str, Any]:
    """The packaged template as text, and every key that the configuration classes know."""
    from glmocr.config import GlmOcrConfig
    from pydantic import BaseModel

    def keys(model: type[BaseModel], above: str) -> list[str]:
        found = []
        for name, field in model.model_fields.items():
            inner = field.annotation
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                found += keys(inner, f"{above}{name}.")
            else:
                found.append(f"{above}{name}")
        return found

    return {"template": Path(GlmOcrConfig.default_path()).read_text(encoding="utf-8"), "keys": keys(GlmOcrConfig, "")}


class Replayed:
    """As the SDK's own detector, from where the network has answered."""

    batch_size = 1

    def __init__(self, config: Any, pages: list[dict[str, Any]]) -> None:
        self.config, self.pages = config, pages

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def process(self, images: list[Any], global_start_idx: int = 0, **_: Any) -> Any:
        from glmocr import __version__

        found = [self._page(image, self.pages[global_start_idx + n]) for n, image in enumerate(images)]
        return found if __version__ == "0.1.1" else (found, {})

    def _page(self, image: Any, page: dict[str, Any]) -> list[dict[str, Any]]:
        width, height = image.size
        case = {**page, "size": image.size, "nms": True, "polygons": [], "unclip": [1.0, 1.0]}
        [kept] = cleaned_boxes([{**case, "merge": self.config.layout_merge_bboxes_mode}])
        regions: list[dict[str, Any]] = []
        for box in kept:
            label = self.config.id2label[box["label"]]
            task = next(task for task, labels in self.config.label_task_mapping.items() if label in labels)
            if task != "abandon":
                corners = [(box["box"][i], box["box"][j]) for i, j in ((0, 1), (2, 1), (2, 3), (0, 3))]
                polygon = [[int(x / width * 1000), int(y / height * 1000)] for x, y in corners]
                bounds = [*polygon[0], *polygon[2]]
                regions.append({"index": len(regions), "label": label, "score": box["score"], "bbox_2d": bounds})
                regions[-1] |= {"polygon": polygon, "task_type": task}
        return regions


class Model:
    """Says of a crop what is told of the pixel its top left corner shows."""

    api_host, api_port = "127.0.0.1", 1

    def __init__(self, texts: dict[str, str | None]) -> None:
        self.texts = texts

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def is_alive(self) -> bool:
        return True

    def process(self, request: dict[str, Any]) -> tuple[dict[str, Any], int]:
        text = self.texts[",".join(map(str, request["first"]))]
        return {"choices": [{"message": {"content": text}}]}, 500 if text is None else 200


TASKS: dict[str, Callable[[Any], Any]] = {
    "formatted": formatted,
    "cleaned_of_repeats": cleaned_of_repeats,
    "cleaned_boxes": cleaned_boxes,
    "parsed": parsed,
    "configuration": configuration,
}


def main() -> None:
    warnings.simplefilter("ignore")
    result = TASKS[sys.argv[1]](json.load(sys.stdin))
    sys.stdout.write("\x1e" + json.dumps(result))  # what comes before the mark was printed by a library


if __name__ == "__main__":
    main()
