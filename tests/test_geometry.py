"""Rectangles, what stands on one height, and units of the page."""

import pytest

from octavo.geometry import Box, Rect, Size, on_one_height, union


def test_how_two_rectangles_lie_to_each_other() -> None:
    one, other = Rect(0, 0, 10, 10), Rect(15, 5, 25, 25)
    assert one.overlap_x(other) == -5
    assert one.overlap_y(other) == 5
    assert one.intersection(other) == 0
    assert union([one, other]) == Rect(0, 0, 25, 25)
    assert union([one, other]).holds(one)
    assert not one.holds(other)
    assert Rect(5, 5, 15, 10).covered_by(one) == 0.5


def test_rows_are_what_stands_on_one_height() -> None:
    left, right = Rect(0, 0, 10, 10), Rect(20, 2, 30, 12)
    below = Rect(0, 14, 10, 24)
    assert on_one_height([below, right, left], 5) == [[left, right], [below]]
    assert on_one_height([below, right, left], lambda first, other: 0.9 * first.height + other.width) == [
        [left, below, right]
    ]
    assert on_one_height([], 5) == []


def test_a_row_is_as_high_as_its_mean() -> None:
    stairs = [Rect(10 * n, 4 * n, 10 * n + 8, 4 * n + 10) for n in range(4)]
    assert [len(row) for row in on_one_height(stairs, 5)] == [2, 2]


@pytest.mark.parametrize("size", [Size(1000, 1000), Size(612, 792)])
def test_a_box_on_a_picture_and_back(size: Size) -> None:
    box = Box(100, 200, 300, 250)
    there = box.on(size)
    assert there.left == pytest.approx(size.width / 10)
    back = Box.of(there, size)
    assert (back.left, back.top, back.right, back.bottom) == pytest.approx((100, 200, 300, 250))


def test_what_is_found_on_a_cut_lies_on_the_page() -> None:
    cut = Box(500, 0, 1000, 500)
    assert cut.part(Box.of_page()) == cut
    assert cut.part(Box(0, 0, 500, 500)) == Box(500, 0, 750, 250)
    assert cut.point(1000, 1000) == (1000, 500)


def test_a_box_beyond_the_page_is_cut_off() -> None:
    assert Box(-5, 10, 1200, 1001).clamped() == Box(0, 10, 1000, 1000)
    assert Box(20, 20, 10, 10).area == 0
