"""The profile `sdk`, which is the SDK itself, and `official`, which equals it: the same documents through both.

A few in `make test`; the public set and 60 made-up documents by `make official-check`.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pdf_maker import HELVETICA, PdfPage, make_pdf
from PIL import Image, ImageDraw

from octavo.__main__ import main
from octavo.settings import OfficialVersion

from .conftest import Sdk

pytestmark = pytest.mark.official

HERE = Path(__file__).parent
SAMPLES = HERE.parents[1] / "samples"
PUBLIC = HERE.parents[2] / "shared" / "eval" / "public" / "files"


def read_twice(sdk: Sdk, out: Path, files: list[Path], **environment: str) -> dict[str, Any]:
    [packages] = (sdk.python.parent.parent / "lib").glob("python*/site-packages")
    done = subprocess.run(
        [sys.executable, HERE / "read_twice.py", packages, out, *files],
        env={**os.environ, "OMP_NUM_THREADS": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=3000,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout[done.stdout.index("\x1e") + 1 :])
    return told


def assert_the_same(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By `octavo compare`."""
    code = main(["compare", str(out / "official"), str(out / "sdk")])
    assert code == 0, capsys.readouterr().out


def test_a_few_documents_byte_for_byte(sdk: Sdk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [SAMPLES / "bank-statement.pdf", SAMPLES / "receipt.jpg"]
    told = read_twice(sdk, tmp_path, files, ZHIPU_API_KEY="a-cloud-key")
    assert_the_same(tmp_path, capsys)
    for file in files:
        for ending in ("json", "md"):
            name = f"{file.stem}/{file.stem}.{ending}"
            assert (tmp_path / "official" / name).read_bytes() == (tmp_path / "sdk" / name).read_bytes()
    assert all(one["sdk"]["engines"]["detector"] == f"glmocr {sdk.version} (sdk)" for one in told["files"])
    assert told["keys"] == []  # the cloud's key stays here


def test_the_pages_asked_for_and_what_the_sdk_lost(sdk: Sdk, tmp_path: Path) -> None:
    told = read_twice(sdk, tmp_path, [SAMPLES / "two-column-paper.pdf"], READ_PAGES="2", REFUSE_ALL="1")
    [one] = told["files"]
    assert one["pages"] == 1
    assert set(one["sdk"]["problems"]) == {"engine_lost"}
    assert len(one["sdk"]["problems"]) > 3


@pytest.mark.whole
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public evaluation set is not here")
def test_the_public_set_is_the_same(sdk: Sdk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [file for file in sorted(PUBLIC.iterdir()) if not shown_wrongly(sdk, file) and file.stem not in UNSETTLED]
    told = read_twice(sdk, tmp_path, files)
    assert [one for one in told["files"] if "error" in one.get("sdk", {}) or "error" in one.get("official", {})] == []
    assert_the_same(tmp_path, capsys)


# In the first the stand-in for the model takes one squeezed region for another; in the second texts of look-alikes
# differ, and it is not settled whether that is the stand-in too (docs/outputs.md).
UNSETTLED = ("glm_page", "doc_multi_page")


def shown_wrongly(sdk: Sdk, file: Path) -> bool:
    """0.1.1 masks a picture's own numbers, which are no shades of grey in one bit or a palette (docs/outputs.md)."""
    if sdk.version is not OfficialVersion.V0_1_1 or file.suffix == ".pdf":
        return False
    with Image.open(file) as picture:
        return picture.mode in ("1", "P")


@pytest.mark.whole
@pytest.mark.timeout(3600)
def test_sixty_made_documents_are_the_same(sdk: Sdk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [made_document(tmp_path, number) for number in range(60)]
    told = read_twice(sdk, tmp_path / "out", files)
    assert [one for one in told["files"] if "error" in one.get("sdk", {}) or "error" in one.get("official", {})] == []
    assert_the_same(tmp_path / "out", capsys)


def made_document(folder: Path, number: int) -> Path:
    """Lines, columns and framed areas of made-up words, as a PDF of one to three pages or a picture."""
    dice = random.Random(number)
    if number % 3 == 0:
        file = folder / f"made-{number}.png"
        size = dice.choice([(1240, 1754), (1754, 1240), (827, 1169)])
        picture = Image.new("RGB", size, "white")
        pencil = ImageDraw.Draw(picture)
        for left, top, text, height in lines(dice, *size):
            pencil.text((left, top), text, fill="black", font_size=height)
        picture.save(file)
        return file
    pages = []
    for _ in range(dice.randint(1, 3)):
        content = b""
        for left, top, text, height in lines(dice, 612, 792):
            content += b"BT /F1 %d Tf %d %d Td (%s) Tj ET\n" % (height, left, 760 - top, text.encode())
        pages.append(PdfPage(content, fonts={"F1": HELVETICA}))
    file = folder / f"made-{number}.pdf"
    file.write_bytes(make_pdf(*pages))
    return file


def lines(dice: random.Random, width: int, height: int) -> list[tuple[int, int, str, int]]:
    """Left, top, text and height of lines, in blocks."""
    made = []
    top = height // 20
    while top < height * 0.85:
        size = dice.choice([width // 60, width // 50, width // 30])
        columns = dice.choice([1, 1, 2])
        for _ in range(dice.randint(1, 6)):
            for column in range(columns):
                words = " ".join(
                    f"{dice.choice(WORDS)}{dice.choice(['', '', str(dice.randrange(99))])}" for _ in range(7)
                )
                fits = int(width * 0.85 / columns / size * 1.7)
                made.append((width // 14 + column * width // 2, top, words[:fits], size))
            top += int(size * 1.5)
        top += size * 2
    return made


WORDS = ("account", "balance", "carried", "forward", "interest", "quarter", "revenue", "share", "tax", "total", "year")
