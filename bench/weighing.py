"""How surely answers that lack something are found, and how often good ones are troubled (octavo.glm_ocr.weighing).

    python bench/weighing.py ../shared/eval/public                                # real documents: 5 minutes
    python bench/weighing.py ../shared/eval/public --typefaces /usr/share/fonts   # and lines drawn in those

Good answers are real outputs of GLM-OCR (kind glmocr_reference of the manifest), what trusted text layers say of
their regions, and what the embedded engine reads on plain scans and in tables. From each of them parts are cut: a third
or more, at its beginning, in the middle or at its end; of tables whole rows. All are weighed by ink alone, as if there
were no text layer; then, where there is one, by the layer. CPU is that of the one thread, over whole pages.
"""

import argparse
import asyncio
import json
import random
import re
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from octavo import ParseOptions, Parser
from octavo.document import Block, Crop, Label, Pixels, Region, Task, TextSource
from octavo.errors import OctavoError
from octavo.geometry import Box, PixelBox, Size
from octavo.glm_ocr.weighing import Evidence, Weight, evidence, formula_marks, shown, strokes_of, weighed

PLAIN = ("scan_simple", "scan_made", "scan_magazine", "scan_rotated", "receipt_scan", "table_image")
SURE = 0.9  # confidence of what the embedded engine read, to count as good
CUTS = 8  # of each answer
SMALLEST = 16.0  # strokes, ten letters: a third of less is two letters, which nobody can miss in ink


@dataclass(frozen=True)
class Good:
    """A crop, and an answer that is good."""

    kind: str
    name: str
    text: str
    crop: Crop


@dataclass
class Row:
    """What was found of one kind."""

    good: int = 0
    short: int = 0
    lost: int = 0  # of the short ones, those that make a document partial
    invented: int = 0
    cuts: int = 0
    found: int = 0
    found_lost: int = 0
    names: list[str] = field(default_factory=list)  # of good ones that were troubled


def crop_of(pixels: Pixels, task: Task, label: Label, layer: str | None = None) -> Crop:
    height, width = pixels.shape[:2]
    return Crop(
        Region(0, Box.of_page(), label, task, 1.0), pixels, PixelBox(0, 0, width, height), Size(width, height), layer
    )


# --- good answers ---------------------------------------------------------------------------------------------------


