"""A Parser as its users hold it: documents, streams, and what is refused."""

import typing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from viewer import RENDERERS

import octavo
from octavo import EngineSettings, ParseOptions, Parser
from octavo.document import Label, Looks, Pixels, Problem, Recognition, Severity, Task
from octavo.errors import DocumentCorrupt, EngineUnavailable, OptionInvalid
from octavo.pages import Pages
from octavo.recognizers.scripted import Scripted
from octavo.settings.keywords import Keywords

NULL = EngineSettings(detector="whole_page", recognizer="scripted")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "page.png"
    Image.fromarray(np.full((60, 80, 3), 250, np.uint8)).save(file)
    return file


def test_one_call_reads_a_document(picture: Path) -> None:
    document = octavo.parse(picture, detector="whole_page", recognizer="scripted")
    assert document.name == "page"
    assert octavo.to_markdown(document).strip() == "[text]"


def test_an_unknown_keyword_is_refused_by_name(picture: Path) -> None:
    with pytest.raises(OptionInvalid, match="no option called 'dpy'"):
        octavo.parse(picture, dpy=200)


async def test_pages_stream_one_by_one(picture: Path) -> None:
    async with Parser(NULL) as parser:
        pages = [page.number async for page in parser.stream([picture, picture, picture])]
    assert pages == [0, 1, 2]


@pytest.fixture
def drawn_again(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Pages whose pictures were not there any more when somebody looked."""
    again: list[int] = []
    pixels = Pages.pixels

    def counted(pages: Pages, number: int, looks: Looks) -> Pixels:
        again.append(number)
        return pixels(pages, number, looks)

    monkeypatch.setattr(Pages, "pixels", counted)
    return again


@pytest.mark.parametrize("name", RENDERERS)
async def test_a_picture_that_a_format_looks_at_is_kept_for_it(
    name: str, picture: Path, drawn_again: list[int]
) -> None:
    async with Parser(NULL) as parser, parser.open(picture, ParseOptions(formats=(name,))) as reading:
        async for _ in reading:
            pass
        assert list(reading.artifacts()) or name == "crops"
    assert not drawn_again


async def test_a_picture_that_no_format_looks_at_is_not_kept(picture: Path, drawn_again: list[int]) -> None:
    async with Parser(NULL) as parser, parser.open(picture, ParseOptions(formats=("markdown",))) as reading:
        async for _ in reading:
            pass
        assert reading.pictures.page(0).shape == (60, 80, 3)
    assert drawn_again == [0]


async def test_a_document_left_early_has_no_result(picture: Path) -> None:
    async with Parser(NULL) as parser, parser.open([picture, picture]) as reading:
        async for _ in reading:
            break
        with pytest.raises(OptionInvalid, match="not read to its end"):
            _ = reading.document


async def test_cutting_short_says_which_pages_are_missing(picture: Path) -> None:
    async with Parser(NULL) as parser, parser.open([picture, picture, picture]) as reading:
        async for _ in reading:
            break
        document = await reading.cut_short("time_budget_spent", "no time")
    assert document.status == "partial"
    assert [problem.page for problem in document.problems] == [1, 2]


async def test_an_engine_that_never_comes_up_fails_the_run(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Recognition(None, problems=(Problem("engine_unavailable", "vLLM ended: no GPU", Severity.LOST),))

    async def opened(settings: EngineSettings) -> Scripted:
        return Scripted(lambda crop: gone)

    monkeypatch.setattr("octavo.recognizers.scripted.open_recognizer", opened)
    async with Parser(NULL) as parser:
        with pytest.raises(EngineUnavailable, match="no GPU"):
            await parser.aparse(picture)


async def test_a_document_without_a_drawable_page_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "cut.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)).save(file)
    file.write_bytes(file.read_bytes()[:60])
    async with Parser(NULL) as parser:
        with pytest.raises(DocumentCorrupt):
            await parser.aparse(file, ParseOptions())


@pytest.mark.parametrize("name", RENDERERS)
async def test_every_file_says_which_renderer_made_it(name: str, picture: Path) -> None:
    options = ParseOptions(formats=(name,), tasks={Label.TEXT: Task.SKIP})  # a picture, so that `crops` has one too
    async with Parser(NULL) as parser, parser.open(picture, options) as reading:
        async for _ in reading:
            pass
        assert {artifact.format for artifact in reading.artifacts()} == {name}


def test_editors_are_told_the_public_names_and_every_keyword_of_parse() -> None:
    assert dir(octavo) == sorted(octavo.__all__)
    assert set(Keywords.__annotations__) == {*octavo.ParseOptions.model_fields, *octavo.EngineSettings.model_fields}
    assert typing.get_type_hints(octavo.parse, include_extras=True)["knobs"] == typing.Unpack[Keywords]
