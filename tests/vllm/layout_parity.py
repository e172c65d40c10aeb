"""Finds regions of pictures twice, with Octavo and with the official SDK, and prints both as JSON.

    python layout_parity.py CHECKPOINT THRESHOLD PICTURE ...

Run in the environment of install_env.sh: real transformers, real SDK, the same weights for both. Where another version
of the SDK comes first on the path, it is that one that Octavo is held against.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
import torch
from glmocr import __version__ as version
from glmocr.config import GlmOcrConfig
from glmocr.layout import PPDocLayoutDetector
from PIL import Image

from octavo import regions
from octavo.detectors import pp_doclayout as pp_doclayout_torch
from octavo.detectors import pp_doclayout_onnx
from octavo.detectors.pp_doclayout import export, open_detector
from octavo.document import Detection, Page, PageImage, Task
from octavo.geometry import Size
from octavo.networks import pp_doclayout
from octavo.official.layout import wants_outlines
from octavo.official.outlines import outlines
from octavo.parser import Parser
from octavo.settings import EngineSettings, OfficialVersion, OrientationUse, ParseOptions, Profile

OPTIONS = ParseOptions(
    profile=Profile.OFFICIAL, orientation=OrientationUse.OFF, official_version=OfficialVersion(version)
)


def main() -> None:
    checkpoint, threshold, *files = sys.argv[1:]
    torch.set_num_threads(1)
    pictures = [Image.open(file).convert("RGB") for file in files]
    settings = EngineSettings(layout_model=checkpoint, layout_threshold=float(threshold))
    if OPTIONS.official_version is OfficialVersion.V0_1_1:
        both = {"theirs": theirs(checkpoint, float(threshold), pictures), "ours": ours(settings, pictures)}
        sys.stdout.write("\x1e" + json.dumps(both))
        return
    answer = {
        "theirs": theirs(checkpoint, float(threshold), pictures),
        "ours": ours(settings.model_copy(update={"layout_polygons": True}), pictures),
        "without_polygons": ours(settings, pictures),
        "in_batches": ours(settings.model_copy(update={"layout_batch_size": 3}), pictures),
        "filled": ours(settings.model_copy(update={"layout_batch_size": 3}), pictures, sizes=[4]),
        "warmed": {free: warmed(settings, free) for free in (78, 23, 15, 2)},
        "outlines": outlined(checkpoint),
        "onnx": on_onnx(settings, pictures),
        "parsed": [shown(page) for page in parsed(settings, files)],
    }
    sys.stdout.write("\x1e" + json.dumps(answer))


def warmed(settings: EngineSettings, free: int) -> list[int]:
    """Sizes of batches that are tried on a GPU with a GiB more than are free: only what torch says of it is made up."""
    detector = open_detector(settings.model_copy(update={"gpu_memory_utilization": 0.85}))
    detector._sizes = pp_doclayout_torch.sizes(16)
    tried: list[int] = []
    seen = detector._network.register_forward_pre_hook(
        lambda network, given, named: tried.append(len(named["pixel_values"])), with_kwargs=True
    )
    memory = (free << 30, (free + 1) << 30)
    with patch.multiple(torch.cuda, mem_get_info=lambda device: memory, synchronize=lambda device: None):
        detector._warm()
    seen.remove()
    detector.close()
    return tried


def outlined(checkpoint: str) -> list[tuple[Any, Any]]:
    """Outlines of blobs by the SDK and by us: the tiny network's own masks have no shape worth following."""
    config = GlmOcrConfig.from_yaml().pipeline.layout
    detector = PPDocLayoutDetector(config.model_copy(update={"model_dir": checkpoint}))
    detector.start()
    processor = detector._image_processor
    dice = np.random.default_rng(1)
    pairs = []
    for _ in range(40):
        size = Size(int(dice.integers(300, 2500)), int(dice.integers(300, 2500)))
        noise = dice.normal(size=(12, 14, 14)).astype(np.float32)
        masks = np.stack([cv2.resize(one, (200, 200), interpolation=cv2.INTER_CUBIC) > 0.2 for one in noise])
        masks[0] = False
        corner = dice.uniform(-0.05, 0.8, (12, 2))
        boxes = np.concatenate([corner, corner + dice.exponential(0.3, (12, 2))], axis=1) * (*size, *size)
        boxes = boxes.clip(-20, 2600).astype(np.float32)
        scale = [torch.tensor(800) / size.width, torch.tensor(800) / size.height]
        wanted = processor._extract_polygon_points_by_masks(boxes, masks.astype(np.int32), scale)
        made = outlines(boxes, masks, size)
        pairs += [
            (None if one is None else np.asarray(one, np.float32).tolist(), None if ours is None else ours.tolist())
            for one, ours in zip(wanted, made, strict=True)
        ]
    return pairs


