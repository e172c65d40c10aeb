"""Other pictures of the same crop."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo.document import Pixels, Task
from octavo.geometry import PixelBudget
from octavo.glm_ocr.halves import framed, halves, is_inked
from octavo.glm_ocr.model import budget


def page(lines: list[int], *, gap: int = 10, width: int = 600, paper: int = 255) -> Pixels:
    """Lines of text of the given heights, `gap` blank rows apart; each is a row of bars, like letters."""
    rows = [np.full((gap, width), paper, np.uint8)]
    for height in lines:
        line = np.full((height, width), paper, np.uint8)
        line[:, 20 : width - 20 : 8] = 255 - paper
        rows += [line, np.full((gap, width), paper, np.uint8)]
    return np.repeat(np.concatenate(rows)[:, :, None], 3, axis=2)


def test_paper_is_not_inked_and_text_is_on_any_paper() -> None:
    noise = np.random.default_rng(0).normal(245, 6, (200, 300, 3)).clip(0, 255).astype(np.uint8)
    assert not is_inked(noise)
    assert is_inked(page([20]))
    assert is_inked(page([20], paper=10))
    speckled = np.full((200, 300, 3), 255, np.uint8)
    speckled[::20, ::20] = 0
    assert not is_inked(speckled)
    dot = np.full((40, 40, 3), 255, np.uint8)
    cv2.putText(dot, "1", (10, 30), 0, 0.6, (60, 60, 60), 2)
    assert is_inked(dot)


@settings(deadline=None)
@given(st.lists(st.integers(8, 40), min_size=3, max_size=20), st.integers(4, 20))
def test_a_cut_never_goes_through_a_line(lines: list[int], gap: int) -> None:
    pixels = page(lines, gap=gap)
    cut = halves(pixels, Task.TEXT)
    if cut is not None and cut.joint == "\n":
        assert np.concatenate([cut.first, cut.second]).shape == pixels.shape
        assert (cut.first[-1] == 255).all()
        assert (cut.second[0] == 255).all()


def test_a_paragraph_is_cut_near_its_middle() -> None:
    cut = halves(page([20] * 9), Task.TEXT)
    assert cut is not None
    assert 0.35 < cut.first.shape[0] / (cut.first.shape[0] + cut.second.shape[0]) < 0.65


def test_one_line_is_cut_between_words() -> None:
    line = np.full((40, 900, 3), 255, np.uint8)
    cv2.putText(line, "seven words stand here in one line", (10, 28), 0, 1.0, (0, 0, 0), 2)
    cut = halves(line, Task.TEXT)
    assert cut is not None
    assert cut.joint == " "
    assert (cut.first[:, -1] == 255).all()


def test_a_ruled_table_is_cut_between_rows() -> None:
    table = page([20] * 8, gap=12)
    table[:, 10:12] = table[:, 588:590] = 0
    table[::32] = 0  # a rule between any two rows, and the frame's sides through all of them
    cut = halves(table, Task.TABLE)
    assert cut is not None
    assert (cut.second[0, 20:580:8] == cut.second[0, 24:580:8]).all()  # no bar of a letter is cut


@pytest.mark.parametrize("task", [Task.TEXT, Task.TABLE])
def test_what_has_no_gap_is_not_cut(task: Task) -> None:
    photo = np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    assert halves(photo, task) is None


@settings(deadline=None)
@given(st.integers(1, 900), st.integers(1, 900), st.floats(0.3, 2.5))
@pytest.mark.slow
def test_frames_keep_within_the_budget_and_stretch_nothing(width: int, height: int, scale: float) -> None:
    small = PixelBudget(min_pixels=6272, max_pixels=200_000, multiple=28, max_aspect=20)
    pixels = np.full((height, width, 3), 200, np.uint8)
    made = framed(pixels, small, scale=scale)
    tall, wide = made.shape[:2]
    assert tall % 28 == wide % 28 == 0
    assert tall * wide >= small.min_pixels
    assert max(tall, wide) <= small.max_aspect * min(tall, wide)
    assert (made == 200).all()


def test_what_fits_stays_as_it_is() -> None:
    pixels = np.full((56, 280, 3), 255, np.uint8)
    assert framed(pixels, budget()) is pixels
