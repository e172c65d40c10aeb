"""`octavo trace`: what a person is told about how a page came to read as it does."""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import LOST, page, said
from model_server import ModelServer, always
from PIL import Image, ImageDraw, ImageFont

from octavo.__main__ import main
from octavo.detectors import embedded
from octavo.document import Detection, Label, Layer, Page, PageImage, Sight
from octavo.errors import EngineUnavailable
from octavo.frontends import _trace_html
from octavo.frontends._exits import Exit
from octavo.frontends._trace_layers import Mark, View, views
from octavo.frontends._trace_words import account
from octavo.geometry import Box, Size
from octavo.pages import open_pages
from octavo.regions import settle
from octavo.settings import EngineSettings, ParseOptions
from octavo.trace import PageTrace

SAMPLES = Path(__file__).parents[1] / "samples"
STATEMENT = str(SAMPLES / "bank-statement.pdf")
NULL_ENGINES = ("--detector", "whole_page", "--recognizer", "scripted", "--orientation", "off")


@pytest.fixture(scope="module")
def statement(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("statement")
    code = main(["trace", STATEMENT, "-o", str(folder)])
    if code == Exit.OURS:
        pytest.skip("the embedded networks are not there")
    assert code == Exit.SUCCESS
    return folder


def seen(folder: Path) -> dict[str, list[dict[str, Any]]]:
    data: dict[str, list[dict[str, Any]]] = json.loads((folder / "trace.json").read_text(encoding="utf-8"))["views"]
    return data


@pytest.mark.slow
def test_every_line_of_the_page_is_claimed_put_in_a_region_and_read(statement: Path) -> None:
    marks = seen(statement)
    views_made = [View(name, name, tuple(_mark(one) for one in found)) for name, found in marks.items()]
    for line in marks["lines"]:
        left, top, right, bottom = line["box"]
        at = {view.name: view.at((left + right) / 2, (top + bottom) / 2) for view in views_made}
        assert all(at[name] for name in ("lines", "claims", "regions", "reading", "blocks")), line["words"]


def _mark(entry: dict[str, Any]) -> Mark:
    return Mark(Box(*entry["box"]), entry["words"], entry.get("lost", ""))


@pytest.mark.slow
def test_what_was_thought_a_table_is_there_with_why_it_is_one_or_none(statement: Path) -> None:
    tables = seen(statement)["tables"]
    assert "ruled table: 4 lines across, 5 down (score 0.95)" in [table["words"] for table in tables]
    assert any(table["words"].startswith("text in columns") and "too few" in table.get("lost", "") for table in tables)


def test_each_kind_of_thing_has_a_picture_the_page_and_what_it_shows_beside_it(statement: Path) -> None:
    marks = seen(statement)
    shown = {picture.stem[3:] for picture in statement.glob("*.png")}
    assert shown == {name for name, found in marks.items() if found}
    with Image.open(statement / "05-tables.png") as picture:
        legend = np.asarray(picture.convert("L"))[:, -720:]
        assert abs((picture.width - 720) / picture.height - 1240 / 1754) < 0.01
    assert legend.min() < 60  # words


def test_the_page_for_a_browser_is_complete_in_itself(statement: Path) -> None:
    text = (statement / "trace.html").read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", text)
    for name, found in seen(statement).items():
        group = re.search(rf'<g id="view-{name}".*?</g>', text, re.S)
        assert group is not None
        assert group.group().count("<rect") == len(found)
        assert f'data-view="{name}"' in text


def test_at_says_in_words_what_became_of_the_ink(
    statement: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [heading] = [line for line in seen(statement)["lines"] if line["words"].endswith(": Statement of account")]
    x, y = (heading["box"][0] + heading["box"][2]) / 2, (heading["box"][1] + heading["box"][3]) / 2
    capsys.readouterr()
    monkeypatch.chdir(tmp_path)
    assert main(["trace", STATEMENT, "--at", f"{x},{y}"]) == Exit.SUCCESS
    told = capsys.readouterr().out
    assert "text layer trusted" in told
    assert f"at {x:g},{y:g}: ink" in told
    assert "claimed by paragraphs: title: the largest on the first page" in told
    assert re.search(r"blocks \d+: doc_title, body, level 1; .*\"Statement of account\"", told)
    assert not list(tmp_path.iterdir())  # nothing is written where words were asked for


@pytest.mark.slow
def test_without_an_engine_that_sees_lines_the_text_layers_are_shown(tmp_path: Path) -> None:
    assert main(["trace", STATEMENT, "-o", str(tmp_path), *NULL_ENGINES]) == Exit.SUCCESS
    marks = seen(tmp_path)
    assert "text layer: Statement of account" in [line["words"] for line in marks["lines"]]
    assert [claim["words"] for claim in marks["claims"]] == ["text: the whole page is read as one region"]
    assert marks["regions"][0]["words"].endswith("text: the whole page is read as one region")


@pytest.mark.slow
async def test_what_the_model_said_is_told_by_region(tmp_path: Path) -> None:
    async with ModelServer(always("what the model reads")) as server:
        engine = ("--engine", "glm-ocr", "--detector", "whole_page", "--orientation", "off", "--url", server.url)
        words = ["trace", STATEMENT, "-o", str(tmp_path), "--text-layer", "off", *engine]
        assert await asyncio.to_thread(main, words) == Exit.SUCCESS
    marks = seen(tmp_path)
    assert [mark["words"] for mark in marks["reading"]] == ['region 0, recogniser: "what the model reads"']
    assert marks["blocks"][0]["words"].endswith('the whole page is read as one region; "what the model reads"')


@pytest.mark.parametrize("number", ["0", "3", "-1"])
def test_a_page_that_is_not_there_is_the_callers_fault(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", STATEMENT, "--page", number, *NULL_ENGINES]) == Exit.CALLER
    assert "2 pages" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["100", "100,2000", "a,b", "-1,5", "nan,3"])
def test_a_place_off_the_page_is_refused(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["trace", STATEMENT, f"--at={place}"])
    assert refused.value.code == Exit.CALLER
    assert "--at" in capsys.readouterr().err


def test_a_traced_page_reads_as_any_other() -> None:
    try:
        detector = embedded.open_detector(EngineSettings(threads=2))
    except EngineUnavailable as missing:
        pytest.skip(str(missing))
    with open_pages([(SAMPLES / "two-column-paper.pdf").read_bytes()], ParseOptions(), EngineSettings()) as pages:
        image = pages.draw(0)
    trace = PageTrace()
    watched = replace(image, trace=trace)
    plain, traced = detector.detect([image])[0], detector.detect([watched])[0]
    assert traced == plain
    assert settle(traced, watched, ParseOptions()) == settle(plain, image, ParseOptions())
    gutters = [sight.box for sight in trace.sights if sight.layer is Layer.GUTTERS]
    assert any(abs(box.center[0] - 500) < 15 and box.height > 300 for box in gutters)  # that between the columns


def test_a_detection_that_another_stands_for_is_told() -> None:
    trace = PageTrace()
    image = PageImage(0, np.full((100, 100, 3), 255, np.uint8), 72, trace=trace)
    outer = Detection(Box(100, 100, 900, 400), Label.TEXT, 0.9, reason="text: 0.9")
    inner = Detection(Box(150, 150, 500, 250), Label.TEXT, 0.8, reason="text: 0.8")
    twin = Detection(Box(102, 100, 900, 400), Label.ABSTRACT, 0.5, reason="abstract: 0.5")
    settle([outer, inner, twin], image, ParseOptions())
    assert {sight.words: sight.lost for sight in trace.sights if sight.layer is Layer.DROPPED} == {
        "abstract 0.50: abstract: 0.5": "the text in the same place stands for it",
        "text 0.80: text: 0.8": "the text around it reads it",
    }


# --- the views -----------------------------------------------------------------------------------------------------


def test_of_overlapping_things_the_one_that_has_the_line_is_meant() -> None:
    line, other = Box(100, 100, 300, 120), Box(500, 100, 700, 120)
    view = View(
        "regions", "", (Mark(Box(0, 0, 1000, 1000), "around", lines=(other,)), Mark(line, "own", lines=(line,)))
    )
    assert [mark.words for mark in view.at(200, 110)] == ["own"]
    assert [mark.words for mark in view.at(600, 110)] == ["around"]
    assert [mark.words for mark in view.at(200, 119.9)] == ["own"]
    assert [mark.words for mark in view.at(900, 900)] == ["around"]


def test_where_nothing_is_the_nearest_line_is_named() -> None:
    trace = PageTrace([Sight(Layer.LINES, Box(100, 100, 300, 120), "text layer: far off")])
    told = list(account(views(trace, Page(0, Size(100, 100), 72, 0)), np.full((100, 100, 3), 255, np.uint8), 100, 150))
    assert told == [
        "at 100,150: no ink",
        "  nothing that the stages saw is here",
        "  the nearest line is 30 units away: text layer: far off",
    ]


def test_what_is_written_on_the_page_cannot_act_in_the_browser() -> None:
    mark = Mark(Box(1, 1, 9, 9), '"><script>alert(1)</script>')
    text = _trace_html.page("<b>name", "<i>said", [View("lines", "Lines", (mark,))], Image.new("RGB", (10, 10)))
    assert "<script>alert" not in text
    assert "<b>name" not in text
    assert "<i>said" not in text


def test_a_models_reading_is_told_with_how_it_was_recovered_and_what_was_lost() -> None:
    (area, reading), (lost_area, lost) = (
        said("Half a", steps=("asked again",), confidence=0.5),
        said(None, problems=(LOST,)),
    )
    trace = PageTrace(regions=[area, lost_area], recognitions=[reading, lost])
    marks = {view.name: [mark.words for mark in view.marks] for view in views(trace, page([(lost_area, lost)]))}
    assert marks["reading"] == [
        'region 0, recogniser, sure to 0.50, asked again: "Half a"',
        "region 1, recogniser: no text",
    ]
    assert marks["problems"] == ['engine_lost (lost): the model\'s server went away; saved: "Half a sent"']


@pytest.mark.slow
def test_a_page_that_was_put_straight_says_so_and_shows_it(tmp_path: Path) -> None:
    image = Image.new("RGB", (900, 1000), "white")
    font = ImageFont.load_default(22)
    for number in range(14):
        text = "Ten green bottles hanging on the wall, ten green bottles"
        ImageDraw.Draw(image).text((110, 120 + 50 * number), text, "black", font)
    leaning = tmp_path / "leaning.png"
    image.rotate(4, fillcolor="white").save(leaning)  # against the clock
    assert main(["trace", str(leaning), "-o", str(tmp_path / "out"), *NULL_ENGINES]) == Exit.SUCCESS
    (mark,) = seen(tmp_path / "out")["straightened"]
    turned = re.search(r"turned by (.*)°", mark["words"])
    assert turned
    assert float(turned[1]) == pytest.approx(4, abs=0.3)
    shown = np.asarray(Image.open(tmp_path / "out/straightened.png").convert("L"))
    levels = [np.flatnonzero((part < 128).any(axis=1))[0] for part in np.array_split(shown, 2, axis=1)]
    assert abs(levels[0] - levels[1]) < 4  # the first line begins as high on the left as on the right
