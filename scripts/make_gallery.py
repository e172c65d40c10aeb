"""Draw the pictures of README.md, docs/gallery.md and docs/page.md: documents beside what is read (`make gallery`).

The samples, and two invented documents that a browser prints (scripts/gallery): a form, and a report in Hebrew. Needs
the proof page, Node.js and a Chromium.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from octavo import ParseOptions, Parser

ROOT = Path(__file__).parents[1]
INTO = ROOT / "docs" / "pictures"
SAMPLES = ROOT / "samples"
COLOURS = 128  # of a picture: few enough that a page is 100 KB, enough for the classes' colours
WIDTH = 1120  # pixels


def main() -> None:
    INTO.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        printed(work)
        names = {
            "paper": SAMPLES / "two-column-paper.pdf",
            "statement": SAMPLES / "bank-statement.pdf",
            "receipt": SAMPLES / "receipt.jpg",
            "fax": SAMPLES / "fax.tiff",
            "form": work / "form.pdf",
            "right-to-left": work / "right-to-left.pdf",
        }
        pages = asyncio.run(proof_pages(names, work))
        take([*gallery(pages, work), *parts(pages["paper"], pages["fax"], work)])
        for shot in sorted(work.glob("*.png")):
            kept(shot)


def printed(work: Path) -> None:
    """The invented documents, as a browser prints them."""
    pages = sorted((Path(__file__).parent / "gallery").glob("*.html"))
    take([{"open": page.as_uri(), "print": True, "to": str(work / f"{page.stem}.pdf")} for page in pages])


async def proof_pages(sources: dict[str, Path], work: Path) -> dict[str, Path]:
    """The proof page of each document."""
    made = {}
    async with Parser() as parser:
        for name, source in sources.items():
            async with parser.open(source, ParseOptions(formats=("page",)), name=name) as reading:
                async for _ in reading:
                    pass
                (file,) = reading.artifacts()
            made[name] = work / file.name
            made[name].write_bytes(file.data)
    return made


def gallery(pages: dict[str, Path], work: Path) -> list[dict[str, object]]:
    return [
        {"open": page.as_uri(), "keys": ["f"], "to": str(work / f"gallery-{name}.png"), "wait": ".sheet img"}
        for name, page in pages.items()
    ]


def parts(paper: Path, fax: Path, work: Path) -> list[dict[str, object]]:
    """What the page can do, on the paper; and on the fax, whose signature nobody can read for sure."""
    at = paper.as_uri()
    return [
        {
            "open": f"{at}#p1b19",
            "keys": ["f", "o"],
            "type": ["#search", "velocity"],
            "to": str(work / "page-search.png"),
        },
        {
            "open": fax.as_uri(),
            "keys": ["f"],
            "click": ["#tab-problems"],
            "dark": True,
            "to": str(work / "page-problems.png"),
        },
        {"open": f"{at}#p1b4", "keys": ["f", "e"], "to": str(work / "page-correct.png")},
        {"open": f"{at}#p1b7", "narrow": True, "to": str(work / "page-narrow.png")},
    ]


def take(plan: Sequence[dict[str, object]]) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(plan, file)
        file.flush()
        subprocess.run(["node", "proof/shots.mjs", file.name], cwd=ROOT / "web", check=True)  # noqa: S603, S607


def kept(shot: Path) -> None:
    """Smaller, in few colours."""
    picture = Image.open(shot).convert("RGB")
    picture.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
    few = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(INTO / shot.name, optimize=True)
    sys.stdout.write(f"{INTO.name}/{shot.name}: {(INTO / shot.name).stat().st_size // 1000} KB\n")


if __name__ == "__main__":
    main()
