"""Show how a page came to read as it does: what was seen on it, who claimed it, and why.

Writes trace.html (everything over the page, with switches; a click says what is at a place), a picture of each kind of
thing, and trace.json; of a page that was put straight, that picture too, while places stay those of the page as it was
handed in. With --at the answer is printed. The whole document is read, as some things only it tells; --pages reads less
of it.
"""

import asyncio
import json
import logging
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from octavo import delivery
from octavo.document import Artifact, Page, Pixels
from octavo.errors import OptionInvalid
from octavo.frontends import _trace_html, _trace_pictures
from octavo.frontends._exits import Exit
from octavo.frontends._flags import add_flags, explicit
from octavo.frontends._inputs import STDIN, Input, gather
from octavo.frontends._trace_layers import Mark, View, views
from octavo.frontends._trace_words import account, said
from octavo.geometry import SCALE
from octavo.parser import Parser
from octavo.settings import EngineSettings, ParseOptions, resolve
from octavo.trace import PageTrace

_OUTPUT = "out/trace"


def add_arguments(parser: ArgumentParser) -> None:
    parser.usage = "%(prog)s [options] FILE|URL|-"
    parser.add_argument("input", metavar="FILE|URL|-", help="the document")
    parser.add_argument("--page", type=int, default=1, metavar="N", help="the page, from 1 [default: 1]")
    parser.add_argument(
        "-o", "--output", metavar="FOLDER", help=f"where to write [default: {_OUTPUT}, or nowhere with --at]"
    )
    parser.add_argument(
        "--at", type=_place, metavar="X,Y", help="say what became of the ink there; 0..1000 of the page's width, height"
    )
    add_flags(parser, ParseOptions, EngineSettings)


def _place(text: str) -> tuple[float, float]:
    x, y = (float(part) for part in text.split(","))
    if not (0 <= x <= SCALE and 0 <= y <= SCALE):
        raise ValueError(text)
    return x, y


def run(arguments: Namespace) -> int:
    logging.basicConfig(level=logging.CRITICAL)
    options = resolve(ParseOptions, explicit(arguments, ParseOptions) | {"formats": "markdown"}, os.environ).values
    settings = resolve(EngineSettings, explicit(arguments, EngineSettings), os.environ).values
    stdin = sys.stdin.buffer.read(settings.max_source_bytes + 1) if arguments.input == STDIN else b""
    sources = gather([arguments.input], output=None, stdin=stdin, one_document=False)
    if len(sources) != 1:
        raise OptionInvalid("one document at a time: a page of it is traced")
    page, seen, pixels = asyncio.run(_read(sources[0], arguments.page - 1, settings, options))
    if arguments.at is not None:
        sys.stdout.writelines(f"{line}\n" for line in (said(page), *account(seen, pixels, *arguments.at)))
    if arguments.output is not None or arguments.at is None:
        folder = Path(arguments.output or _OUTPUT)
        delivery.to_folder(_artifacts(sources[0].stem, page, seen, pixels), folder)
        sys.stdout.write(f"{folder / 'trace.html'}\n")
    return Exit.SUCCESS


async def _read(
    source: Input, number: int, settings: EngineSettings, options: ParseOptions
) -> tuple[Page, list[View], Pixels]:
    """The page as it ended, what was seen of it, and its picture."""
    trace = PageTrace()
    async with Parser(settings) as parser, parser.open(source.parts, options, name=source.stem) as reading:
        if number not in reading.numbers:
            raise OptionInvalid(
                f"there is no page {number + 1} among those that are read: {len(reading.numbers)} pages"
            )
        reading.traces = {number: trace}
        async for _ in reading:
            pass
        page = next(page for page in reading.document.pages if page.number == number)
        pixels = await asyncio.to_thread(reading.pictures.page, number)
        return page, views(trace, page), pixels


def _artifacts(name: str, page: Page, seen: Sequence[View], pixels: Pixels) -> Iterator[Artifact]:
    picture = _trace_pictures.page_picture(pixels)
    yield from _trace_pictures.pictures(seen, picture)
    if page.warp is not None:
        yield _trace_pictures.straightened(pixels, page.warp)
    text = _trace_html.page(f"{name}, page {page.number + 1}", said(page), seen, picture)
    yield Artifact("trace.html", "text/html", text.encode())
    yield Artifact(
        "trace.json", "application/json", json.dumps(_data(page, seen), indent=1, ensure_ascii=False).encode()
    )


def _data(page: Page, seen: Sequence[View]) -> dict[str, object]:
    return {
        "page": page.number + 1,
        "size": list(page.size),
        "rotation": page.rotation,
        "text_layer": page.text_layer,
        "text_layer_reason": page.text_layer_reason,
        "views": {view.name: [_entry(mark) for mark in view.marks] for view in seen},
    }


def _entry(mark: Mark) -> Mapping[str, object]:
    box = [round(side, 1) for side in (mark.box.left, mark.box.top, mark.box.right, mark.box.bottom)]
    return {"box": box, "words": mark.words} | ({"lost": mark.lost} if mark.lost else {})
