"""Crops are read to text with boxes, and what could not be read is said."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence

import numpy as np
import pytest
import pytest_asyncio
from PIL import Image, ImageDraw, ImageFont

from octavo import crops
from octavo.document import (
    Crop,
    Label,
    Origin,
    PageImage,
    Recognition,
    Region,
    Severity,
    Task,
    TextLine,
    TextSource,
    Written,
)
from octavo.geometry import Box
from octavo.networks.session import Allowance, Network, Tensor
from octavo.recognizers.embedded import EmbeddedRecognizer, open_recognizer
from octavo.settings import EngineSettings

WIDTH, HEIGHT = 800, 600
PARAGRAPH = [
    "Ten green bottles, hanging on the",
    "wall, and if one of them should acci-",
    "dentally fall, nine are left.",
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncIterator[EmbeddedRecognizer]:
    engine = await open_recognizer(EngineSettings(threads=1))
    yield engine
    await engine.close()


pytestmark = pytest.mark.asyncio(loop_scope="module")


def page(*lines: str, top: int = 60, size: int = 24) -> PageImage:
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    for number, line in enumerate(lines):
        place = 80, top + 40 * number
        ImageDraw.Draw(image).text(place, line, fill="black", font=ImageFont.load_default(size))
    return PageImage(0, np.asarray(image), 100)


def region(
    box: Box | None = None,
    *,
    label: Label = Label.TEXT,
    task: Task = Task.TEXT,
    lines: Sequence[TextLine] = (),
    origin: Origin = Origin.MODEL,
) -> Region:
    return Region(0, box or Box.of_page(), label, task, 1.0, lines=tuple(lines), origin=origin)


def cut(engine: EmbeddedRecognizer, image: PageImage, part: Region) -> Crop:
    return crops.cut(image, part, engine.budget)


async def read(engine: EmbeddedRecognizer, image: PageImage, part: Region) -> Recognition:
    (answer,) = await engine.recognize([cut(engine, image, part)], document="a")
    return answer


async def test_a_region_without_lines_is_read(engine: EmbeddedRecognizer) -> None:
    answer = await read(engine, page(*PARAGRAPH), region(Box(50, 50, 950, 400)))
    assert answer.text == (
        "Ten green bottles, hanging on the wall, and if one of them should accidentally fall, nine are left."
    )
    assert answer.source is TextSource.RECOGNIZER
    assert answer.problems == ()
    assert answer.confidence is not None
    assert answer.confidence > 0.9


async def test_words_join_to_their_lines_and_lie_within_them(engine: EmbeddedRecognizer) -> None:
    box = Box(50, 50, 950, 400)
    answer = await read(engine, page(*PARAGRAPH), region(box))
    assert [line.text for line in answer.lines] == PARAGRAPH
    for line in answer.lines:
        assert " ".join(word.text for word in line.words) == line.text
        assert line.box.covered_by(box) == pytest.approx(1)
        for word in line.words:
            assert word.box.covered_by(line.box) > 0.9
        assert [word.box.left for word in line.words] == sorted(word.box.left for word in line.words)


async def test_lines_handed_in_are_the_lines_read(engine: EmbeddedRecognizer) -> None:
    """Only the second line of the page belongs to the region, though its box holds all three."""
    found = TextLine(Box(95, 165, 700, 215))
    answer = await read(engine, page(*PARAGRAPH), region(lines=[found]))
    assert answer.text == PARAGRAPH[1]
    assert answer.lines[0].box == found.box


async def test_text_that_is_known_is_not_read_again(engine: EmbeddedRecognizer) -> None:
    known = TextLine(Box(95, 100, 700, 150), "from the text layer")
    answer = await read(engine, page(*PARAGRAPH), region(lines=[known]))
    assert answer.text == "from the text layer"
    assert answer.source is TextSource.TEXT_LAYER
    assert answer.lines == (known,)


async def test_crops_of_a_page_are_answered_in_order(engine: EmbeddedRecognizer) -> None:
    image = page("first", "second", "third")
    parts = [region(Box(50, top, 950, top + 66)) for top in (218, 85, 152)]
    answers = await engine.recognize([cut(engine, image, part) for part in parts], document="a")
    assert [answer.text for answer in answers] == ["third", "first", "second"]


async def test_a_whole_page_keeps_its_paragraphs(engine: EmbeddedRecognizer) -> None:
    image = page(*PARAGRAPH, "", "", "", "A line that stands for itself")
    answer = await read(engine, image, region(origin=Origin.WHOLE_PAGE))
    assert (answer.text or "").split("\n\n")[-1] == "A line that stands for itself"


async def test_code_keeps_its_lines(engine: EmbeddedRecognizer) -> None:
    answer = await read(engine, page("for bottle in wall:", "fall(bottle)"), region(label=Label.ALGORITHM))
    assert answer.text == "for bottle in wall:\nfall(bottle)"


async def test_a_formula_is_text_and_says_so(engine: EmbeddedRecognizer) -> None:
    part = region(label=Label.DISPLAY_FORMULA, task=Task.FORMULA)
    answer = await read(engine, page("a + b = c"), part)
    assert (answer.text or "").replace(" ", "") == "a+b=c"
    assert [(problem.code, problem.severity) for problem in answer.problems] == [
        ("formula_not_latex", Severity.DOUBTFUL)
    ]


async def test_a_table_is_html(engine: EmbeddedRecognizer) -> None:
    answer = await read(engine, page("one two", "three four"), region(label=Label.TABLE, task=Task.TABLE))
    assert answer.text is not None
    assert answer.text.startswith("<table>")
    assert len(answer.lines) >= 2


async def test_an_empty_region_reads_as_nothing(engine: EmbeddedRecognizer) -> None:
    answer = await read(engine, page(), region())
    assert answer.text == ""
    assert answer.problems == ()


def scribble() -> PageImage:
    """Signs of no script there is."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(image)
    for row in range(4):
        for number in range(18):
            left, top = 60 + 36 * number, 80 + 70 * row
            draw.arc((left, top, left + 24, top + 34), 37 * number, 37 * number + 250, fill="black", width=4)
            draw.line((left + 6, top + 32, left + 26, top + 4 + number * row % 7), fill="black", width=4)
    return PageImage(0, np.asarray(image), 100)


