"""The small network looks for lines again only where the tiny one left a doubt."""

from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from octavo.geometry import Size
from octavo.networks.second_looks import Part, doubtful_parts, whole
from octavo.networks.session import Network, Tensor
from octavo.networks.strips import Quad
from octavo.networks.text_lines import QUICK_WEIGHTS, WEIGHTS, TextLines
from octavo.settings import EngineSettings

PAGE = Size(1200, 1600)


def quad(left: float, top: float, right: float, bottom: float) -> Quad:
    return np.array(((left, top), (right, top), (right, bottom), (left, bottom)), np.float32)


def letters(left: float, right: float, top: float) -> list[tuple[float, float, float, float]]:
    """A row of letters, 12 pixels high."""
    return [(x, top, x + 8, top + 12) for x in np.arange(left, right - 8, 12)]


BELIEVED = quad(500, 1000, 700, 1024), 0.8  # a line away from everything


def parts(lines: list[tuple[Quad, float]], inked: list[tuple[float, float, float, float]]) -> list[Part]:
    quads, scores = [line for line, _ in lines], [score for _, score in lines]
    return doubtful_parts(quads, scores, np.reshape(np.array(inked, np.float64), (-1, 4)), PAGE)


def holds(part: Part, left: float, top: float, right: float, bottom: float) -> bool:
    return (
        part.columns.start <= left
        and part.rows.start <= top
        and part.columns.stop >= right
        and part.rows.stop >= bottom
    )


def test_covered_letters_raise_no_doubt() -> None:
    assert parts([(quad(300, 400, 700, 424), 0.8)], letters(305, 695, 406)) == []
    assert parts([BELIEVED], []) == []


def test_where_no_line_is_believed_all_is_looked_at_again() -> None:
    """Print that is too faint for the tiny network may be too faint for a letter to stand out, too."""
    assert parts([], []) == [whole(PAGE)]
    assert parts([(quad(300, 400, 700, 424), 0.6)], []) == [whole(PAGE)]


def test_letters_that_no_line_covers_are_looked_at_again() -> None:
    line = quad(300, 400, 700, 424), 0.8
    (part,) = parts([line], [*letters(305, 695, 406), *letters(300, 400, 800)])
    assert holds(part, 300, 800, 396, 812)
    assert part.rows.start > 424  # the line that is believed is not


def test_letters_beyond_the_end_of_a_line_are_looked_at_again_with_all_of_it() -> None:
    """Seen in part, a line may be taken for something else, and be lost."""
    (part,) = parts([(quad(300, 400, 600, 424), 0.8)], letters(305, 695, 406))
    assert holds(part, 300, 400, 690, 424)


def test_a_line_that_is_in_doubt_is_looked_at_again() -> None:
    (part,) = parts([(quad(300, 400, 700, 424), 0.6), (quad(300, 900, 700, 924), 0.8)], [])
    assert holds(part, 300, 400, 700, 424)
    assert part.rows.stop < 900


def test_a_line_much_higher_than_the_others_is_looked_at_again() -> None:
    """Bars of a chart, taken for one."""
    lines = [(quad(300, 100 + 50 * n, 700, 124 + 50 * n), 0.8) for n in range(5)]
    (part,) = parts([*lines, (quad(300, 900, 800, 1100), 0.8)], [])
    assert holds(part, 300, 900, 800, 1100)
    assert parts([*lines, (quad(300, 900, 800, 960), 0.8)], []) == []  # a title


def test_specks_raise_no_doubt() -> None:
    assert parts([BELIEVED], [(100 + 40 * n, 200, 104 + 40 * n, 204) for n in range(20)]) == []


def test_doubts_far_apart_are_parts_of_their_own_and_near_ones_are_one() -> None:
    assert len(parts([BELIEVED], [*letters(200, 300, 300), *letters(800, 900, 1300)])) == 2
    assert len(parts([BELIEVED], [*letters(200, 300, 300), *letters(350, 450, 330)])) == 1


def test_a_page_full_of_doubts_is_looked_at_once() -> None:
    assert parts([BELIEVED], [row for top in range(20, 1580, 40) for row in letters(20, 1180, top)]) == [whole(PAGE)]


def test_at_the_rim_of_a_picture_parts_end_there() -> None:
    corners = [(0, 0, 8, 12), (1192, 1588, 1200, 1600)]
    first, last = parts([BELIEVED], corners)
    assert (first.rows.start, first.columns.start) == (0, 0)
    assert (last.rows.stop, last.columns.stop) == (1600, 1200)


@pytest.fixture
def finder() -> Iterator[TextLines]:
    finder = TextLines(EngineSettings(threads=1))
    yield finder
    finder.close()


def test_plain_text_is_found_without_the_small_network(finder: TextLines, monkeypatch: pytest.MonkeyPatch) -> None:
    image = Image.new("RGB", (700, 500), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(24)
    for number in range(8):
        draw.text((60, 60 + 45 * number), "Ten green bottles hanging on the wall", fill="black", font=font)
    seen = _looks(monkeypatch)
    assert len(finder.find(np.asarray(image))) == 8
    assert set(seen) == {QUICK_WEIGHTS}


def test_what_the_tiny_network_misses_is_found(finder: TextLines, monkeypatch: pytest.MonkeyPatch) -> None:
    image = Image.new("RGB", (700, 900), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(24)
    for number in range(8):
        draw.text((60, 60 + 45 * number), "Ten green bottles hanging on the wall", fill="black", font=font)
    draw.text((300, 800), "accidentally fall", fill="black", font=font)
    seen = _looks(monkeypatch, blind_below=700)
    found = finder.find(np.asarray(image))
    assert len(found) == 9
    assert found[-1].box.top > 800
    assert seen[WEIGHTS] < seen[QUICK_WEIGHTS] / 2


def _looks(monkeypatch: pytest.MonkeyPatch, *, blind_below: int | None = None) -> dict[str, int]:
    """Pixels that each network is given from now on; the tiny one sees nothing below a row of what it is given."""
    pixels: dict[str, int] = {}
    run = Network.run

    def counted(self: Network, batch: Tensor) -> list[Tensor]:
        name = self.described.split()[0]
        pixels[name] = pixels.get(name, 0) + batch.shape[2] * batch.shape[3]
        (likely,) = run(self, batch)
        if name == QUICK_WEIGHTS and blind_below is not None:
            likely[:, :, blind_below * batch.shape[2] // 900 :] = 0
        return [likely]

    monkeypatch.setattr(Network, "run", counted)
    return pixels
