"""Reads documents with the profile `official` and with the profile `sdk`, in one environment, and writes both results.

    python read_twice.py PACKAGES OUT FILE ...

Run with Octavo's own Python; PACKAGES, the folder that holds the SDK, goes behind its own. Both profiles get the same
boxes (of the embedded detector) and ask the same stand-in for the model, which answers by what a crop shows. What runs
is the rest: the SDK, whole, and Octavo's way through the same document. READ_PAGES in the environment selects pages,
REFUSE_ALL lets the model's server refuse every region.
"""

import asyncio
import json
import os
import random
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.path.append(sys.argv[1])
if not Path(sys.argv[1], "wordfreq").exists():
    sys.modules["wordfreq"] = None  # type: ignore[assignment]  # 0.1.5 would take Octavo's, which is no part of it

import glmocr.layout  # noqa: E402
import made_up  # noqa: E402
from likeness import REFUSED, Likeness, ModelByLikeness  # noqa: E402

import octavo.detectors  # noqa: E402

octavo.detectors.__path__.append(str(HERE / "dropins"))

from octavo import delivery  # noqa: E402
from octavo.detectors import embedded, given  # type: ignore[attr-defined]  # noqa: E402  a drop-in of the tests
from octavo.document import Detection, Label, PageImage, Task  # noqa: E402
from octavo.errors import OctavoError  # noqa: E402
from octavo.glm_ocr.model import AnswerVerdict, judged  # noqa: E402
from octavo.pages import open_pages  # noqa: E402
from octavo.parser import Parser  # noqa: E402
from octavo.settings import (  # noqa: E402
    DEFAULT_TASKS,
    EngineSettings,
    OfficialVersion,
    OrientationUse,
    ParseOptions,
    Profile,
    TextLayerUse,
)

LABELS = tuple(Label)
VERSION = OfficialVersion(glmocr.__version__)
SMALLEST = 6.0  # 0..1000: what is thinner the SDK 0.1.1 takes out in its network, which is not here, and 0.1.5 dies of
DOTS = 200  # per inch, of the pictures that tell regions apart


def options(profile: Profile, **more: Any) -> ParseOptions:
    return ParseOptions(
        profile=profile,
        official_version=VERSION,
        orientation=OrientationUse.OFF,
        text_layer=TextLayerUse.OFF,
        pages=os.environ.get("READ_PAGES"),
        formats=("markdown", "glmocr_json", "report"),
        **more,
    )


def drawn(file: Path, settings: EngineSettings) -> list[PageImage]:
    with open_pages([file.read_bytes()], options(Profile.OFFICIAL, dpi=DOTS), settings) as pages:
        return [pages.draw(number) for number in pages.numbers]


def found_in(pages: list[PageImage], dice: random.Random) -> list[dict[str, Any]]:
    """What the embedded detector finds, and what a network adds: doubles, boxes in boxes, other labels."""
    detector = embedded.open_detector(EngineSettings(threads=1))
    try:
        return [_spiced(detections, dice) for detections in detector.detect(pages)]
    finally:
        detector.close()


def _spiced(detections: list[Detection], dice: random.Random) -> dict[str, Any]:
    page: dict[str, Any] = {"labels": [], "scores": [], "boxes": [], "order": [], "seen": []}

    def add(label: Label, box: list[float], score: float, seen: int) -> None:
        box = [min(1000.0, max(0.0, edge)) for edge in box]
        if box[2] - box[0] > SMALLEST and box[3] - box[1] > SMALLEST:
            page["labels"].append(LABELS.index(label))
            page["scores"].append(score)
            page["boxes"].append(box)
            page["order"].append(len(page["order"]))
            page["seen"].append(seen)  # what shows the same has one number, and one text

    for number, detection in enumerate(detections):
        box = [detection.box.left, detection.box.top, detection.box.right, detection.box.bottom]
        label = dice.choice(LABELS) if dice.random() < 0.15 else detection.label
        add(label, box, dice.uniform(0.4, 0.99), 2 * number)
        if dice.random() < 0.1:
            add(label, [edge + dice.uniform(-2, 2) for edge in box], dice.uniform(0.3, 0.99), 2 * number)
        if dice.random() < 0.1:
            middle = (box[1] + box[3]) / 2
            add(dice.choice(LABELS), [box[0] + 3, box[1], box[2], middle], dice.uniform(0.3, 0.99), 2 * number + 1)
    return page


