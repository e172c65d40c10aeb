"""What crooked scans and photographs cost: the same pages clean, turned, aslant, curled and in the shade.

    python bench/crooked.py                          the shipped statement and paper
    python bench/crooked.py --eval ../shared/eval    pages of the public set too, and its score functions
    python bench/crooked.py --ways turned --keep out/crooked

Each page is drawn to a picture, the picture is spoilt as `samples/camera.py` can (the same each time), and read twice:
as it is (`straighten=off`) and straightened. Told are the F1 of its words and the TEDS of its tables, against what is
read from the page's text layer; from the clean picture, where the file is one. Word F1 does not see order or rows; TEDS
sees a balance that slid into another row. `cpu` is what straightening adds to a page, in milliseconds of this process.
"""

import argparse
import importlib.util
import io
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
import pypdfium2
from numpy.typing import NDArray
from PIL import Image

import octavo
from octavo import ParseOptions, Parser
from octavo.document import PageImage
from octavo.settings import StraightenUse
from octavo.straightening import straightened

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from samples.camera import Camera  # noqa: E402  # the samples are no package of anybody's environment

DPI = 150
SAMPLES = (("samples/bank-statement.pdf", 0), ("samples/bank-statement.pdf", 1), ("samples/two-column-paper.pdf", 0))
PUBLIC = (
    ("public/files/icdar_us-012.pdf", 0),
    ("public/files/gov_senate.pdf", 1),
    ("public/files/img_inv_qualityhosting.jpg", 0),
    ("public/files/rec_retail.pdf", 0),
    ("public/files/ko_tables.pdf", 0),
)
WAYS: Mapping[str, Camera] = {
    "turned 0.5": Camera(turned=0.5),
    "turned 1": Camera(turned=-1),
    "turned 2": Camera(turned=2),
    "turned 4": Camera(turned=4),
    "turned 10": Camera(turned=-10),
    "aslant 7": Camera(tilted=6, swung=4, turned=1.5, desk=True),
    "aslant 15 below": Camera(tilted=15, desk=True),
    "aslant 15 aside": Camera(swung=15, desk=True),
    "aslant 15 across": Camera(tilted=10, swung=-11, turned=3, desk=True),
    "turned 10, aslant 10": Camera(turned=10, tilted=8, swung=6, desk=True),
    "curled": Camera(curled=0.05, tilted=8, desk=True),
    "curled much": Camera(curled=0.08, tilted=12, turned=2, desk=True),
    "waved": Camera(waved=0.03, tilted=10, swung=4, desk=True),
    "shaded": Camera(shaded=0.5, tilted=3, desk=True),
    "shaded, aslant 10": Camera(shaded=0.6, tilted=8, swung=-6, desk=True),
}


def picture(file: Path, page: int) -> NDArray[np.uint8]:
    if file.suffix != ".pdf":
        return np.asarray(Image.open(file).convert("RGB"))
    with pypdfium2.PdfDocument(file) as document:
        return np.asarray(document[page].render(scale=DPI / 72).to_pil().convert("RGB"))


def encoded(pixels: NDArray[np.uint8]) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=85, dpi=(DPI, DPI))
    return data.getvalue()


def scorer(data: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("score", data / "score.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"no score.py in {data}")
    score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score)
    return score


def compared(score: ModuleType, truth: str, text: str) -> tuple[float, float | None]:
    """F1 of words, and TEDS where the truth has tables."""
    marks = score.score_doc({"md": truth}, text)
    return score.word_f1(truth, text), marks.get("teds")


def shown(marks: tuple[float, float | None]) -> str:
    return f"{marks[0]:.3f} {'  -  ' if marks[1] is None else f'{marks[1]:.3f}'}"


def milliseconds(pixels: NDArray[np.uint8]) -> float:
    page = PageImage(0, pixels, DPI)
    spent = []
    for _ in range(5):
        began = time.process_time()
        straightened(page)
        spent.append(1e3 * (time.process_time() - began))
    return min(spent)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--eval", type=Path, help="the folder with score.py and the public set")
    arguments.add_argument("--ways", default="", help="only those whose name has this in it")
    arguments.add_argument("--files", default="", help="only those whose name has this in it")
    arguments.add_argument("--keep", type=Path, help="a folder for pictures and what was read")
    options = arguments.parse_args()
    data = options.eval or ROOT.parent / "shared/eval"
    score = scorer(data)
    files = [(ROOT / name, page) for name, page in SAMPLES]
    files += [(data / name, page) for name, page in PUBLIC] if options.eval else []
    as_it_is = ParseOptions(straighten=StraightenUse.OFF)
    worst: dict[str, list[float]] = {}
    with Parser() as parser:
        for file, number in files:
            name = f"{file.stem} {number + 1}"
            if options.files not in name:
                continue
            clean = picture(file, number)
            read = octavo.to_markdown(parser.parse(encoded(clean)))
            truth = read
            if file.suffix == ".pdf":
                truth = octavo.to_markdown(parser.parse(file, ParseOptions(pages=str(number + 1))))
            print(f"\n{name}\n  {'way':22} as it is      straightened   cpu  problems")
            print(
                f"  {'clean':22} {shown(compared(score, truth, read))}   {'':13} {milliseconds(clean):6.1f}", flush=True
            )
            for way, camera in WAYS.items():
                if options.ways not in way:
                    continue
                spoilt = camera.photograph(clean).pixels
                before = octavo.to_markdown(parser.parse(encoded(spoilt), as_it_is))
                document = parser.parse(encoded(spoilt))
                after = octavo.to_markdown(document)
                marks = compared(score, truth, after)
                worst.setdefault(way, []).append(marks[0] if marks[1] is None else marks[1])
                doubts = ",".join(sorted({problem.code for problem in document.problems}))
                print(
                    f"  {way:22} {shown(compared(score, truth, before))}   {shown(marks)} "
                    f"{milliseconds(spoilt):6.1f}  {doubts}",
                    flush=True,
                )
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    stem = f"{name} {way}".replace(" ", "-").replace(",", "")
                    (options.keep / f"{stem}.jpg").write_bytes(encoded(spoilt))
                    (options.keep / f"{stem}.md").write_text(after)
    print("\nmean and least of TEDS (F1 where there is no table), straightened")
    for way, marks in worst.items():
        print(f"  {way:22} {statistics.mean(marks):.3f} {min(marks):.3f}")


if __name__ == "__main__":
    main()
