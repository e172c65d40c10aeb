"""The limits of docs/limits.md are those that hold, and give the errors it names."""

import asyncio
import inspect
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image
from pydantic import BaseModel

from octavo import errors, fetch, pages
from octavo.drawing import picture
from octavo.drawing.wire import Open, Refused
from octavo.errors import OctavoError
from octavo.fetch import Data
from octavo.jobs.admission import Room
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
        assert model.model_fields[field].default > 0, field
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
        request = Open(0, [[0, len(data), 0]], [], 10_000, True)
        if frames == 2:
            assert picture.PicturePart(data, 0, len(data), request).pages == 2  # type: ignore[arg-type]  # bytes do
        else:
            with pytest.raises(Refused, match="more than 2 pictures"):
                picture.PicturePart(data, 0, len(data), request)  # type: ignore[arg-type]
