"""Cut a page that reads wrongly, or a part of it, to a small case with its text beside it: `make case FILE=...`.

The case is NAME.pdf (what a PDF draws inside the box, and nothing else of it) or NAME.png, and NAME.pdf.truth.md: what
Octavo reads there now, to be edited to what a reader expects. `octavo bench` scores a file by the truth beside it, and
tests/test_cases.py holds those in tests/cases, where only invented documents belong.
"""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from pathlib import Path

import pypdfium2 as pdfium
from PIL import Image, ImageOps, UnidentifiedImageError

import octavo
from octavo.errors import OctavoError
from octavo.geometry import Box, Size
from octavo.parser import Parser
from octavo.settings import ParseOptions


def main(words: Sequence[str]) -> int:
    parser = ArgumentParser("make_case", description="Cut a page, or a part of it, to a case with its text.")
    parser.add_argument("file", type=Path, help="a PDF or a picture")
    parser.add_argument("--page", type=int, default=1, help="from 1 [default: 1]")
    parser.add_argument(
        "--box", type=_box, default=Box.of_page(), help="LEFT,TOP,RIGHT,BOTTOM, 0..1000 of the page as read"
    )
    parser.add_argument("--name", help="what the case is called [default: the file's name and the page]")
    parser.add_argument("--into", type=Path, default=Path("out/cases"), help="the folder [default: out/cases]")
    given = parser.parse_args(words)
    name = given.name or f"{given.file.stem}-{given.page}"
    try:
        case = make(given.file, given.page - 1, given.box, given.into / name)
    except OctavoError as error:
        raise SystemExit(f"make_case: {error.message}") from error
    truth = case.with_name(f"{case.name}.truth.md")
    sys.stdout.write(f"edit {truth} to what a reader expects; octavo bench --repeat 1 {case} scores it\n")
    return 0


def _box(text: str) -> Box:
    sides = [float(side) for side in text.split(",")]
    if len(sides) != 4 or not (0 <= sides[0] < sides[2] <= 1000 and 0 <= sides[1] < sides[3] <= 1000):
        raise ArgumentTypeError(f"{text!r} is no LEFT,TOP,RIGHT,BOTTOM within 0..1000")
    return Box(*sides)


def make(file: Path, number: int, box: Box, place: Path) -> Path:
    """Cut the case, read it, and write both beside each other; `place` is without a suffix. Returns the cut file.

    Nothing is written over: the text beside a case is work of somebody's.
    """
    if taken := list(place.parent.glob(f"{place.name}.*")):
        raise SystemExit(f"make_case: there is a case called {place.name!r} already: {taken[0]}")
    with Parser() as parser:
        page = parser.parse(file, ParseOptions(pages=str(number + 1))).pages[0]
        as_stored = box.rotated(-page.rotation)
        place.parent.mkdir(parents=True, exist_ok=True)
        is_pdf = file.read_bytes()[:1024].find(b"%PDF-") >= 0
        case = (_cut_pdf if is_pdf else _cut_picture)(file, number, as_stored, place)
        truth = case.with_name(f"{case.name}.truth.md")
        truth.write_text(octavo.to_markdown(parser.parse(case)), encoding="utf-8")
    return case


def _cut_pdf(file: Path, number: int, box: Box, place: Path) -> Path:
    """The page alone, cropped, without what is drawn outside."""
    source, cut = pdfium.PdfDocument(file), pdfium.PdfDocument.new()
    cut.import_pages(source, [number])
    page = cut[0]
    left, bottom, right, top = page.get_cropbox()
    box = box.rotated(-page.get_rotation())
    x, y = (right - left) / 1000, (top - bottom) / 1000
    inner = (left + box.left * x, top - box.bottom * y, left + box.right * x, top - box.top * y)
    for drawn in list(page.get_objects(max_depth=1)):
        a, b, c, d = drawn.get_bounds()
        if min(c, inner[2]) <= max(a, inner[0]) or min(d, inner[3]) <= max(b, inner[1]):
            page.remove_obj(drawn)
    page.gen_content()
    page.set_mediabox(*inner)
    page.set_cropbox(*inner)
    case = place.with_name(f"{place.name}.pdf")
    cut.save(case)
    return case


def _cut_picture(file: Path, number: int, box: Box, place: Path) -> Path:
    try:
        picture = Image.open(file)
        picture.seek(number)
        upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (UnidentifiedImageError, EOFError) as error:
        raise SystemExit(f"make_case: {file.name} has no page {number + 1} that can be cut") from error
    case = place.with_name(f"{place.name}.png")
    upright.crop(box.to_pixels(Size(*upright.size))).save(case, dpi=picture.info.get("dpi", (0, 0)))
    return case


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