def of_the_model(folder: Path, entry: dict[str, str]) -> Iterator[list[Good]]:
    """What GLM-OCR itself said, with the regions it was asked about; a page at a time."""
    layout = folder / "gt" / f"{entry['id']}.layout.json"
    page = np.asarray(Image.open(folder / entry["file"]).convert("RGB"), np.uint8)
    height, width = page.shape[:2]
    for regions in json.loads(layout.read_text(encoding="utf-8")):
        goods = []
        for region in regions:
            left, top, right, bottom = (side / 1000 for side in region["bbox_2d"])
            pixels = page[int(top * height) : int(-(-bottom * height // 1)), int(left * width) : int(right * width) + 1]
            label = Label.DISPLAY_FORMULA if region["label"] == "formula" else Label(region["label"])
            label = Label.SEAL if "seal" in entry["id"] else label
            crop = crop_of(pixels, Task(region["label"]), label)
            goods.append(
                Good(f"GLM-OCR, {region['label']}", f"{entry['id']} {region['index']}", region["content"], crop)
            )
        yield goods


async def of_documents(folder: Path, entries: Sequence[dict[str, str]]) -> AsyncIterator[list[Good]]:
    """What text layers say of their regions, and what is read surely on plain scans; a page at a time."""
    async with Parser() as parser:
        for entry in entries:
            try:
                async with parser.open(folder / entry["file"], ParseOptions(formats=())) as reading:
                    pages = [page async for page in reading]
                    for page in pages:
                        pixels = await asyncio.to_thread(reading.pictures.page, page.number) if page.blocks else None
                        made = (good_of(block, pixels, entry) for block in page.blocks)  # type: ignore[arg-type]
                        yield [good for good in made if good is not None]
            except OctavoError as error:
                sys.stderr.write(f"{entry['id']}: {error!r}\n")


def good_of(block: Block, page: Pixels, entry: dict[str, str]) -> Good | None:
    read, region = block.recognition, block.region
    if not read.text or read.problems or region.task in (Task.SKIP, Task.ABANDON):
        return None
    of_layer = read.source is TextSource.TEXT_LAYER
    sure = entry["kind"] in PLAIN and (read.confidence or 0) >= SURE
    if not of_layer and region.task is Task.TEXT and not sure:
        return None
    box = region.box.to_pixels(Size(page.shape[1], page.shape[0]))
    pixels = np.ascontiguousarray(page[box.top : box.bottom, box.left : box.right])
    layer = shown(read.text, region.task) if of_layer else None
    kind = f"{'text layer' if of_layer else 'read'}, {region.task}"
    return Good(kind, f"{entry['id']} {block.index}", read.text, crop_of(pixels, region.task, region.label, layer))


SENTENCES = {
    "Latin": "All human beings are born free and equal in dignity and rights. They are endowed with reason (1948).",
    "Cyrillic": "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом.",
    "Greek": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.",
    "Han": "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。",
    "kana": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "Hangul": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
    "Arabic": "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا.",
    "Hebrew": "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם. כולם חוננו בתבונה ובמצפון.",
    "Devanagari": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
    "Thai": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ",
}


MARKS = "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"  # of Thai, which stand above or below a letter


def drawn(typefaces: Path, per_script: int, dice: random.Random) -> Iterator[list[Good]]:
    """Paragraphs by script, in whatever typefaces there are; other sizes, leading, blur, noise and contrast each."""
    files = sorted(path for path in typefaces.rglob("*") if path.suffix in (".ttf", ".otf", ".ttc"))
    for script, sentence in SENTENCES.items():
        able = [path for path in files if has_all(path, sentence)]
        for number in range(per_script if able else 0):
            path = dice.choice(able)
            text, pixels = paragraph(sentence, path, dice)
            yield [Good(f"drawn, {script}", f"{path.name} {number}", text, crop_of(pixels, Task.TEXT, Label.TEXT))]


def has_all(path: Path, sentence: str) -> bool:
    try:
        font = ImageFont.truetype(str(path), 24)
        missing = bytes(font.getmask("\U0010fffd"))
        return all(bytes(font.getmask(char)) != missing for char in set(sentence) if not char.isspace())
    except OSError:
        return False


def paragraph(sentence: str, path: Path, dice: random.Random) -> tuple[str, Pixels]:
    size, wide = dice.choice([12, 14, 16, 20, 24, 32, 44]), dice.choice([12, 20, 30, 45])
    font = ImageFont.truetype(str(path), size)
    spaced = " " in sentence
    words = re.findall(r"\S+" if spaced else rf"[^{MARKS}][{MARKS}]*", sentence)
    words = (words * 3)[dice.randrange(len(words)) :][: dice.choice([3, 8, 20, 60])]
    glue = " " if spaced else ""
    lines: list[list[str]] = [[]]
    for word in words:
        if lines[-1] and font.getlength(glue.join([*lines[-1], word])) > wide * size * 0.55:
            lines.append([])
        lines[-1].append(word)
    texts = [glue.join(line) for line in lines]
    pitch = size * dice.uniform(1.15, 1.7)
    sheet = Image.new("L", (int(max(map(font.getlength, texts))) + 12, int(pitch * len(texts) + size * 0.5)), 255)
    draw = ImageDraw.Draw(sheet)
    for number, text in enumerate(texts):
        draw.text((5, number * pitch), text, fill=0, font=font)
    grey = np.asarray(sheet, np.float32)
    if dice.random() < 0.3:
        grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), dice.uniform(0.4, 1.0)))
    grey = 255 - (255 - grey) * dice.choice([1.0, 1.0, 0.6])
    grey = grey + np.random.default_rng(dice.randrange(1 << 30)).normal(0, dice.choice([0.1, 3, 7]), grey.shape)
    return glue.join(texts), np.repeat(grey.clip(0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


# --- weighed --------------------------------------------------------------------------------------------------------


def ink_of(text: str, task: Task) -> float:
    return formula_marks(text) if task is Task.FORMULA else strokes_of(shown(text, task))


def cut(text: str, task: Task, dice: random.Random) -> str | None:
    """Without a third or more; None where the cut took less, as ink goes."""
    kept = dice.uniform(0.0, 2 / 3)
    parts: Sequence[str] = re.findall(r"<tr.*?</tr>", text, re.DOTALL) if task is Task.TABLE else text
    many = int(len(parts) * kept)
    head = dice.choice([0, many // 2, many])
    left = "".join([*parts[:head], *parts[len(parts) - (many - head) :]] if many else parts[:0])
    if task is Task.TABLE:
        left = f"<table>{left}</table>"
    return left if 0 < ink_of(left, task) <= 2 / 3 * ink_of(text, task) else None


def weigh(rows: dict[str, Row], goods: Sequence[Good], known: Sequence[Evidence], dice: random.Random) -> None:
    for good, there in zip(goods, known, strict=True):
        task = good.crop.region.task
        row = rows.setdefault(good.kind, Row())
        row.good += 1
        verdict = weighed(good.text, task, there)
        weight = verdict.weight
        row.short += weight is Weight.SHORT
        row.lost += weight is Weight.SHORT and verdict.surely
        row.invented += weight is Weight.INVENTED
        if weight is not Weight.FAIR:
            row.names.append(f"{good.name}: {weight}")
        if ink_of(good.text, task) < SMALLEST or there == Evidence():
            continue
        for _ in range(CUTS):
            left = cut(good.text, task, dice)
            if left is not None:
                row.cuts += 1
                verdict = weighed(left, task, there)
                row.found += verdict.weight is Weight.SHORT
                row.found_lost += verdict.weight is Weight.SHORT and verdict.surely


async def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("data", type=Path, help="folder with manifest.jsonl")
    arguments.add_argument("--typefaces", type=Path, help="folder of fonts to draw lines in")
    arguments.add_argument("--drawn", type=int, default=100, help="crops to draw of each script")
    arguments.add_argument("--names", action="store_true", help="list good answers that were troubled")
    chosen = arguments.parse_args()
    cv2.setNumThreads(1)
    lines = (chosen.data / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    models = [entry for entry in entries if entry["kind"] == "glmocr_reference"]
    others = [entry for entry in entries if entry["file"].endswith(".pdf") or entry["kind"] in PLAIN]
    pages = [goods for entry in models for goods in of_the_model(chosen.data, entry)]
    pages += [goods async for goods in of_documents(chosen.data, others) if goods]
    dice = random.Random(1)
    rows: dict[str, Row] = {}
    of_layers: dict[str, Row] = {}
    measuring = weighing = 0.0
    for goods in pages:
        by_ink = [crop_of(good.crop.pixels, good.crop.region.task, good.crop.region.label) for good in goods]
        began = time.thread_time()
        known = evidence(by_ink)
        measured = time.thread_time()
        for good, there in zip(goods, known, strict=True):
            weighed(good.text, good.crop.region.task, there)
        weighing += time.thread_time() - measured
        measuring += measured - began
        weigh(rows, goods, known, dice)
        layered = [good for good in goods if good.crop.layer is not None]
        weigh(of_layers, layered, evidence([good.crop for good in layered]), dice)
    if chosen.typefaces is not None:
        for goods in drawn(chosen.typefaces, chosen.drawn, dice):
            weigh(rows, goods, evidence([good.crop for good in goods]), dice)
    show("By ink", rows, chosen.names)
    show("By the text layer", of_layers, chosen.names)
    count = len(pages)
    sys.stdout.write(
        f"\nCPU per page, {count} pages, {sum(map(len, pages)) / count:.1f} crops each: "
        f"{measuring * 1000 / count:.2f} ms the ink, {weighing * 1000 / count:.2f} ms the answers\n"
    )
    return 0


def show(title: str, rows: dict[str, Row], names: bool) -> None:
    sys.stdout.write(f"\n{title}\n\n| answers | good | short | as lost | made up | cuts | found | as lost |\n")
    sys.stdout.write("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
    real = [row for kind, row in rows.items() if not kind.startswith("drawn")]
    made = [row for kind, row in rows.items() if kind.startswith("drawn")]
    for kind, row in [*sorted(rows.items()), ("all real", summed(real)), ("all drawn", summed(made))]:
        if row.good:
            found, lost = (f"{100 * n / max(1, row.cuts):.1f} %" for n in (row.found, row.found_lost))
            troubled = f"{row.short} | {row.lost} | {row.invented}"
            sys.stdout.write(f"| {kind} | {row.good} | {troubled} | {row.cuts} | {found} | {lost} |\n")
            if names and kind in rows:
                sys.stdout.writelines(f"    {name}\n" for name in row.names)


def summed(rows: Sequence[Row]) -> Row:
    columns = ("good", "short", "lost", "invented", "cuts", "found", "found_lost")
    return Row(*(sum(getattr(row, column) for row in rows) for column in columns))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
