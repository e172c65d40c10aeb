"""The proof page in a real Chromium, on what is long or hard: `make page-check`. Fails where a promise does not hold.

    python bench/page.py       10,200 blocks on 300 pages; jobs of 1, 3 (a scan) and 40 pages on a server, by keyboard

The quick half is in tests/test_page_browser.py. Prints milliseconds: to the first page; of frames while 300 pages are
scrolled, as one reads and from end to end in 240 steps; of a search; of a job, to its first page and until it is whole.
"""

import asyncio
import base64
import io
import json
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from octavo.renderers import _viewer_page, view

ROOT = Path(__file__).parents[1]
PAGES, BLOCKS = 300, 34
WORDS = ("water", "level", "gauge", "stream", "stone", "bank", "river", "bridge", "strip", "leaf", "foam", "depth")


def long_file(to: Path) -> None:
    """10,200 blocks on 300 pages, each with a picture of its own; one in a thousand has the word that is sought."""
    dice = random.Random(7)
    pages, parts = [], {}
    for page in range(1, PAGES + 1):
        sheet = Image.new("L", (1240, 1754), 255)
        pen = ImageDraw.Draw(sheet)
        regions = []
        for place in range(BLOCKS):
            top = 20 + place * 28
            words = " ".join(dice.choices(WORDS, k=25)) + (" needle" if (page * BLOCKS + place) % 1000 == 0 else "")
            for row in range(2):
                pen.text((124, 1.754 * top + 16 * row), words[row * 90 : row * 90 + 90], fill=0)
            box = [100, top, 900, top + 24]
            corners = [[100, top], [900, top], [900, top + 24], [100, top + 24]]
            regions.append(
                {"id": view.id_of(page, place), "index": place, "label": "text", "native_label": "text", "bbox_2d": box}
                | {"polygon": corners, "content": words, "text": words, "html": f"<p>{words}</p>", "score": 1.0}
                | {"source": "text_layer", "confidence": None, "role": "body", "level": None, "continues": False}
                | {"problems": []}
            )
        data = io.BytesIO()
        sheet.save(data, "JPEG", quality=60)
        parts[f"picture-{page}"] = base64.b64encode(data.getvalue()).decode()
        pages.append({"page": page, "width": 1240, "height": 1754, "regions": regions})
    document = {"version": view.VERSION, "name": "long", "status": "success", "page_count": PAGES, "seconds": 1.0}
    document |= {"engines": {}, "colours": view.colours(), "problems": [], "pages": pages}
    document["markdown"] = "\n\n".join(str(one["content"]) for page in pages for one in page["regions"])
    html = _viewer_page.page(_viewer_page.viewer(), "long", {"document": _viewer_page.json_part(document)} | parts)
    to.write_bytes(html)


def forty_pages(to: Path) -> None:
    """A born-digital report."""
    dice = random.Random(11)
    canvas = Canvas(str(to), A4)
    for page in range(1, 41):
        canvas.setFont("Helvetica-Bold", 15)
        canvas.drawString(60, 780, f"{page}. On the {dice.choice(WORDS)} of the {dice.choice(WORDS)}")
        canvas.setFont("Times-Roman", 11)
        for row in range(40):
            canvas.drawString(60, 750 - 16 * row, " ".join(dice.choices(WORDS, k=14)).capitalize())
        canvas.showPage()
    canvas.save()


async def served(folder: Path) -> tuple[asyncio.subprocess.Process, str]:
    """`octavo serve` with the embedded engine, and its address."""
    command = (sys.executable, "-m", "octavo", "serve", "--port", "0", "--store", str(folder / "jobs"))
    server = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    assert server.stderr is not None
    while line := (await server.stderr.readline()).decode():
        if found := re.match(r"octavo: (http://\S+)", line):
            asyncio.get_running_loop().create_task(drained(server.stderr))
            return server, found[1]
    raise SystemExit("the server did not start")


async def drained(lines: asyncio.StreamReader) -> None:
    while await lines.readline():
        pass


async def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        long_file(folder / "long.html")
        forty_pages(folder / "forty.pdf")
        server, address = await served(folder)
        samples = ROOT / "samples"
        documents = [samples / "bank-statement.pdf", samples / "fax.tiff", folder / "forty.pdf"]
        plan: list[list[object]] = [["scrolled", (folder / "long.html").as_uri()], ["accessible", address]]
        plan += [["given", address, str(documents[2]), str(documents[0])]]
        plan += [["byKeyboard", address, str(file)] for file in documents]
        (folder / "plan.json").write_text(json.dumps(plan))
        try:
            told = await asyncio.to_thread(
                subprocess.run, ["node", "proof/run.mjs", str(folder / "plan.json")], cwd=ROOT / "web"
            )
        finally:
            server.terminate()
            await server.wait()
        return told.returncode


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
