"""A picture through all of Octavo and all of the SDK: same raw boxes, same texts, same files out.

The pictures are ramps in two colours, so that the pixel in a crop's top left corner tells which region it is.
"""

import json
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from octavo import assemble, pipeline
from octavo.document import Crop, Detection, Document, Label, PageImage, Pixels, Problem, Recognition, Severity
from octavo.fair_gate import FairGate
from octavo.geometry import Box, Size
from octavo.recognizers.scripted import Scripted
from octavo.renderers import crops, glmocr_json, markdown
from octavo.settings import ParseOptions, Profile

from . import made_up
from .conftest import Sdk
from .test_layout_postprocess import made_up as made_up_boxes

pytestmark = pytest.mark.official

LABELS = tuple(Label)


def ramp(size: Size) -> Pixels:
    """No two pixels alike: x and y spread over three channels of 256 levels."""
    y, x = np.mgrid[0 : size.height, 0 : size.width]
    return np.stack([x % 256, y % 256, x // 256 * 16 + y // 256], axis=2).astype(np.uint8)


class Replayed:
    """Hands on raw boxes as the layout network's detector does."""

    described = "replayed"
    batch_size = 4
    sees_pictures = True

    def __init__(self, page: dict[str, Any]) -> None:
        self.page = page

    def detect(self, pages: Sequence[PageImage]) -> list[list[Detection]]:
        width, height = pages[0].size
        scale = 1000.0 / np.array([width, height] * 2, dtype=np.float64)
        rows = zip(self.page["labels"], self.page["scores"], self.page["boxes"], self.page["order"], strict=True)
        return [
            [
                Detection(Box(*(np.array(box) * scale).tolist()), LABELS[label], score, order=float(order))
                for label, score, box, order in rows
            ]
        ]

    def close(self) -> None: ...


class OnePage:
    """The picture as a document of one page."""

    numbers = (0,)

    def __init__(self, pixels: Pixels) -> None:
        self.pixels = pixels

    def draw(self, number: int) -> PageImage:
        return PageImage(number, self.pixels, 0.0)

    def page(self, number: int) -> Pixels:
        return self.pixels


async def parsed(source: OnePage, case: dict[str, Any], options: ParseOptions) -> Document:
    def said(crop: Crop) -> Recognition:
        # the SDK cuts at whole thousandths, towards the top left
        size = Size(source.pixels.shape[1], source.pixels.shape[0])
        left, top = int(crop.region.box.left * size.width / 1000), int(crop.region.box.top * size.height / 1000)
        text = case["texts"][",".join(map(str, source.pixels[top, left].tolist()))]
        lost = Problem("engine_lost", "the server answered 500", Severity.LOST)
        return Recognition(text, problems=(lost,) if text is None else ())

    with ThreadPoolExecutor(2) as executor:
        detector = pipeline.SharedDetector(Replayed(case["pages"][0]), executor)
        stages = pipeline.Stages(lambda page: page, FairGate(4), detector, Scripted(said), executor)
        pages = [
            page async for page in pipeline.read(source, stages, options, document="page", window=pipeline.Window(2))
        ]
    return assemble.document("page", pages, page_count=1, headings=(), options=options, engines={}, timings={})


class Texts(dict[str, str | None]):
    """A text for every pixel there is, made up when first asked for."""


def made_up_case(dice: random.Random, folder: Path, number: int) -> dict[str, Any]:
    page = without_slivers(made_up_boxes(dice))
    size = Size(*page["size"])
    pixels = ramp(size)
    path = folder / f"{number}.png"
    Image.fromarray(pixels).save(path)
    texts: Texts = Texts()
    for box in page["boxes"]:  # any pixel a crop of this box may begin with
        left, top = max(0, int(box[0])), max(0, int(box[1]))
        text = made_up.text(dice)
        for x in range(max(0, left - 4), min(size.width, left + 2)):
            for y in range(max(0, top - 4), min(size.height, top + 2)):
                texts[",".join(map(str, pixels[y, x].tolist()))] = text
    return {"file": str(path), "pages": [page], "texts": texts}


def without_slivers(page: dict[str, Any]) -> dict[str, Any]:
    """The SDK stops with an error at a region less than a pixel thick after rounding: leave those out."""
    size = np.array(page["size"] * 2)
    boxes = np.clip(np.array(page["boxes"]).reshape(-1, 4), 0, size)
    thick = ((boxes[:, 2:] - boxes[:, :2]) > 0.003 * size[:2] + 2).all(axis=1)
    lists = ("labels", "scores", "boxes", "order")
    return page | {key: [value for value, keep in zip(page[key], thick, strict=True) if keep] for key in lists}


async def test_the_same_files_from_the_same_boxes_and_texts(sdk: Sdk, tmp_path: Path) -> None:
    dice = random.Random(3)
    cases = [made_up_case(dice, tmp_path, number) for number in range(60)]
    options = ParseOptions(profile=Profile.OFFICIAL, official_version=sdk.version)
    without_files = options.model_copy(update={"formats": ("markdown", "glmocr_json")})
    shown = 0
    for case, theirs in zip(cases, sdk("parsed", cases), strict=True):
        source = OnePage(np.asarray(Image.open(case["file"])))
        document = await parsed(source, case, options)
        [result] = glmocr_json.render(document, source, options)
        [file] = markdown.render(document, source, options)
        [text] = markdown.render(document, source, without_files)
        assert result.data.decode() == json.dumps(theirs["json_result"], ensure_ascii=False, indent=2)
        assert text.data.decode() == theirs["markdown_result"]
        if text.data.strip():  # the SDK writes no file of spaces
            assert file.data.decode() == theirs["markdown_file"]
        assert {artifact.name for artifact in crops.render(document, source, options)} == {
            f"imgs/{name}" for name in theirs["files"]
        }
        shown += len(theirs["json_result"][0])
    assert shown > 150
