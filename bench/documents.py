"""Documents to measure with, and the regions on their pages: drawn here, so that the regions are known.

    python bench/documents.py FOLDER                  report.pdf, tables.pdf, scans.pdf, with a .regions.json each
    python bench/documents.py FOLDER --data ../shared/eval/public     public.pdf too: all files of a folder, as one

Regions are replayed to every competitor by page number, hence one file per workload. They are of classes that all
competitors read, some fourteen a page, as in the corpus of cheap-ocr's own benchmark (75 regions/s at 5.29 pages/s).
"""

import argparse
import io
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = A4
LEFT, RIGHT = 56.0, WIDTH - 56.0
WORDS = (
    "The annual report describes how the company and its subsidiaries developed in the financial year under review "
    "and which measures management took to secure liquidity while demand for capital goods remained weak in "
    "most regions of Europe and North America notwithstanding higher order intake from customers of the energy sector"
)

Region = dict[str, object]  # label, box (0..1000)


class Sheet:
    """A page while it is drawn, from top to bottom."""

    def __init__(self, canvas: Canvas, dice: random.Random) -> None:
        self.canvas, self.dice = canvas, dice
        self.y = HEIGHT - 50.0
        self.regions: list[Region] = []
        self.words = WORDS.split()

    def region(self, label: str, left: float, top: float, right: float, bottom: float) -> None:
        """Edges in points, y up; three points of air around it, as the layout network leaves."""
        box = ((left - 3) / WIDTH, (HEIGHT - top - 3) / HEIGHT, (right + 3) / WIDTH, (HEIGHT - bottom + 3) / HEIGHT)
        self.regions.append({"label": label, "box": [round(min(1.0, max(0.0, side)) * 1000, 2) for side in box]})

    def line(self, text: str, size: float, label: str) -> None:
        self.canvas.setFont("Helvetica-Bold", size)
        self.canvas.drawString(LEFT, self.y - size, text)
        self.region(label, LEFT, self.y, LEFT + stringWidth(text, "Helvetica-Bold", size), self.y - size * 1.2)
        self.y -= size * 1.2 + 9

    def paragraph(self, lines: int) -> None:
        size, top = 9.5, self.y
        self.canvas.setFont("Times-Roman", size)
        for number in range(lines):
            text = ""
            room = (RIGHT - LEFT) * (1.0 if number < lines - 1 else self.dice.uniform(0.2, 0.9))
            while stringWidth(text, "Times-Roman", size) < room - 40:
                text += self.dice.choice(self.words) + (
                    " " if self.dice.random() < 0.92 else f" {self.dice.randrange(999)} "
                )
            self.canvas.drawString(LEFT, self.y - size, text)
            self.y -= size * 1.25
        self.region("text", LEFT, top, RIGHT, self.y)
        self.y -= 9

    def table(self, rows: int, columns: int, size: float = 8.0) -> None:
        top, pitch, step = self.y, size * 1.45, (RIGHT - LEFT) / columns
        self.canvas.setLineWidth(0.5)
        self.canvas.setFont("Helvetica", size)
        for row in range(rows + 1):
            self.canvas.line(LEFT, top - row * pitch, RIGHT, top - row * pitch)
        for column in range(columns + 1):
            self.canvas.line(LEFT + column * step, top, LEFT + column * step, top - rows * pitch)
        for row in range(rows):
            for column in range(columns):
                text = self.dice.choice(self.words)[:9] if not row or not column else f"{self.dice.randrange(99999):,}"
                self.canvas.drawString(LEFT + column * step + 3, top - (row + 0.75) * pitch, text)
        self.y = top - rows * pitch
        self.region("table", LEFT, top, RIGHT, self.y)
        self.y -= 12

    def formula(self) -> None:
        self.canvas.setFont("Times-Italic", 13)
        self.canvas.drawCentredString(WIDTH / 2, self.y - 15, "V = C / (1 + r) + C / (1 + r)^2 + S")
        self.region("display_formula", WIDTH / 2 - 110, self.y, WIDTH / 2 + 110, self.y - 20)
        self.y -= 30

    def chart(self) -> None:
        top = self.y
        self.canvas.setFillGray(0.6)
        for bar in range(12):
            self.canvas.rect(LEFT + 20 + bar * 38, top - 90, 24, self.dice.uniform(15, 80), fill=1, stroke=0)
        self.canvas.setFillGray(0)
        self.y -= 92
        self.region("chart", LEFT, top, RIGHT, self.y)
        self.y -= 12