@pytest.mark.slow
async def test_what_cannot_be_read_is_lost_not_invented(engine: EmbeddedRecognizer) -> None:
    lines = [TextLine(Box(60, 120 + 117 * row, 900, 205 + 117 * row)) for row in range(4)]
    answer = await read(engine, scribble(), region(lines=lines))
    assert {problem.code for problem in answer.problems} & {"nothing_read", "lines_unread", "text_doubtful"}
    assert answer.text is None or (answer.confidence or 0) < 0.8 or len(answer.text) < 40


@pytest.mark.parametrize("shape", [(1, 1), (40, 12000), (12000, 40)])
async def test_odd_pages_are_taken(engine: EmbeddedRecognizer, shape: tuple[int, int]) -> None:
    image = PageImage(0, np.full((*shape, 3), 255, np.uint8), 0)
    assert (await read(engine, image, region(origin=Origin.WHOLE_PAGE))).text == ""


# --- pages that take too long -------------------------------------------------------------------------------------


async def test_a_page_that_takes_too_long_keeps_what_was_read_and_says_what_was_not() -> None:
    hurried = await open_recognizer(EngineSettings(threads=1, reading_seconds=1e-9))
    try:
        answer = await read(hurried, page(*PARAGRAPH), region(Box(50, 50, 950, 400)))
    finally:
        await hurried.close()
    (problem,) = answer.problems
    assert (problem.code, problem.severity) == ("limit_exceeded", Severity.LOST)
    assert problem.message.startswith("2 of 3 lines could not be read")
    assert "reading_seconds" in problem.message
    assert answer.text == PARAGRAPH[0]


@pytest.mark.parametrize("before_layout", [False, True])
async def test_nothing_is_read_on_for_a_caller_who_has_left(
    before_layout: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = await open_recognizer(EngineSettings(threads=1))
    begun, gone, runs = threading.Event(), threading.Event(), []
    run = Network.run

    def counted(network: Network, batch: Tensor) -> list[Tensor]:
        runs.append(batch.shape)
        begun.set()
        gone.wait()
        return run(network, batch)

    monkeypatch.setattr(Network, "run", counted)
    lines = tuple(TextLine(Box(60, 20 + 30 * row, 900, 45 + 30 * row)) for row in range(30))
    it = page(*PARAGRAPH)
    asked = left.read_lines(it, Written(lines), document="d") if before_layout else read(left, it, region(lines=lines))
    reading = asyncio.create_task(asked)
    await asyncio.to_thread(begun.wait)
    reading.cancel()
    await asyncio.wait({reading})
    gone.set()
    await left.close()
    assert len(runs) <= 4  # the line that was under way, and the same the other way round, by both networks


async def test_many_lines_of_one_page_are_not_all_before_one_line_of_another(engine: EmbeddedRecognizer) -> None:
    network, done = engine._lines._reader._careful.network, list[str]()
    begun, submitted = threading.Event(), threading.Event()

    def many(number: int) -> None:
        begun.set()
        submitted.wait()
        done.append("many")

    def one() -> Iterator[int]:
        yield 0
        submitted.set()

    first = asyncio.create_task(asyncio.to_thread(network.map, many, range(100)))
    await asyncio.to_thread(begun.wait)
    await asyncio.to_thread(network.map, lambda number: done.append("one"), one())
    await first
    assert (done.index("one") < 10, done.count("many")) == (True, 100)


async def test_many_pages_of_one_document_are_not_all_before_one_page_of_another(
    engine: EmbeddedRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, all_wait = list[int](), threading.Event()

    def read_page(crops: Sequence[Crop], allowance: Allowance) -> list[Recognition]:
        all_wait.wait()
        done.append(len(crops))
        return []

    monkeypatch.setattr(engine, "_read_page", read_page)
    crop = cut(engine, page(*PARAGRAPH), region())
    calls = [asyncio.create_task(engine.recognize([], document="many")) for _ in range(9)]
    await asyncio.sleep(0)
    calls.append(asyncio.create_task(engine.recognize([crop], document="one")))
    await asyncio.sleep(0)
    all_wait.set()
    await asyncio.gather(*calls)
    assert done.index(1) < 5