def on_onnx(settings: EngineSettings, pictures: list[Image.Image]) -> list[dict[str, Any]]:
    """The exported network on the very pixels that torch sees: what differs is the arithmetic alone."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "layout.onnx")
        export(settings, file)
        on_torch = open_detector(settings)
        other = pp_doclayout_onnx.open_detector(settings.model_copy(update={"layout_model": str(file)}))
    answers = []
    for number, picture in enumerate(pictures):
        page = PageImage(number, np.asarray(picture), 0.0)
        raw = [one[0] for one in other._lone.run(on_torch._prepared(page).numpy()[None])]
        found = pp_doclayout.found(*raw, other._lowest, page.size)
        both = (on_torch.detect([page])[0], [*pp_doclayout.detections(found, page.size)])
        answers.append({name: by_place(one) for name, one in zip(("torch", "onnx"), both, strict=True)})
        answers[-1]["itself"] = len(other.detect([page])[0])
    return answers


def by_place(detections: list[Detection]) -> list[Any]:
    """Sorted by what they are and where: votes on the order of random weights differ in their last digits only."""
    rows = [(str(d.label), d.box.left, d.box.top, d.box.right, d.box.bottom, d.score) for d in detections]
    return sorted(rows, key=lambda row: (row[0], *(round(edge) for edge in row[1:5])))


def theirs(checkpoint: str, threshold: float, pictures: list[Image.Image]) -> list[list[dict[str, Any]]]:
    config = GlmOcrConfig.from_yaml().pipeline.layout
    detector = PPDocLayoutDetector(config.model_copy(update={"model_dir": checkpoint, "threshold": threshold}))
    detector.start()
    answer = detector.process(pictures)
    found = answer if version == "0.1.1" else answer[0]
    return [[{key: value for key, value in region.items() if key != "index"} for region in page] for page in found]


def ours(
    settings: EngineSettings, pictures: list[Image.Image], sizes: list[int] | None = None
) -> list[list[dict[str, Any]]]:
    """`sizes` of batches, as on a GPU, where each is filled up to one of them."""
    outlined = wants_outlines(OPTIONS)
    pages = [PageImage(n, np.asarray(picture), 0.0, outlined=outlined) for n, picture in enumerate(pictures)]
    detector = open_detector(settings)
    detector._sizes = sizes or detector._sizes
    found = detector.detect(pages)
    detector.close()
    settled = [regions.settle(one, page, OPTIONS).regions for one, page in zip(found, pages, strict=True)]
    return [
        [
            {
                "label": str(region.label),
                "score": region.score,
                "bbox_2d": [
                    int(edge) for edge in (region.box.left, region.box.top, region.box.right, region.box.bottom)
                ],
                "polygon": [[int(x), int(y)] for x, y in region.polygon],
                "task_type": str(region.task),
            }
            for region in page
            if region.task is not Task.ABANDON
        ]
        for page in settled
    ]


def parsed(settings: EngineSettings, files: list[str]) -> list[Page]:
    """The whole way, with an engine that says each region's label."""
    engines = settings.model_copy(update={"detector": "pp_doclayout", "recognizer": "scripted"})
    with Parser(engines) as parser:
        return [parser.parse(Path(file), OPTIONS).pages[0] for file in files]


def shown(page: Page) -> list[str]:
    return [str(block.region.label) for block in page.blocks if block.region.task is not Task.ABANDON]


if __name__ == "__main__":
    main()