def report_page(sheet: Sheet) -> None:
    """Prose with a small table; the first line is the same on every page, as forms have it."""
    sheet.line("Octavo Holdings plc - Annual Report and Accounts", 9, "text")
    sheet.line("Management discussion " + sheet.dice.choice(sheet.words), 15, "paragraph_title")
    for _ in range(4):
        sheet.paragraph(sheet.dice.randint(3, 5))
    sheet.table(sheet.dice.randint(6, 9), 6)
    sheet.line("Table: " + " ".join(sheet.dice.sample(sheet.words, 5)), 8.5, "figure_title")
    sheet.formula()
    sheet.line("Outlook for " + sheet.dice.choice(sheet.words), 12, "paragraph_title")
    while sheet.y > 190:
        sheet.paragraph(min(int((sheet.y - 170) // 12), sheet.dice.randint(2, 5)))
    sheet.chart()


def tables_page(sheet: Sheet) -> None:
    sheet.line("Schedule " + str(sheet.dice.randrange(100)), 12, "paragraph_title")
    sheet.table(26, 9, 7.0)
    sheet.paragraph(2)
    sheet.table(24, 7, 7.0)


def drawn(path: Path, pages: int, draw: Callable[[Sheet], None]) -> list[list[Region]]:
    dice = random.Random(11)
    canvas = Canvas(str(path), pagesize=A4, invariant=1, pageCompression=1)
    regions = []
    for _ in range(pages):
        sheet = Sheet(canvas, dice)
        draw(sheet)
        regions.append(sheet.regions)
        canvas.showPage()
    canvas.save()
    return regions


def scanned(path: Path, original: Path, pages: int) -> None:
    """Pages of another PDF as a scanner gives them: grey paper, grain, 200 dpi, JPEG."""
    import numpy as np
    import pypdfium2
    from PIL import Image
    from reportlab import rl_config

    rl_config.useA85 = 0  # bytes as they are: no scanner writes pictures as text
    grain = np.random.default_rng(3)
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    with pypdfium2.PdfDocument(original) as source:
        for number in range(pages):
            pixels = np.asarray(source[number].render(scale=200 / 72).to_pil().convert("L"), np.float32)
            pixels = np.clip(pixels * 0.92 + grain.normal(0, 5, pixels.shape), 0, 255).astype(np.uint8)
            jpeg = io.BytesIO()
            Image.fromarray(pixels).save(jpeg, "JPEG", quality=75)
            canvas.drawImage(ImageReader(jpeg), 0, 0, WIDTH, HEIGHT)
            canvas.showPage()
    canvas.save()


def gathered(path: Path, files: Sequence[Path]) -> list[list[Region]]:
    """Real PDFs and pictures as one, with the regions that Octavo's embedded layout network finds."""
    import pypdfium2
    from PIL import Image

    from octavo import EngineSettings, ParseOptions, Parser
    from octavo.document import Task
    from octavo.settings import DEFAULT_TASKS, OrientationUse, TextLayerUse

    with pypdfium2.PdfDocument.new() as joined:
        for file in files:
            content = file.read_bytes()
            if file.suffix != ".pdf":
                page = io.BytesIO()
                Image.open(file).convert("RGB").save(page, "PDF", resolution=200)
                content = page.getvalue()
            with pypdfium2.PdfDocument(content) as source:
                joined.import_pages(source)
        joined.save(path)
    options = ParseOptions(text_layer=TextLayerUse.OFF, orientation=OrientationUse.OFF)
    with Parser(EngineSettings(recognizer="scripted")) as parser:
        document = parser.parse(path, options)
    regions = []
    for page in document.pages:
        found = [block.region for block in page.blocks if DEFAULT_TASKS[block.region.label] is not Task.ABANDON]
        boxes = [(region.label.value, region.box) for region in found if region.box.width > 4 and region.box.height > 4]
        regions.append(
            [
                {"label": label, "box": [round(side, 2) for side in (box.left, box.top, box.right, box.bottom)]}
                for label, box in boxes
            ]
        )
    return regions


def write(folder: Path, name: str, make: Callable[[Path], list[list[Region]]]) -> None:
    path = folder / f"{name}.pdf"
    regions = make(path)
    (folder / f"{name}.regions.json").write_text(json.dumps(regions))
    print(f"{path}: {len(regions)} pages, {sum(map(len, regions)) / len(regions):.1f} regions a page")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--data", type=Path, help="folder whose files/ has PDFs and pictures")
    arguments.add_argument("--pages", type=int, default=500, help="of the report [default: 500]")
    chosen = arguments.parse_args()
    folder: Path = chosen.folder
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, "report", lambda path: drawn(path, chosen.pages, report_page))
    write(folder, "tables", lambda path: drawn(path, 40, tables_page))

    def scans(path: Path) -> list[list[Region]]:
        scanned(path, folder / "report.pdf", 40)
        regions: list[list[Region]] = json.loads((folder / "report.regions.json").read_text())
        return regions[:40]

    write(folder, "scans", scans)
    if chosen.data:
        write(folder, "public", lambda path: gathered(path, sorted((chosen.data / "files").iterdir())))


if __name__ == "__main__":
    main()
