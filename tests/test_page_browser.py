"""The proof page in a real Chromium: a file, and a server on the loopback. `make page-check` has the long ones."""

import asyncio
import html
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from made import LOST, document, page, region, said
from PIL import Image
from serving import running
from viewer import missing

from octavo.document import Document, Label, Pixels, Recognition
from octavo.geometry import Box
from octavo.renderers import page as proof_page
from octavo.settings import ParseOptions

WEB = Path(__file__).parents[1] / "web"
HOSTILE = '</script><img src=x onerror="broken=1"><script>broken=2</script> [here](javascript:broken=3) =1+1'
BOXES = (Box(100, 100, 900, 180), Box(100, 220, 480, 420), Box(520, 260, 900, 330), Box(100, 500, 900, 700))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class Blocks:
    """Pages that are black where a region is, and white elsewhere."""

    def page(self, number: int) -> Pixels:
        pixels = np.full((800, 600, 3), 255, np.uint8)
        for box in BOXES:
            pixels[round(box.top * 0.8) : round(box.bottom * 0.8), round(box.left * 0.6) : round(box.right * 0.6)] = 0
        return pixels


def made() -> Document:
    """Three pages: what a document and a model may say at their worst, a table, a formula, a loss."""
    table = f"<table><tr><th>Item</th><td>4.2O</td></tr><tr><td>{html.escape(HOSTILE)}</td><td>x</td></tr></table>"
    first = page(
        [
            said(HOSTILE, box=BOXES[0]),
            said(table, Label.TABLE, BOXES[1]),
            said("\\frac{a}{b} \\href{javascript:broken=4}{x}", Label.DISPLAY_FORMULA, BOXES[2]),
            (region(Label.TEXT, BOXES[3]), Recognition(None, problems=(LOST,))),
        ]
    )
    others = [page([said(f"# {HOSTILE}", box=box) for box in BOXES], number=number) for number in (1, 2)]
    return document(first, *others, name='hostile <img src=x onerror="broken=5">')


def needed() -> tuple[str, str]:
    """Node.js and a place of its packages; where something is missing, the test is skipped with the reason."""
    node = shutil.which("node")
    browsers = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    if os.environ.get("CHROMIUM") is None and not any(map(shutil.which, browsers)):
        pytest.skip("there is no Chromium here")
    if node is None or not (WEB / "node_modules" / "playwright-core").is_dir():
        pytest.skip("Node.js or its packages are not here: make page")
    if missing():
        pytest.skip(missing())
    return node, str(WEB)


async def checked(plan: list[list[object]], folder: Path) -> str:
    """What the browser says of these checks; all hold."""
    node, web = needed()
    file = folder / "plan.json"
    file.write_text(json.dumps(plan))
    said_by = await asyncio.create_subprocess_exec(
        *(node, "proof/run.mjs", str(file)), cwd=web, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told = (await said_by.communicate())[0].decode()
    assert said_by.returncode == 0, told
    return told


async def test_the_file_is_what_it_promises(tmp_path: Path) -> None:
    needed()
    (artifact,) = proof_page.render(made(), Blocks(), ParseOptions())
    file = tmp_path / "proof.html"
    file.write_bytes(artifact.data)
    address = file.as_uri()
    plan: list[list[object]] = [
        ["drift", address],
        ["linked", address, "p2b3"],
        ["harmless", address, ["onerror=", "javascript:broken"]],
        ["accessible", address, [{}, {"colorScheme": "dark", "viewport": {"width": 390, "height": 800}}]],
        ["corrected", address, {"text": "p1b0", "table": "p1b1"}],
    ]
    assert (await checked(plan, tmp_path)).count("holds") == len(plan)


async def test_a_document_goes_from_its_file_to_the_export_by_keyboard_alone(tmp_path: Path) -> None:
    needed()
    scan = tmp_path / "scan.png"
    Image.new("RGB", (300, 400), "white").save(scan)
    async with running() as server:
        plan: list[list[object]] = [["accessible", server.url, [{}]], ["byKeyboard", server.url, str(scan)]]
        assert "byKeyboard" in await checked(plan, tmp_path)