def cut_at(edge: float, side: int) -> int:
    """The pixel the SDK cuts at: the edge goes to whole pixels, to whole units, and back to whole pixels."""
    return int(int(int(edge * side / 1000) / side * 1000) * side / 1000)


def texts(page: dict[str, Any], dice: random.Random) -> list[str]:
    """What the model says of each region. No loops, fences round a formula, or halves of tables: what Octavo does
    about those it does before any profile (docs/decisions/0007)."""
    said: list[str] = []
    for place, label in enumerate(page["labels"]):
        first = page["seen"].index(page["seen"][place])
        if first < place:
            said.append(said[first])
            continue
        task = DEFAULT_TASKS[LABELS[label]]
        if dice.random() < (1.0 if "REFUSE_ALL" in os.environ else 0.03):
            said.append(REFUSED)
        elif task is Task.TABLE:
            said.append(f"<table><tr><td>{dice.randrange(1000)}</td><td>a $ b</td></tr></table>")
        elif LABELS[label] is Label.FORMULA_NUMBER:
            said.append(f"({dice.randrange(20)})")
        elif task is Task.FORMULA:
            said.append(dice.choice(["$$ x^2 $$", "\\[ y \\]", "$$ z", "a = b \\)", "E = mc^2"]))
        else:
            text = made_up.text(dice) or ""
            said.append(text if judged(text, task, "stop") in (AnswerVerdict.GOOD, AnswerVerdict.EMPTY) else "no loop")
    return said


async def main() -> None:
    _, _, out, *files = sys.argv
    warnings.simplefilter("ignore")
    glmocr.layout.PPDocLayoutDetector = given.for_the_sdk(VERSION)
    model = ModelByLikeness()
    settings = EngineSettings(
        engine="glm-ocr", detector="given", url=model.url, recovery=False, answers_kept=0, retries=0, threads=1
    )
    told = []
    async with Parser(settings) as parser:
        for file in map(Path, files):
            told.append({"file": file.name} | await _both(parser, model, file, Path(out)))
    sys.stdout.write("\x1e" + json.dumps({"files": told, "keys": sorted(model.keys)}))


async def _both(parser: Parser, model: ModelByLikeness, file: Path, out: Path) -> dict[str, Any]:
    dice = random.Random(file.name)
    try:
        pictures = await asyncio.to_thread(drawn, file, parser.settings)
    except OctavoError as error:
        return {"left_out": error.code}
    given.now.clear()
    given.now.update(zip((one.number for one in pictures), found_in(pictures, dice), strict=True))
    regions, said = [], []
    for picture, page in zip(pictures, given.now.values(), strict=True):
        width, height = picture.size
        for box in page["boxes"]:
            left, top, right, bottom = map(cut_at, box, (width, height) * 2)
            regions.append(Likeness(picture.pixels[top : max(top + 1, bottom), left : max(left + 1, right)]))
        said += texts(page, dice)
    model.told(regions, said)
    result: dict[str, Any] = {"pages": len(pictures), "regions": len(regions)}
    for profile in (Profile.OFFICIAL, Profile.SDK):
        try:
            async with parser.open(file, options(profile), name=file.stem) as reading:
                async for _ in reading:
                    pass
                folder = out / profile / file.stem
                await asyncio.to_thread(lambda at=folder, of=reading: delivery.to_folder(of.artifacts(), at))
                result[profile] = {
                    "engines": dict(reading.document.engines),
                    "problems": [problem.code for problem in reading.document.problems],
                }
        except OctavoError as error:
            result[profile] = {"error": error.code, "message": error.message}
        except Exception:  # noqa: BLE001  a defect of either side is a line of the table
            result[profile] = {"error": traceback.format_exc()}
    return result


if __name__ == "__main__":
    asyncio.run(main())
