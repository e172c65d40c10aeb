"""The limits of docs/limits.md are those that hold, and give the errors it names."""

import asyncio
import inspect
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO

import pytest
from pdf_maker import pdf_of
from PIL import Image
from pydantic import BaseModel

from octavo import errors, fetch, pages
from octavo.drawing import picture, wire
from octavo.drawing.wire import Open, Refused
from octavo.errors import OctavoError
from octavo.fetch import Data
from octavo.jobs.admission import Room
from octavo.parser import Parser
from octavo.settings import EngineSettings, ParseOptions, ServeSettings, WorkerSettings, exceeded_code

CODES = {error.code for _, error in inspect.getmembers(errors, inspect.isclass) if issubclass(error, OctavoError)}


def tiff(frames: int) -> bytes:
    data = BytesIO()
    first, *more = [Image.new("L", (20, 20), 255) for _ in range(frames)]
    first.save(data, "TIFF", save_all=True, append_images=more)
    return data.getvalue()


@pytest.mark.parametrize("model", [EngineSettings, WorkerSettings, ServeSettings])
def test_a_limit_gives_an_error_there_is_and_is_a_number_above_nothing(model: type[BaseModel]) -> None:
    bounded = [field for field in model.model_fields if exceeded_code(model, field)]
    assert bounded
    for field in bounded:
        assert exceeded_code(model, field) in CODES, field
        default = model.model_fields[field].default
        assert default is None or default > 0, field  # None: by the machine
        assert model.model_fields[field].metadata, field  # a knob that takes 0 or less would be no limit


def opened(**limits: int) -> None:
    pages.open_pages([tiff(3)], ParseOptions(), EngineSettings.model_validate(limits)).close()


def fetched(**limits: int) -> None:
    asyncio.run(fetch.fetch(Data(tiff(3)), EngineSettings.model_validate(limits)))


@pytest.mark.parametrize(
    ("field", "exceed"),
    [
        ("max_source_bytes", lambda: fetched(max_source_bytes=10)),
        ("max_pages", lambda: opened(max_pages=2)),
        ("max_page_pixels", lambda: opened(max_page_pixels=399)),
    ],
)
def test_a_document_beyond_a_limit_gets_the_error_of_the_limit(field: str, exceed: Callable[[], None]) -> None:
    with pytest.raises(OctavoError) as refused:
        exceed()
    assert refused.value.code == exceeded_code(EngineSettings, field)


def test_a_job_beyond_a_limit_gets_the_error_of_the_limit() -> None:
    room = Room(jobs=1, bytes=10)
    for field, most, count in (("job_bytes", 5, 6), ("held_bytes", 20, 11)):
        with room.hold(most) as held, pytest.raises(OctavoError) as refused:
            held.add(count)
        assert refused.value.code == exceeded_code(WorkerSettings, field)
    with room.job(), pytest.raises(OctavoError) as refused, room.job():
        pass
    assert refused.value.code == exceeded_code(WorkerSettings, "jobs_in_hand")


def test_a_file_with_more_pictures_than_are_read_is_refused_and_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "MOST_FRAMES", 2)
    for frames in (2, 3):
        data = tiff(frames)
        request = Open(0, [[0, len(data), 0]], [], 10_000, 30.0, True)
        if frames == 2:
            assert picture.PicturePart(data, 0, len(data), request).pages == 2  # type: ignore[arg-type]  # bytes do
        else:
            with pytest.raises(Refused, match="more than 2 pictures"):
                picture.PicturePart(data, 0, len(data), request)  # type: ignore[arg-type]


def test_a_child_says_that_it_was_memory_before_the_kernel_refuses_it() -> None:
    """Where memory is refused, PDFium ends as by a defect, and the document would be called corrupt."""
    program = (
        "import time; from octavo.drawing import child, wire; child.MEMORY_LIMIT = wire.own_size()[0] + (200 << 20)\n"
        "with child.Watch():\n"
        "    taken = bytearray(300 << 20)\n"
        "    time.sleep(60)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=120)
    assert done.returncode == wire.OUT_OF_MEMORY


def test_a_child_at_rest_may_be_of_any_size() -> None:
    program = (
        "import time; from octavo.drawing import child; child.MEMORY_LIMIT, child.LOOK_SECONDS = 1, 2.0\n"
        "with child.Watch():\n"
        "    pass\n"
        "time.sleep(2 * child.LOOK_SECONDS)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=120).returncode == 0


def forms_in_forms(depth: int, times: int) -> bytes:
    """A page that draws a form so many times, which draws another so many times, and so on."""
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>",
    }
    for number in range(4, 5 + depth):
        body = (b"/X Do " if number < 4 + depth else b"0 0 9 9 re f ") * times
        form = b"/Type/XObject/Subtype/Form/BBox[0 0 612 792]/Resources<</XObject<</X %d 0 R>>>>" % (number + 1)
        entries = b"" if number == 4 else form
        objects[number] = b"<<%b/Length %d>>stream\n%b\nendstream" % (entries, len(body), body)
    return pdf_of(objects)


@pytest.mark.slow
def test_a_page_that_asks_for_too_much_memory_is_beyond_a_limit_and_not_corrupt() -> None:
    with (
        pages.open_pages([forms_in_forms(10, 10)], ParseOptions(), EngineSettings()) as opened,
        pytest.raises(errors.LimitExceeded, match="memory"),
    ):
        opened.draw(0)


def test_pages_of_a_document_that_are_slow_one_after_the_other_come_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "SLOW_FROM", -40.0)  # as if each page took 40 s longer
    with pages.open_pages([tiff(3)], ParseOptions(), EngineSettings(document_seconds=60.0)) as opened:
        for number in range(2):
            opened.draw(number)
        with pytest.raises(errors.LimitExceeded, match=r"page 3 .*document_seconds"):
            opened.draw(2)


async def test_a_document_of_which_no_page_is_within_the_limits_is_refused_by_their_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def too_slow(self: pages.Pages, number: int, *, picture: bool = True) -> None:
        raise errors.LimitExceeded(f"page {number + 1} takes more than 30 s of CPU time to draw (page_seconds)")

    monkeypatch.setattr(pages.Pages, "draw", too_slow)
    async with Parser(EngineSettings(detector="whole_page", recognizer="scripted")) as parser:
        with pytest.raises(errors.LimitExceeded, match=r"none of the pages .*page_seconds"):
            await parser.aparse(Data(tiff(2)))
