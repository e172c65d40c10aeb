"""The official SDK (PyPI glmocr 0.1.5): its own pipeline, page loader and client; regions are replayed."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import measure


class Replay:
    """In the place of the SDK's layout detector."""

    batch_size = 8

    def __init__(self, pages: list[list[dict[str, Any]]], tasks: dict[str, list[str]]) -> None:
        kinds = {label: task for task, labels in tasks.items() for label in labels}
        self.pages = [
            [
                {
                    "index": index,
                    "label": region["label"],
                    "score": 0.9,
                    "bbox_2d": [round(side) for side in region["box"]],
                    "polygon": [],
                    "task_type": kinds[region["label"]],
                }
                for index, region in enumerate(page)
            ]
            for page in pages
        ]

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def process(self, images: list[Any], global_start_idx: int = 0, **_: Any) -> tuple[list[Any], dict[int, Any]]:
        count = len(self.pages)
        return [[dict(r) for r in self.pages[(global_start_idx + n) % count]] for n, _ in enumerate(images)], {}


def start(configuration: dict[str, Any]) -> Callable[[str], dict[str, Any]]:
    warnings.simplefilter("ignore")
    import logging

    from glmocr.config import GlmOcrConfig
    from glmocr.pipeline import Pipeline

    logging.disable(logging.INFO)
    config = GlmOcrConfig.from_yaml().pipeline
    config.ocr_api.api_port = configuration["port"]
    if configuration["limit"] is not None:
        config.max_workers = configuration["limit"]
    config.page_loader.pdf_dpi = configuration["dpi"]
    regions = json.loads(Path(configuration["regions"]).read_text())
    pipeline = Pipeline(config, layout_detector=Replay(regions, config.layout.label_task_mapping))
    pipeline.start()

    def read(file: str) -> dict[str, Any]:
        content = [{"type": "image_url", "image_url": {"url": file}}]
        [result] = pipeline.process({"messages": [{"role": "user", "content": content}]})
        return {"pages": len(result.json_result), "characters": len(result.markdown_result)}

    return read


if __name__ == "__main__":
    measure.serve(start)
